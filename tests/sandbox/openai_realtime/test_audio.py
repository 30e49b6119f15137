"""The audio formats."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.openai.realtime.audio import AudioFormat, Decimator, Ear
from tests.sandbox.openai_realtime.test_turn_detection import tone

TELEPHONE: list[Literal["audio/pcmu", "audio/pcma"]] = ["audio/pcmu", "audio/pcma"]


@pytest.mark.parametrize("name", TELEPHONE)
def test_a_telephone_code_survives_a_round_trip(name: Literal["audio/pcmu", "audio/pcma"]) -> None:
    codes = bytes(range(256))
    audio_format = AudioFormat(name)
    again = audio_format.encode_ear(Ear(audio_format).hear(codes))
    decoded = Ear(audio_format).hear(codes)
    assert np.array_equal(Ear(audio_format).hear(again), decoded)


@pytest.mark.parametrize("name", TELEPHONE)
@given(sample=st.integers(-32124, 32124))
def test_a_sample_comes_back_within_its_step(name: Literal["audio/pcmu", "audio/pcma"], sample: int) -> None:
    audio_format = AudioFormat(name)
    heard = Ear(audio_format).hear(audio_format.encode_ear(np.array([sample], np.int16)))
    assert abs(int(heard[0]) - sample) <= max(12, abs(sample) // 16)


def test_a_law_of_the_standard() -> None:
    """Values of G.711: the code of zero is D5, the largest positive code AA."""
    ear = Ear(AudioFormat("audio/pcma"))
    assert list(ear.hear(bytes([0xD5, 0x55, 0xAA, 0x2A]))) == [8, -8, 32256, -32256]


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=8))
def test_decimation_does_not_depend_on_the_blocks(lengths: list[int]) -> None:
    audio = np.random.default_rng(1).integers(-9000, 9000, sum(lengths)).astype(np.int16)
    blocks = Decimator()
    parts = [blocks.feed(part) for part in np.split(audio, np.cumsum(lengths)[:-1])]
    assert np.array_equal(np.concatenate(parts), Decimator().feed(audio))


def test_decimation_keeps_a_voice_and_drops_what_is_above_it() -> None:
    at = np.arange(24000) / 24000
    low = (8000 * np.sin(2 * np.pi * 440 * at)).astype(np.int16)
    high = (8000 * np.sin(2 * np.pi * 7000 * at)).astype(np.int16)
    assert np.abs(Decimator().feed(low)[100:]).max() > 7600
    assert np.abs(Decimator().feed(high)[100:]).max() < 400


def test_bytes_and_milliseconds_agree() -> None:
    for name, size in (("audio/pcm", 48), ("audio/pcmu", 8)):
        audio_format = AudioFormat(name)  # type: ignore[arg-type]
        assert audio_format.bytes_of_ms(200) == 200 * size
        assert audio_format.ms_of_bytes(200 * size) == 200


def test_a_tone_is_the_same_in_every_format() -> None:
    heard = {name: Ear(AudioFormat(name)).hear(AudioFormat(name).encode_ear(tone(100))) for name in TELEPHONE}
    assert np.abs(heard["audio/pcmu"].astype(int) - heard["audio/pcma"]).max() < 500
