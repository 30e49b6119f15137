"""The TCP side of AudioSocket: one connection is the line of one call.

A connection must name a call that is expected within a deadline, or it is closed at once. Reading never waits
for anybody: what arrives is handed on within the same callback.
"""

import asyncio
import socket
import time
from collections.abc import Callable
from typing import Protocol, cast
from uuid import UUID

import structlog

from audiogateway.audiosocket.abuse import Pace, Refusals
from audiogateway.audiosocket.codec import (
    HANGUP_MESSAGE,
    Audio,
    CallId,
    Decoder,
    Digit,
    Garbage,
    Hangup,
    Message,
    PeerError,
)
from audiogateway.audiosocket.ear import Ear
from audiogateway.playout import FRAME_MS

log = structlog.get_logger(__name__)

CALL_ID_SECONDS = 2.0
"""Asterisk sends the UUID with the first segment; who is silent for so long is no PBX."""
UNREAD_MS = 2_000
"""Of sound, as the line carries it. A PBX that has not read for so long has lost the call."""
MAX_UNNAMED = 256
"""Connections that have not named their call. More are a flood; then the oldest goes, since a PBX does so at once."""
DIGIT_SECONDS = 0.04
"""No key is pressed in less time."""
SEND_BUFFER_BYTES = 16_384
"""The kernel's share of what a PBX has not read; by itself it would take many times as much."""
BACKLOG = 1024
BYTES_PER_SECOND = 16_000


CLOSED_BY_PBX, HUNG_UP, CONNECTION_LOST = "closed by the PBX", "hung up by the gateway", "connection lost"


class LineListener(Protocol):
    """Who hears a line (the session of its call)."""

    def on_audio(self, samples: bytes) -> None: ...
    def on_line_rate(self, rate_hz: int) -> None:
        """Of the sound that comes now; `on_audio` gets 8 kHz whatever it is."""

    def on_digit(self, digit: str) -> None: ...
    def on_line_closed(self, reason: str) -> None:
        """One of the three above, or what the other side did wrong."""


class Line(Protocol):
    """What a session may do with its line."""

    def write(self, message: bytes) -> None:
        """One whole AudioSocket message of FRAME_MS of sound."""

    def hang_up(self) -> None:
        """Ends the call at the PBX by kind 0x00, then closes. May be called again."""


Answer = Callable[[UUID, Line], LineListener | None]
"""Called with the UUID of a new line; None when no call of that id is expected."""


def masked(call_id: UUID) -> str:
    """The id without its tail: on this port it is the only password."""
    return f"{str(call_id)[:8]}…"


