"""Real voices in the formats that servers send."""

import random

import numpy as np
import pytest

from audiogateway.line_format import NARROW_BAND, WIDE_BAND
from audiogateway.sound_check import ENOUGH_BYTES, WINDOWS, SoundCheck
from sandbox.speech import g711
from sandbox.speech.voice import Voice, synthesize

SENTENCES = [
    "Hello, this is an AI assistant calling on behalf of Miller Dental.",
    "I am sorry, I did not understand that. Could you say it again, please?",
    "Of course, I will wait.",
]


def check(sound: bytes, piece: int = 1000) -> SoundCheck:
    checked = SoundCheck()
    for at in range(0, len(sound), piece):
        checked.add(sound[at : at + piece])
    return checked


def softly(pcm: bytes) -> bytes:
    return (np.frombuffer(pcm, "<i2") // 10).astype("<i2").tobytes()


@pytest.mark.parametrize("text", SENTENCES)
@pytest.mark.parametrize("voice", ["agent", "callee"])
def test_a_voice_in_either_format_is_recognized(text: str, voice: Voice) -> None:
    wide, narrow = synthesize(text, rate=24_000, voice=voice), synthesize(text, rate=8000, voice=voice)
    assert check(wide).found is check(softly(wide)).found is WIDE_BAND
    assert check(g711.encode(narrow)).found is check(g711.encode(softly(narrow))).found is NARROW_BAND


def test_silence_before_the_voice_does_not_count() -> None:
    silent = check(bytes(2 * ENOUGH_BYTES))
    assert not silent.is_done
    silent.add(synthesize(SENTENCES[0], rate=24_000, voice="agent"))
    assert silent.found is WIDE_BAND


@pytest.mark.parametrize("sigma", [0.6, 3, 10, 30, 60])
def test_the_noise_before_a_voice_does_not_count(sigma: float) -> None:
    noise = np.random.default_rng(2).normal(0, sigma, 24_000 * 3 // 10).astype("<i2").tobytes()
    assert check(noise + synthesize(SENTENCES[0], rate=24_000, voice="agent"), 4800).found is WIDE_BAND


@pytest.mark.parametrize("hiss_ms", [170, 400, 600])
def test_a_first_word_that_begins_with_a_long_hiss_is_a_voice_all_the_same(hiss_ms: int) -> None:
    noise = np.random.default_rng(3).normal(0, 2000, 24 * hiss_ms)
    hiss = np.diff(noise, prepend=0.0).astype("<i2").tobytes()  # as "s" is: its sound lies in the high tones
    for piece in (1000, 4800, 48_000):
        assert check(hiss + synthesize(SENTENCES[0], rate=24_000, voice="agent"), piece).found is WIDE_BAND


def test_too_little_is_no_ground_for_a_judgement() -> None:
    assert not check(synthesize(SENTENCES[0], rate=24_000, voice="agent")[: ENOUGH_BYTES // 2]).is_done


def test_what_is_no_voice_in_any_format_is_unknown() -> None:
    noise = random.Random(5).randbytes(2 * ENOUGH_BYTES)
    swapped = np.frombuffer(synthesize(SENTENCES[0], rate=24_000, voice="agent"), "<i2").byteswap()
    for sound in (noise, np.random.default_rng(1).normal(0, 3000, WINDOWS * ENOUGH_BYTES // 2).astype("<i2").tobytes()):
        checked = check(sound)
        assert (checked.is_done, checked.found) == (True, None)
    assert check(swapped.tobytes()).is_done
