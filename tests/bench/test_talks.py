"""The callers and the model of the gateway's measures tell the truth about what they saw."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.talks.__main__ import lateness
from bench.talks.wire import SILENCE, client_frames, frame, unmask


def masked(opcode: int, payload: bytes, mask: bytes) -> bytes:
    plain = frame(opcode, payload)
    head = plain[: len(plain) - len(payload)]
    hidden = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
    return bytes((head[0], head[1] | 0x80)) + head[2:] + mask + hidden


@given(
    st.lists(st.tuples(st.sampled_from([1, 8, 9]), st.binary(max_size=400)), max_size=5),
    st.binary(min_size=4, max_size=4),
    st.integers(min_value=0, max_value=500),
)
def test_a_clients_frames_are_read_whole_wherever_the_stream_is_cut(
    sent: list[tuple[int, bytes]], mask: bytes, cut: int
) -> None:
    stream = b"".join(masked(opcode, payload, mask) for opcode, payload in sent)
    buffer, read = bytearray(), []
    for piece in (stream[:cut], stream[cut:]):
        buffer += piece
        end = 0
        for opcode, begin, end in client_frames(buffer):
            read.append((opcode, unmask(buffer, begin, end)))
        del buffer[:end]
    assert read == sent


def test_a_large_frame_is_read() -> None:
    buffer = bytearray(masked(1, b"x" * 70_000, b"abcd"))
    assert [unmask(buffer, begin, end) for _, begin, end in client_frames(buffer)] == [b"x" * 70_000]


def test_a_frame_that_comes_late_is_late_and_the_others_are_not() -> None:
    arrivals = np.arange(500) * 0.020
    arrivals[300] += 0.015
    late = lateness(arrivals, 0.0, 100.0)
    assert late[300] == pytest.approx(0.015)
    assert np.delete(late, 300).max() < 1e-9


def test_only_frames_of_the_window_count() -> None:
    assert len(lateness(np.arange(500) * 0.020, 2.0, 4.0 - 1e-9)) == 100


def test_silence_is_a_frame_of_20_ms() -> None:
    assert (SILENCE[0], len(SILENCE)) == (0x10, 3 + 320)
