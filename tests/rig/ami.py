"""The plainest possible AMI client, over a blocking socket: what the rig and its tests look at Asterisk with.

The product has an AMI client of its own. This one shares nothing with it, so that one cannot hide the other's mistakes.
"""

import socket
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self
from uuid import uuid4

Message = dict[str, str]
DEFAULT_TIMEOUT_S = 10.0


class AmiRefused(Exception):
    """Asterisk answered an action with an error; the message is Asterisk's."""


class AmiClient:
    """One connection. Events that arrive while something else is awaited are kept, and none is lost."""

    def __init__(self, host: str, port: int, timeout_s: float = DEFAULT_TIMEOUT_S) -> None:
        self._socket = socket.create_connection((host, port), timeout_s)
        self._received = b""
        self.events: list[Message] = []
        self.banner = self._read_until(b"\r\n", time.monotonic() + timeout_s).decode()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def login(self, username: str, secret: str) -> Message:
        return self.action("Login", ("Username", username), ("Secret", secret))

    def action(self, name: str, *headers: tuple[str, str], timeout_s: float = DEFAULT_TIMEOUT_S) -> Message:
        """Send an action and return its response. Raises AmiRefused, TimeoutError, ConnectionError."""
        action_id = dict(headers).get("ActionID", str(uuid4()))
        lines = [("Action", name), ("ActionID", action_id), *(h for h in headers if h[0] != "ActionID")]
        self._socket.sendall("".join(f"{key}: {value}\r\n" for key, value in lines).encode() + b"\r\n")
        deadline = time.monotonic() + timeout_s
        while True:
            message = self._read_message(deadline)
            if message.get("Response") is None or "Event" in message:
                self.events.append(message)
            elif message.get("ActionID") == action_id:
                break
        if message["Response"] == "Error":
            raise AmiRefused(message.get("Message", ""))
        return message

    def wait_for(
        self, name: str, matching: Callable[[Message], bool] = lambda event: True, timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> Message:
        """The first event `name` that matches, of those already here and those to come. Raises TimeoutError."""
        deadline = time.monotonic() + timeout_s
        position = 0
        while True:
            if position == len(self.events):
                self.events.append(self._read_message(deadline))
            event = self.events[position]
            if event.get("Event") == name and matching(event):
                return event
            position += 1

    def _read_message(self, deadline: float) -> Message:
        lines = self._read_until(b"\r\n\r\n", deadline).decode().split("\r\n")
        pairs = [line.partition(":") for line in lines]
        return {key: value.strip() for key, _, value in pairs}

    def _read_until(self, end: bytes, deadline: float) -> bytes:
        while end not in self._received:
            self._socket.settimeout(max(deadline - time.monotonic(), 0.001))
            received = self._socket.recv(65536)
            if not received:
                raise ConnectionError("Asterisk closed the AMI connection")
            self._received += received
        found, _, self._received = self._received.partition(end)
        return found
