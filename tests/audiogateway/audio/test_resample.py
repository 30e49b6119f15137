import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiogateway.audio.resample import LAG_SAMPLES, Downsampler

FRAME_BYTES = 960


def tone(frequency_hz: float, seconds: float = 1.0, level: int = 8000) -> bytes:
    moments = np.arange(round(seconds * 24_000)) / 24_000
    return np.round(level * np.sin(2 * np.pi * frequency_hz * moments)).astype("<i2").tobytes()


def in_frames(sound: bytes, size: int = FRAME_BYTES) -> bytes:
    downsampler = Downsampler()
    return b"".join(downsampler.feed(sound[at : at + size]) for at in range(0, len(sound), size))


def samples(sound: bytes) -> npt.NDArray[np.int16]:
    return np.frombuffer(sound, "<i2")


def test_every_frame_gives_a_frame_at_once() -> None:
    downsampler = Downsampler()
    assert [len(downsampler.feed(bytes(FRAME_BYTES))) for _ in range(100)] == [320] * 100


@pytest.mark.parametrize("frequency_hz", [200, 1000, 3000])
def test_a_tone_of_the_telephone_keeps_pitch_level_and_place(frequency_hz: int) -> None:
    heard = samples(in_frames(tone(frequency_hz)))[LAG_SAMPLES + 100 : -100].astype(float)
    moments = (np.arange(len(heard)) + 100) / 8000
    expected = 8000 * np.sin(2 * np.pi * frequency_hz * moments)
    assert np.abs(heard - expected).max() < 500


@pytest.mark.parametrize("frequency_hz", [5000, 7000, 11_000])
def test_a_tone_that_the_telephone_has_not_does_not_come_back_as_another(frequency_hz: int) -> None:
    heard = samples(in_frames(tone(frequency_hz)))[200:-200].astype(float)
    assert np.abs(heard).max() < 40


def test_full_scale_does_not_overflow() -> None:
    square = np.where(np.arange(24_000) // 60 % 2, 32_767, -32_768).astype("<i2").tobytes()
    heard = samples(in_frames(square)).astype(int)
    assert np.abs(np.diff(heard)).max() < 60_000
    assert np.abs(heard).max() >= 32_767


@settings(max_examples=30)
@given(st.lists(st.integers(0, 1500), min_size=1, max_size=20))
def test_how_the_stream_is_cut_changes_nothing(sizes: list[int]) -> None:
    sound = tone(440, 0.2)
    downsampler, cut, at = Downsampler(), b"", 0
    for size in [*sizes, len(sound)]:
        cut += downsampler.feed(sound[at : at + 2 * size])
        at += 2 * size
    whole = in_frames(sound, len(sound))
    assert len(cut) == len(whole) == len(sound) // 3
    assert np.abs(samples(cut).astype(int) - samples(whole)).max() <= 1
