"""AMI as bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.asterisk.ami_codec import (
    MAX_ACTION_HEADERS,
    MAX_LINE_BYTES,
    MAX_MESSAGE_BYTES,
    AmiDecoder,
    AmiEncodeError,
    AmiMessage,
    AmiProtocolError,
    Decoded,
    Greeting,
    Skipped,
    encode,
)

GREETING = b"Asterisk Call Manager/11.0.0\r\n"
HANGUP = b"Event: Hangup\r\nUniqueid: 1.2\r\nChanVariable: a=1\r\nChanVariable: b=2\r\n\r\n"

names = st.from_regex(r"[A-Za-z0-9_-]{1,12}", fullmatch=True)
values = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=40)
messages = st.lists(st.tuples(names, values), min_size=1, max_size=6)


def decode(*parts: bytes) -> list[Decoded]:
    decoder = AmiDecoder()
    return [item for part in (GREETING, *parts) for item in decoder.feed(part)][1:]


def test_headers_keep_their_order_and_may_repeat() -> None:
    (message,) = decode(HANGUP)
    assert isinstance(message, AmiMessage)
    assert message.event == "Hangup"
    assert message.get("uniqueID") == "1.2"
    assert message.all("chanvariable") == ["a=1", "b=2"]
    assert message.get("Nothing", "else") == "else"


def test_the_greeting_is_no_message() -> None:
    assert AmiDecoder().feed(GREETING) == [Greeting("Asterisk Call Manager/11.0.0")]


@pytest.mark.parametrize("first", [b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 400 Bad Request\r\n", b"\r\n", b"\x00\xff\n"])
def test_another_greeting_is_another_protocol(first: bytes) -> None:
    with pytest.raises(AmiProtocolError):
        AmiDecoder().feed(first)


def test_a_greeting_without_an_end_is_no_greeting() -> None:
    with pytest.raises(AmiProtocolError):
        AmiDecoder().feed(b"x" * (MAX_LINE_BYTES + 1))


@given(
    sent=st.lists(messages, max_size=5),
    cuts=st.lists(st.integers(1, 400), max_size=20),
    line_end=st.sampled_from([b"\r\n", b"\n"]),
)
def test_messages_survive_any_split_of_the_stream(
    sent: list[list[tuple[str, str]]], cuts: list[int], line_end: bytes
) -> None:
    stream = b"".join(
        b"".join(f"{name}: {value}".encode() + line_end for name, value in message) + line_end for message in sent
    )
    parts, at = [], 0
    for cut in [*cuts, len(stream)]:
        parts.append(stream[at : at + cut])
        at += cut
    parts.append(stream[at:])
    expected = [AmiMessage(tuple((name, value.strip()) for name, value in message)) for message in sent]
    assert decode(*parts) == expected


def test_a_character_split_between_two_reads_is_whole() -> None:
    data = "Event: X\r\nCallerIDName: Zoë\r\n\r\n".encode()
    at = data.index("ë".encode()) + 1
    (message,) = decode(data[:at], data[at:])
    assert isinstance(message, AmiMessage)
    assert message.get("CallerIDName") == "Zoë"


def test_bytes_that_are_no_text_are_replaced() -> None:
    (message,) = decode(b"Event: \xff\xfe\r\n\r\n")
    assert isinstance(message, AmiMessage)
    assert message.event == "\ufffd\ufffd"


def test_a_line_that_is_too_long_is_skipped_and_the_rest_is_read() -> None:
    long = b"ChanVariable: " + b"x" * MAX_LINE_BYTES + b"\r\n"
    skipped, message = decode(b"Event: Hangup\r\n" + long + b"Cause: 16\r\n\r\n")
    assert isinstance(skipped, Skipped)
    assert message == AmiMessage((("Event", "Hangup"), ("Cause", "16")))


def test_a_message_that_is_too_long_is_skipped_and_the_next_is_read() -> None:
    line = b"V: " + b"x" * 10_000 + b"\r\n"
    skipped, message = decode(line * (MAX_MESSAGE_BYTES // 10_000 + 1) + b"\r\n" + HANGUP)
    assert isinstance(skipped, Skipped)
    assert isinstance(message, AmiMessage)


@pytest.mark.parametrize("line", [b"no colon here", b": no name", b"bad name!: x", b"a b: x"])
def test_a_line_that_is_no_header_is_skipped(line: bytes) -> None:
    skipped, message = decode(line + b"\r\n" + HANGUP)
    assert isinstance(skipped, Skipped)
    assert isinstance(message, AmiMessage)


def test_empty_lines_are_no_messages() -> None:
    assert decode(b"\r\n\n\r\n") == []


@given(data=st.lists(st.binary(max_size=2000), max_size=20))
def test_garbage_never_crashes_and_is_not_kept(data: list[bytes]) -> None:
    decoder = AmiDecoder()
    decoder.feed(GREETING)
    for part in data:
        decoder.feed(part)
    assert len(decoder._line) <= MAX_LINE_BYTES


@given(headers=messages)
def test_what_is_encoded_is_decoded_alike(headers: list[tuple[str, str]]) -> None:
    (message,) = decode(encode("Originate", headers))
    assert message == AmiMessage((("Action", "Originate"), *((name, value.strip()) for name, value in headers)))


@pytest.mark.parametrize("value", ["1\r\nAction: Command", "1\n", "\r", "1\0"])
def test_no_value_can_begin_another_header(value: str) -> None:
    with pytest.raises(AmiEncodeError):
        encode("Originate", [("CallerID", value)])


@pytest.mark.parametrize("name", ["", "Caller ID", "A:", "A\r\nB", "é"])
def test_no_name_can_be_more_than_a_name(name: str) -> None:
    with pytest.raises(AmiEncodeError):
        encode("Originate", [(name, "x")])


def test_asterisks_limits_are_kept() -> None:
    with pytest.raises(AmiEncodeError):
        encode("Originate", [("Variable", "x" * 1000)])
    with pytest.raises(AmiEncodeError):
        encode("Originate", [("Variable", "x")] * MAX_ACTION_HEADERS)
