from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiogateway.audiosocket.codec import (
    HANGUP_MESSAGE,
    HEADER_BYTES,
    MAX_AUDIO_BYTES,
    Audio,
    CallId,
    Decoder,
    Digit,
    Garbage,
    Hangup,
    Kind,
    Message,
    PeerError,
    encode_audio,
    encode_call_id,
    encode_digit,
)

ID = UUID("40325ec2-5efd-4bd3-805f-53576e581d13")
FRAME = bytes(range(256)) + bytes(64)

VECTORS: list[tuple[bytes, Message]] = [
    (bytes.fromhex("01001040325ec25efd4bd3805f53576e581d13"), CallId(ID)),
    (bytes.fromhex("100140") + FRAME, Audio(Kind.SLIN_8K, FRAME)),
    (bytes.fromhex("1303c0") + bytes(960), Audio(Kind.SLIN_24K, bytes(960))),
    (bytes.fromhex("03000135"), Digit("5")),
    (bytes.fromhex("03000161"), Digit("A")),
    (bytes.fromhex("000000"), Hangup()),
    (bytes.fromhex("ff000104"), PeerError(4)),
    (bytes.fromhex("ff0000"), PeerError(0)),
]
STREAM = b"".join(wire for wire, _ in VECTORS)
MESSAGES = [message for _, message in VECTORS]


def feed_in_parts(parts: list[bytes]) -> list[Message]:
    decoder = Decoder()
    return [message for part in parts for message in decoder.feed(part)]


@pytest.mark.parametrize(("wire", "message"), VECTORS)
def test_a_message_is_read(wire: bytes, message: Message) -> None:
    assert Decoder().feed(wire) == [message]


def test_a_stream_may_be_split_at_every_byte() -> None:
    for cut in range(1, len(STREAM)):
        assert feed_in_parts([STREAM[:cut], STREAM[cut:]]) == MESSAGES, f"split after byte {cut}"


def test_a_stream_may_come_byte_by_byte() -> None:
    assert feed_in_parts([STREAM[i : i + 1] for i in range(len(STREAM))]) == MESSAGES


@given(st.lists(st.sampled_from(VECTORS), max_size=8), st.data())
def test_messages_in_any_order_survive_any_split(vectors: list[tuple[bytes, Message]], data: st.DataObject) -> None:
    wire = b"".join(part for part, _ in vectors)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(wire)), max_size=6)))
    parts = [wire[a:b] for a, b in zip([0, *cuts], [*cuts, len(wire)], strict=True)]
    assert feed_in_parts(parts) == [message for _, message in vectors]


@given(st.lists(st.binary(max_size=400), max_size=20))
def test_random_bytes_never_raise_and_never_exceed_the_limit(parts: list[bytes]) -> None:
    decoder = Decoder()
    for part in parts:
        decoder.feed(part)
        assert decoder.buffered_bytes < HEADER_BYTES + MAX_AUDIO_BYTES


@pytest.mark.parametrize(
    "wire",
    [
        "020000",  # no such kind
        "47455420",  # GET
        "100000",  # audio without a sample
        "101e02" + "00",  # more audio than any rate has in 20 ms
        "01000f",  # an id that is too short
        "030002",  # two keys at once
        "000001",  # a hangup with a payload
        "ff0041",  # an error of 65 bytes
        "03000178",  # the key x
    ],
)
def test_garbage_is_refused_as_soon_as_it_can_be_known(wire: str) -> None:
    (message,) = Decoder().feed(bytes.fromhex(wire))
    assert isinstance(message, Garbage)


def test_what_stands_before_garbage_counts_and_nothing_after_it() -> None:
    decoder = Decoder()
    before = decoder.feed(encode_digit("1") + b"\x02\x00\x00" + encode_digit("2"))
    assert [type(message) for message in before] == [Digit, Garbage]
    assert decoder.feed(encode_digit("3")) == []


@given(st.binary(min_size=1, max_size=MAX_AUDIO_BYTES // 2))
def test_what_is_encoded_is_decoded(half: bytes) -> None:
    wire = encode_audio(half * 2) + encode_call_id(ID) + encode_digit("#") + HANGUP_MESSAGE
    assert Decoder().feed(wire) == [Audio(Kind.SLIN_8K, half * 2), CallId(ID), Digit("#"), Hangup()]


def test_header_and_payload_are_one_piece() -> None:
    assert encode_audio(FRAME) == b"\x10\x01\x40" + FRAME
