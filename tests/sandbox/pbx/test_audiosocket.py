import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.pbx.audiosocket import (
    Audio,
    AudioSocketError,
    HangUpRequest,
    MessageReader,
    encode_audio,
    encode_digit,
    encode_id,
)

STREAM = b"\x10\x00\x04abcd" + b"\x13\x00\x02ef" + b"\x00\x00\x00" + b"\x10\x01\x40" + bytes(320)
MESSAGES = [Audio(8000, b"abcd"), Audio(24000, b"ef"), HangUpRequest(), Audio(8000, bytes(320))]


def read(*pieces: bytes) -> list[Audio | HangUpRequest]:
    reader = MessageReader()
    return [message for piece in pieces for message in reader.feed(piece)]


def test_the_first_message_is_the_uuid_in_network_order() -> None:
    call = uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")
    assert encode_id(call) == bytes.fromhex("01001000112233445566778899aabbccddeeff")


def test_audio_and_digits_carry_kind_and_length() -> None:
    assert encode_audio(bytes(320)) == b"\x10\x01\x40" + bytes(320)
    assert encode_digit("#") == b"\x03\x00\x01#"


@pytest.mark.parametrize("at", range(len(STREAM) + 1))
def test_a_stream_may_be_split_anywhere(at: int) -> None:
    assert read(STREAM[:at], STREAM[at:]) == MESSAGES


@pytest.mark.parametrize("kind", [0x01, 0x03, 0x0F, 0x19, 0x48, 0xFF])
def test_a_kind_that_asterisk_does_not_accept_is_an_error(kind: int) -> None:
    with pytest.raises(AudioSocketError, match=f"0x{kind:02x}"):
        read(bytes([kind, 0, 1, 0]))


def test_audio_without_audio_is_an_error() -> None:
    with pytest.raises(AudioSocketError):
        read(b"\x10\x00\x00")


def test_what_came_before_an_error_is_still_delivered() -> None:
    reader = MessageReader()
    messages = reader.feed(b"\x10\x00\x02ab\xff\x00\x00")
    assert next(messages) == Audio(8000, b"ab")
    with pytest.raises(AudioSocketError):
        next(messages)


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=6))
def test_any_bytes_give_messages_or_an_error_and_nothing_else(data: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(data)]
    reader = MessageReader()
    try:
        for begin, end in zip(edges, edges[1:], strict=False):
            for message in reader.feed(data[begin:end]):
                assert isinstance(message, Audio | HangUpRequest)
    except AudioSocketError:
        pass
    assert len(reader._buffer) <= 3 + 65535
