import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.speech.resample import Samples, StreamResampler, resample


def tone(hz: float, rate: int, seconds: float = 0.5) -> Samples:
    return np.sin(2 * np.pi * hz * np.arange(int(rate * seconds)) / rate).astype(np.float32)


@pytest.mark.parametrize("rate", [8000, 16000, 20000])
def test_a_tone_keeps_pitch_level_and_time(rate: int) -> None:
    converted = resample(tone(440, 24000), rate, 24000)
    assert np.abs(converted - tone(440, rate))[100:-100].max() < 1e-3


def test_what_the_lower_rate_cannot_carry_is_gone() -> None:
    assert np.abs(resample(tone(5000, 24000), 8000, 24000))[100:-100].max() < 1e-3


@given(st.lists(st.integers(0, 700), min_size=1, max_size=20))
def test_a_sound_in_pieces_gives_the_same_as_the_whole(sizes: list[int]) -> None:
    sound = tone(700, 24000, sum(sizes) / 24000 + 0.01)
    stream = StreamResampler(1, 3)
    pieces = [stream.feed(piece) for piece in np.split(sound, np.cumsum(sizes))]
    assert np.allclose(np.concatenate([*pieces, stream.flush()]), resample(sound, 1, 3), atol=1e-5)


def test_the_same_rate_changes_nothing() -> None:
    sound = tone(440, 8000)
    assert resample(sound, 8000, 8000) is sound