class AudioSocketConnection(asyncio.Protocol):
    """One line. Implements `Line`."""

    def __init__(self, server: "AudioSocketServer") -> None:
        self._server = server
        self._decoder = Decoder()
        self._listener: LineListener | None = None
        self._transport: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._peer = ""
        self._frame_bytes = 0
        self._reason = CLOSED_BY_PBX
        self._ear = Ear(self._on_rate)
        self._pace = Pace(asyncio.get_running_loop().time)

    # asyncio's callbacks

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass
        self._transport = transport
        self._peer = str(transport.get_extra_info("peername"))
        self._server.admit(self)
        _set_options(transport)
        self._deadline = asyncio.get_running_loop().call_later(CALL_ID_SECONDS, self._refuse, "audiosocket_silent")

    def data_received(self, data: bytes) -> None:
        heard: list[bytes] = []
        for message in self._decoder.feed(data):
            sound = self._ear.hear(message) if type(message) is Audio and self._listener is not None else None
            if sound is not None:
                heard.append(sound)
            else:
                self._hear(heard)
                self._handle(message)
        self._hear(heard)

    def pause_writing(self) -> None:
        self._refuse("audiosocket_not_read")

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._forget_deadline()
        self._server.forget(self)
        if exc is not None and not isinstance(exc, ConnectionResetError | BrokenPipeError):
            # A reset is how a PBX closes that has not read our last frames.
            self._reason = CONNECTION_LOST
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.on_line_closed(self._reason)

    def _on_rate(self, rate_hz: int) -> None:
        if self._listener is not None:
            self._listener.on_line_rate(rate_hz)

    # Line

    def write(self, message: bytes) -> None:
        if self._transport is None:
            return
        if len(message) != self._frame_bytes:
            self._frame_bytes = len(message)
            self._transport.set_write_buffer_limits(high=self._frame_bytes * UNREAD_MS // FRAME_MS)
        self._transport.write(message)

    def hang_up(self) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        self._reason = HUNG_UP
        self._transport.write(HANGUP_MESSAGE)
        self._transport.close()

    # What arrived

    def _hear(self, frames: list[bytes]) -> None:
        """Frames that came in one read are handed on as one: after a pause of the network there are many."""
        if not frames:
            return
        samples = frames[0] if len(frames) == 1 else b"".join(frames)
        frames.clear()
        if not self._pace.allows(len(samples) / BYTES_PER_SECOND):
            self._refuse("audiosocket_flooded")
        elif self._listener is not None:
            self._listener.on_audio(samples)

    def _handle(self, message: Message) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if isinstance(message, Garbage):
            self._refuse("audiosocket_garbage", reason=message.reason)
            return
        if self._listener is None:
            self._identify(message)
            return
        match message:
            case Digit(digit) if self._pace.allows(DIGIT_SECONDS):
                self._listener.on_digit(digit)
            case Digit():
                self._refuse("audiosocket_flooded")
            case Audio(kind):
                self._refuse("audiosocket_wrong_rate", kind=kind.name)
            case Hangup():
                self._refuse("audiosocket_hangup_received")
            case PeerError(code):
                self._refuse("audiosocket_error_received", code=code)
            case CallId():
                self._refuse("audiosocket_second_call_id")

    def _identify(self, message: Message) -> None:
        if not isinstance(message, CallId):
            self._refuse("audiosocket_without_call_id", message=type(message).__name__)
            return
        self._forget_deadline()
        self._server.identified(self)
        self._listener = self._server.answer(message.call_id, self)
        if self._listener is None:
            self._refuse("audiosocket_call_not_expected", call=masked(message.call_id))

    def make_room(self) -> None:
        """For somebody who came later: this one has not said what it wants."""
        self._server.identified(self)
        self._refuse("audiosocket_crowded_out")

    def _refuse(self, event: str, **fields: object) -> None:
        """Closes at once, without waiting for what is still unsent."""
        if self._transport is None or self._transport.is_closing():
            return
        self._server.refusals.tell(event, peer=self._peer, **fields)
        self._reason = event
        self._transport.abort()

    def _forget_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class AudioSocketServer:
    """Listens, and knows every open connection."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self._connections: set[AudioSocketConnection] = set()
        self._unnamed: dict[AudioSocketConnection, None] = {}
        self.refusals = Refusals(time.monotonic)
        self._server: asyncio.Server | None = None

    async def listen(self, host: str, port: int) -> tuple[str, int]:
        """Starts listening; port 0 takes a free one. Returns the address. Raises OSError."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: AudioSocketConnection(self), host, port, backlog=BACKLOG)
        name = self._server.sockets[0].getsockname()
        return str(name[0]), int(name[1])

    async def close(self) -> None:
        """Stops listening and hangs up every line that is left."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.hang_up()

    @property
    def open_connections(self) -> int:
        return len(self._connections)

    # For its connections

    def admit(self, connection: AudioSocketConnection) -> None:
        if len(self._unnamed) >= MAX_UNNAMED:
            next(iter(self._unnamed)).make_room()
        self._connections.add(connection)
        self._unnamed[connection] = None

    def identified(self, connection: AudioSocketConnection) -> None:
        self._unnamed.pop(connection, None)

    def forget(self, connection: AudioSocketConnection) -> None:
        self._unnamed.pop(connection, None)
        self._connections.discard(connection)


def _set_options(transport: asyncio.Transport) -> None:
    sock = transport.get_extra_info("socket")
    if sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # small segments are sent at once
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
