"""Beeps and fax tones are heard; nothing else that is heard on a telephone line is taken for one."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiogateway.callee.tones import PROGRESS_HZ, Tone, ToneEar
from sandbox.personas import all_phrases
from sandbox.speech.voice import synthesize
from tests.audiogateway.callee.sounds import faded, line, noise, silence, tone, voiced

KEYS = [(low, high) for low in (697, 770, 852, 941) for high in (1209, 1336, 1477, 1633)]
MELODY = (523, 587, 659, 698, 784, 880, 988, 1047)


def heard(sound: bytes, *, piece: int = 320) -> list[Tone]:
    ear = ToneEar()
    tones = [ear.hear(sound[at : at + piece]) for at in range(0, len(sound), piece)]
    return [tone for tone in tones if tone is not None]


@given(
    hz=st.floats(360, 2060).filter(lambda hz: not PROGRESS_HZ[0] - 15 <= hz <= PROGRESS_HZ[1] + 15),
    ms=st.integers(160, 1180),
    level=st.floats(700, 12_000),
    begins_ms=st.integers(0, 40),
    quieter_db=st.floats(30, 60),
)
def test_a_beep_of_any_pitch_length_and_level_is_heard_once(
    hz: float, ms: int, level: float, begins_ms: int, quieter_db: float
) -> None:
    beep = tone(hz, ms, level=level)
    background = noise(begins_ms + ms + 500, level=level / 10 ** (quieter_db / 20))
    sound = np.concatenate([silence(begins_ms), beep, silence(500)]) + background
    assert heard(line(sound)) == [Tone.BEEP]


def test_a_beep_is_known_within_a_third_of_a_second_of_its_end() -> None:
    sound = line(tone(1000, 400), silence(320))
    assert heard(sound) == [Tone.BEEP]


def test_a_beep_right_after_words_is_heard_and_one_that_fades_too() -> None:
    words = np.frombuffer(synthesize("Please leave a message after the tone."), "<i2").astype(float)
    assert heard(line(words, faded(tone(1400, 500), 60), silence(400))) == [Tone.BEEP]


@pytest.mark.parametrize("piece", [2, 160, 322, 640, 4096])
def test_sound_may_come_in_pieces_of_any_size(piece: int) -> None:
    assert heard(line(silence(100), tone(1000, 400), silence(400)), piece=piece) == [Tone.BEEP]


@pytest.mark.parametrize("phrase", all_phrases())
def test_no_word_of_a_callee_is_a_beep(phrase: str) -> None:
    assert heard(synthesize(phrase) + bytes(8000)) == []


def test_no_word_of_the_agents_voice_is_a_beep() -> None:
    texts = ("Hello, this is an AI assistant calling on behalf of Miller Dental.", "Mmm, one moment. Oooh, I see.")
    assert [heard(synthesize(text, voice="agent") + bytes(8000)) for text in texts] == [[], []]


@pytest.mark.parametrize("pitch_hz", [110, 180, 233, 350, 440])
def test_a_hummed_or_sung_vowel_is_no_beep(pitch_hz: float) -> None:
    assert heard(line(voiced(500, pitch_hz=pitch_hz, level=3000), silence(500))) == []


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("high_louder", [0.6, 1.0, 1.6])
def test_no_telephone_key_is_a_beep(key: tuple[int, int], high_louder: float) -> None:
    assert heard(line(tone(key[0], 300) + high_louder * tone(key[1], 300), silence(400))) == []


def cadence(hz: float | Sequence[float], on_ms: int, off_ms: int) -> bytes:
    return line(*[part for _ in range(4) for part in (tone(hz, on_ms, level=3000), silence(off_ms))])


@pytest.mark.parametrize(
    ("hz", "on_ms", "off_ms"),
    [
        ((440, 480), 2000, 4000),  # ringing: North America
        (425, 1000, 4000),  # Germany and most of Europe
        ((400, 450), 400, 200),  # United Kingdom
        ((480, 620), 500, 500),  # busy: North America
        (425, 480, 480),
        (440, 500, 500),
        (400, 375, 375),
        ((480, 620), 250, 250),  # congestion: North America
        (425, 240, 240),
        ((350, 440), 1000, 0),  # dial tone
    ],
)
def test_no_call_progress_tone_is_a_beep(hz: float | Sequence[float], on_ms: int, off_ms: int) -> None:
    assert heard(cadence(hz, on_ms, off_ms)) == []


def test_the_three_tones_before_a_network_announcement_are_no_beep() -> None:
    assert heard(line(tone(950, 330), tone(1400, 330), tone(1800, 330), silence(1000))) == []


@pytest.mark.parametrize("note_ms", [150, 300, 600])
@pytest.mark.parametrize("gap_ms", [0, 40, 120])
def test_a_melody_is_no_beep_even_of_pure_tones(note_ms: int, gap_ms: int) -> None:
    notes = [part for hz in MELODY for part in (tone(hz, note_ms), silence(gap_ms))]
    assert heard(line(*notes, silence(600))) == []


def test_music_of_several_voices_is_no_beep() -> None:
    chords = [voiced(400, pitch_hz=hz) + voiced(400, pitch_hz=hz * 1.26) for hz in (262, 294, 330, 262)]
    assert heard(line(*chords, silence(500))) == []


@pytest.mark.parametrize("ms", [60, 100, 1400, 5000])
def test_a_click_and_a_long_tone_are_no_beep(ms: int) -> None:
    assert heard(line(tone(1000, ms), silence(500))) == []


def test_a_tone_that_is_spoken_over_or_spoken_after_is_no_beep() -> None:
    assert heard(line(tone(1000, 400), voiced(400, pitch_hz=120), silence(500))) == []


@given(st.binary(max_size=4000))
def test_no_bytes_break_it(sound: bytes) -> None:
    heard(sound, piece=333)


@pytest.mark.parametrize("level", [1000, 8000])
def test_a_fax_machine_is_known_after_a_second_of_its_answer(level: float) -> None:
    assert heard(line(silence(200), tone(2100, 1100, level=level))) == [Tone.FAX]
    assert heard(line(silence(200), tone(2100, 3000, level=level), silence(500))) == [Tone.FAX]


def test_the_answer_of_a_modern_fax_with_its_phase_reversals_is_known_too() -> None:
    bursts = [sign * tone(2100, 450) for sign in (1, -1, 1, -1, 1)]
    wobble = 1 + 0.2 * np.sin(2 * np.pi * 15 * np.arange(5 * 3600) / 8000)
    assert heard(line(np.concatenate(bursts) * wobble)) == [Tone.FAX]


def test_a_fax_that_calls_is_known_by_its_second_tone_and_the_first_is_as_good_as_a_beep() -> None:
    assert heard(line(tone(1100, 500), silence(3000), tone(1100, 500), silence(400))) == [Tone.BEEP, Tone.FAX]
