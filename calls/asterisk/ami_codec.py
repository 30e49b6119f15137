"""The Asterisk Manager Interface as bytes: a decoder and an encoder without socket or clock.

A message is a list of "Name: value" lines that an empty line ends; names may repeat and their case does not count.
Lines end with CR LF or LF alone. The first line of a connection is a greeting and no message.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

MAX_LINE_BYTES = 16_384
MAX_MESSAGE_BYTES = 262_144
MAX_ACTION_LINE_BYTES = 1_000  # Asterisk discards messages with lines of 1,024 bytes and more
MAX_ACTION_HEADERS = 128

GREETING = re.compile(r"Asterisk Call Manager/\d+(\.\d+)*", re.IGNORECASE)
HEADER_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")


class AmiProtocolError(Exception):
    """The other side is no AMI server."""


class AmiEncodeError(ValueError):
    """A value that must not go onto the wire."""


@dataclass(frozen=True, slots=True)
class AmiMessage:
    """An event or a response, with its headers in the order in which they came."""

    headers: tuple[tuple[str, str], ...]

    def get(self, name: str, default: str = "") -> str:
        """The first value of the header, or `default`."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), default)

    def all(self, name: str) -> list[str]:
        wanted = name.lower()
        return [value for key, value in self.headers if key.lower() == wanted]

    @property
    def event(self) -> str:
        return self.get("Event")

    @property
    def action_id(self) -> str:
        return self.get("ActionID")


@dataclass(frozen=True, slots=True)
class Greeting:
    text: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that was left out, and why; what follows is read as usual."""

    why: str


Decoded = AmiMessage | Greeting | Skipped


class AmiDecoder:
    """Bytes in, messages out; split them anywhere. Holds at most MAX_MESSAGE_BYTES."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._line_too_long = False
        self._headers: list[tuple[str, str]] = []
        self._message_bytes = 0
        self._greeted = False

    def feed(self, data: bytes) -> list[Decoded]:
        """Raises AmiProtocolError when the first line is no greeting; the decoder is of no use then."""
        decoded: list[Decoded] = []
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._append(line)
            decoded.extend(self._end_of_line())
        self._append(rest)
        if not self._greeted and self._line_too_long:
            raise AmiProtocolError("The greeting has no end.")
        return decoded

    def _append(self, part: bytes) -> None:
        room = MAX_LINE_BYTES - len(self._line)
        if len(part) > room:
            self._line_too_long = True
        self._line += part[: max(room, 0)]

    def _end_of_line(self) -> Iterable[Decoded]:
        # A character may be split between two reads, never between two lines: decode whole lines.
        text = self._line.removesuffix(b"\r").decode("utf-8", errors="replace")
        too_long = self._line_too_long
        self._line.clear()
        self._line_too_long = False
        if not self._greeted:
            return [self._greet(text)]
        if too_long:
            return [Skipped("a line that is too long")]
        return self._take(text) if text else self._end_of_message()

    def _greet(self, text: str) -> Greeting:
        if not GREETING.match(text):
            raise AmiProtocolError("The greeting is not that of an Asterisk Call Manager.")
        self._greeted = True
        return Greeting(text)

    def _take(self, text: str) -> Iterable[Decoded]:
        name, colon, value = text.partition(":")
        if not colon or not HEADER_NAME.fullmatch(name):
            return [Skipped("a line that is no header")]
        self._message_bytes += len(text)
        if self._message_bytes <= MAX_MESSAGE_BYTES:
            self._headers.append((name, value.strip()))
        return []

    def _end_of_message(self) -> Iterable[Decoded]:
        headers, size = tuple(self._headers), self._message_bytes
        self._headers.clear()
        self._message_bytes = 0
        if size > MAX_MESSAGE_BYTES:
            return [Skipped("a message that is too long")]
        return [AmiMessage(headers)] if headers else []


def encode(action: str, headers: Iterable[tuple[str, str]]) -> bytes:
    """The action as bytes. Raises AmiEncodeError for whatever could end a line early or break a limit."""
    pairs = [("Action", action), *headers]
    if len(pairs) > MAX_ACTION_HEADERS:
        raise AmiEncodeError("An action has at most 128 headers.")
    return b"".join(_encode_line(name, value) for name, value in pairs) + b"\r\n"


def _encode_line(name: str, value: str) -> bytes:
    if not HEADER_NAME.fullmatch(name):
        raise AmiEncodeError("A header name has letters, digits, - and _ only.")
    if any(character in value for character in "\r\n\0"):
        raise AmiEncodeError(f"The value of {name} contains a line end.")
    line = f"{name}: {value}\r\n".encode()
    if len(line) > MAX_ACTION_LINE_BYTES:
        raise AmiEncodeError(f"The value of {name} is too long.")
    return line
