import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from audiogateway.audio.g711 import SILENCE, linear_to_ulaw, ulaw_to_linear

ALL_CODES = bytes(range(256))
NEGATIVE_ZERO = 0x7F


def words(*samples: int) -> bytes:
    return np.array(samples, "<i2").tobytes()


def test_known_values_of_the_recommendation() -> None:
    assert ulaw_to_linear(bytes([0x00, 0x0F, 0x80, 0xF0, 0xFE, 0xFF])) == words(-32124, -16764, 32124, 120, 8, 0)


def test_every_code_comes_back_from_its_own_value() -> None:
    codes = bytes(code for code in ALL_CODES if code != NEGATIVE_ZERO)
    assert linear_to_ulaw(ulaw_to_linear(codes)) == codes


def test_negative_zero_becomes_zero() -> None:
    assert linear_to_ulaw(ulaw_to_linear(bytes([NEGATIVE_ZERO]))) == bytes([SILENCE])


def test_silence_is_zero() -> None:
    assert linear_to_ulaw(bytes(320)) == bytes([SILENCE]) * 160


@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=200))
def test_the_nearest_of_two_neighbouring_codes_is_never_missed_by_more_than_a_step(samples: list[int]) -> None:
    there_and_back = np.frombuffer(ulaw_to_linear(linear_to_ulaw(words(*samples))), "<i2").astype(int)
    error = np.abs(there_and_back - np.array(samples))
    assert (error <= np.maximum(np.abs(samples) / 16, 8) + 1).all()


def test_half_a_sample_at_the_end_is_left_out() -> None:
    assert linear_to_ulaw(words(0, 0) + b"\x01") == bytes([SILENCE]) * 2
