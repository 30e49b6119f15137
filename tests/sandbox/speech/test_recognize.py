"""Recognition has only the sound to go by: each test sends it through a telephone line first."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.speech import g711
from sandbox.speech.phrases import GOODBYE, callee_phrases
from sandbox.speech.recognize import Recognizer
from sandbox.speech.voice import Voice, sentences, synthesize

PHRASES = callee_phrases()
RECOGNIZER = Recognizer(PHRASES)
FRAME = 160


def line(
    pcm: bytes, *, gain: float = 1.0, noise: float = 0.0, before_ms: float = 0, after_ms: float = 0, seed: int = 0
) -> bytes:
    """What arrives of a sound: silence around it, another level, noise, mu-law."""
    samples = np.frombuffer(pcm, "<i2") * gain
    samples = np.pad(samples, (int(before_ms * 8), int(after_ms * 8)))
    samples = samples + np.random.default_rng(seed).normal(0, noise, len(samples))
    return g711.decode(g711.encode(samples.clip(-32768, 32767).astype("<i2").tobytes()))


@pytest.mark.parametrize("phrase", PHRASES)
@settings(max_examples=12, deadline=None)
@given(
    gain=st.floats(0.5, 2.0),
    noise=st.floats(0, 150),
    before_ms=st.floats(0, 600),
    after_ms=st.floats(0, 900),
    seed=st.integers(0, 1000),
)
def test_every_phrase_is_understood_through_a_telephone_line(
    phrase: str, gain: float, noise: float, before_ms: float, after_ms: float, seed: int
) -> None:
    sound = line(synthesize(phrase), gain=gain, noise=noise, before_ms=before_ms, after_ms=after_ms, seed=seed)
    heard = RECOGNIZER.recognize(sound)
    assert heard is not None
    assert (heard.text, heard.complete) == (phrase, True)


@pytest.mark.parametrize("phrase", [phrase for phrase in PHRASES if len(phrase) > 20])
@pytest.mark.parametrize("share", [0.4, 0.6, 0.8])
def test_a_phrase_that_was_cut_off_yields_its_first_words(phrase: str, share: float) -> None:
    sound = synthesize(phrase)
    heard = RECOGNIZER.recognize(line(sound[: int(len(sound) * share) // 2 * 2], noise=50, after_ms=600))
    assert heard is not None
    assert phrase.startswith(heard.text)
    assert len(heard.text) / len(phrase) == pytest.approx(share, abs=0.25)
    # Complete is what ends with a sentence, and then the cut fell into the pause after it.
    assert not heard.complete or heard.text in (phrase, sentences(phrase)[0])


@pytest.mark.parametrize("phrase", PHRASES)
def test_lost_and_inserted_frames_do_not_matter(phrase: str) -> None:
    samples = np.frombuffer(synthesize(phrase), "<i2")
    middle = len(samples) // 2
    shorter = np.concatenate([samples[:middle], samples[middle + FRAME :]])
    longer = np.insert(samples, middle, np.zeros(2 * FRAME, "<i2"))
    for damaged in (shorter, longer):
        heard = RECOGNIZER.recognize(line(damaged.astype("<i2").tobytes(), noise=30))
        assert heard is not None
        assert heard.text == phrase


def test_a_swallowed_beginning_does_not_matter() -> None:
    for phrase in (phrase for phrase in PHRASES if " " in phrase):  # of a single murmur too little would be left
        heard = RECOGNIZER.recognize(line(synthesize(phrase)[2400:]))
        assert heard is not None
        assert heard.text == phrase


def test_two_phrases_in_one_utterance_are_both_understood() -> None:
    both = line(synthesize(PHRASES[1]) + bytes(5000) + synthesize(PHRASES[2]), noise=50)
    heard = RECOGNIZER.recognize(both)
    assert heard is not None
    assert heard.text == f"{PHRASES[1]} {PHRASES[2]}"


@pytest.mark.parametrize(
    "pcm",
    [
        b"",
        bytes(100),
        bytes(32000),
        np.random.default_rng(1).normal(0, 3000, 16000).astype("<i2").tobytes(),
        (9000 * np.sin(np.arange(16000) * 0.7)).astype("<i2").tobytes(),
        synthesize("The weather was fine all week, and nobody wanted to stay at home."),
        synthesize("Would you like to keep your appointment on Friday at ten?", voice="agent"),
        synthesize("Hello?", voice="agent"),
    ],
    ids=["nothing", "short", "silence", "noise", "tone", "other-words", "other-voice", "same-words-other-voice"],
)
def test_an_unknown_sound_is_not_understood(pcm: bytes) -> None:
    assert RECOGNIZER.recognize(line(pcm)) is None


@pytest.mark.parametrize(
    ("text", "who", "expected"),
    [
        ("Thank you very much for your time. Goodbye.", "agent", True),
        ("Goodbye.", "agent", True),
        ("Goodbye. Are you still there?", "agent", False),
        ("Do you want to keep it?", "agent", False),
        ("Goodbye.", "callee", False),
    ],
)
def test_an_utterance_is_known_by_its_last_sentence(text: str, who: Voice, expected: bool) -> None:
    ear = Recognizer([GOODBYE], voice="agent")
    sound = line(synthesize(text, voice=who), noise=50, before_ms=200, after_ms=660)
    assert (ear.ends_with(sound) is not None) is expected


def test_an_empty_catalogue_understands_nothing() -> None:
    assert Recognizer([]).recognize(synthesize("Hello?")) is None
