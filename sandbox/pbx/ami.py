"""AMI on the wire, sans-I/O: bytes in, actions out; lists of headers in, bytes out.

A message is `Key: value` lines ended by a blank line; CRLF or LF alone ends a line; keys do not care about case
and may repeat. Limits and error texts are those of Asterisk's main/manager.c.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

Header = tuple[str, str]

MAX_LINE_BYTES = 1024
MAX_HEADERS = 128


@dataclass
class Action:
    """One request of a client. `error` is set when it broke a limit; its headers are then incomplete."""

    headers: list[Header] = field(default_factory=list)
    error: str | None = None

    def get(self, name: str, default: str = "") -> str:
        """The first header of that name."""
        return next(iter(self.get_all(name)), default)

    def get_all(self, name: str) -> list[str]:
        wanted = name.lower()
        return [value for key, value in self.headers if key.lower() == wanted]


class ActionReader:
    """Collects bytes into actions. Holds at most one line and one action."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._overlong = False
        self._action = Action()

    def feed(self, data: bytes) -> Iterator[Action]:
        """Take what was received; yields every action that it completes."""
        *ended, rest = data.split(b"\n")
        for part in ended:
            self._extend(part)
            action = self._end_line()
            if action is not None:
                yield action
        self._extend(rest)

    def _extend(self, part: bytes) -> None:
        self._line += part[: MAX_LINE_BYTES + 2 - len(self._line)]
        self._overlong = self._overlong or len(self._line) > MAX_LINE_BYTES + 1

    def _end_line(self) -> Action | None:
        line = bytes(self._line).removesuffix(b"\r")
        overlong = self._overlong or len(line) > MAX_LINE_BYTES
        self._line.clear()
        self._overlong = False
        if not line:
            action, self._action = self._action, Action()
            return action
        if overlong:
            self._action.error = "Failed to parse message: line too long"
        elif len(self._action.headers) == MAX_HEADERS:
            self._action.error = "Too many lines in message or allocation failure"
        else:
            key, _, value = line.decode(errors="replace").partition(":")
            self._action.headers.append((key.strip(), value.strip()))
        return None


def encode(headers: Iterable[Header]) -> bytes:
    """One message. Line breaks inside a value cannot get out: they become spaces."""
    lines = (f"{key}: {value}".replace("\r", " ").replace("\n", " ") for key, value in headers)
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
