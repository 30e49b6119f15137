import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.speech import g711


@pytest.mark.parametrize(
    ("sample", "code"),
    # From the tables of ITU-T G.711: the largest values, the ends of segments, and both zeros.
    [
        (32124, 0x80),
        (-32124, 0x00),
        (0, 0xFF),
        (8, 0xFE),
        (-8, 0x7E),
        (120, 0xF0),
        (132, 0xEF),
        (15996, 0x90),
        (16764, 0x8F),
    ],
)
def test_a_quantised_value_has_the_code_of_the_standard(sample: int, code: int) -> None:
    assert g711.encode(struct.pack("<h", sample)) == bytes([code])
    assert g711.decode(bytes([code])) == struct.pack("<h", sample)


def test_silence_stays_silence() -> None:
    assert g711.encode(bytes(320)) == bytes([g711.SILENCE_BYTE]) * 160
    assert g711.decode(bytes([g711.SILENCE_BYTE]) * 160) == bytes(320)


def test_every_code_survives_the_way_there_and_back() -> None:
    codes = bytes(code for code in range(256) if code != 0x7F)  # the second code of zero
    assert g711.encode(g711.decode(codes)) == codes


@given(st.integers(-32768, 32767))
def test_the_error_is_within_half_a_step(sample: int) -> None:
    (decoded,) = struct.unpack("<h", g711.decode(g711.encode(struct.pack("<h", sample))))
    assert abs(decoded - sample) <= max(8, abs(sample) // 16 + 8, abs(sample) - 32124)


def test_half_a_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="buffer size"):
        g711.encode(b"\0\0\0")
