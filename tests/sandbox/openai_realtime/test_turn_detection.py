"""Turn detection on tones and silence: where speech begins and ends."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sandbox.openai.realtime.audio import Samples
from sandbox.openai.realtime.turn_detection import SpeechEdge, TurnDetector


def tone(milliseconds: int, dbfs: float = -20.0) -> Samples:
    at = np.arange(milliseconds * 8) / 8000
    return (np.sin(2 * np.pi * 440 * at) * 2**0.5 * 32767 * 10 ** (dbfs / 20)).clip(-32767, 32767).astype(np.int16)


def silence(milliseconds: int) -> Samples:
    return np.zeros(milliseconds * 8, np.int16)


def edges(audio: Samples, chunk: int = 160, threshold: float = 0.5, silence_ms: int = 500) -> list[SpeechEdge]:
    detector = TurnDetector(threshold=threshold, silence_ms=silence_ms)
    return [edge for start in range(0, len(audio), chunk) for edge in detector.feed(audio[start : start + chunk])]


def test_speech_begins_with_its_sound_and_ends_after_the_silence() -> None:
    audio = np.concatenate([silence(400), tone(600), silence(1000)])
    assert edges(audio) == [SpeechEdge(True, 400 * 8), SpeechEdge(False, 1500 * 8)]


def test_a_shorter_silence_ends_it_sooner() -> None:
    audio = np.concatenate([tone(600), silence(1000)])
    assert edges(audio, silence_ms=200) == [SpeechEdge(True, 0), SpeechEdge(False, 800 * 8)]


def test_a_pause_shorter_than_the_silence_ends_nothing() -> None:
    audio = np.concatenate([tone(300), silence(400), tone(300), silence(400)])
    assert edges(audio) == [SpeechEdge(True, 0)]


def test_a_click_is_no_speech() -> None:
    assert edges(np.concatenate([silence(100), tone(20), silence(900)])) == []


def test_a_higher_threshold_needs_a_louder_voice() -> None:
    audio = np.concatenate([tone(300, dbfs=-40), silence(600)])
    assert edges(audio, threshold=0.5) != []
    assert edges(audio, threshold=0.8) == []


def test_line_noise_is_no_speech() -> None:
    noise = np.random.default_rng(7).normal(0, 30, 16000).astype(np.int16)
    assert edges(noise) == []


@given(st.lists(st.tuples(st.booleans(), st.integers(20, 900)), max_size=8), st.integers(1, 4000))
def test_chunks_do_not_matter_and_edges_alternate(parts: list[tuple[bool, int]], chunk: int) -> None:
    sounds = [tone(length) if loud else silence(length) for loud, length in parts]
    audio = np.concatenate([silence(0), *sounds])
    found = edges(audio, chunk)
    assert found == edges(audio, 160)
    assert [edge.started for edge in found] == [index % 2 == 0 for index in range(len(found))]
    assert [edge.sample for edge in found] == sorted(edge.sample for edge in found)
