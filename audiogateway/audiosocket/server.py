"""The TCP side of AudioSocket: one connection is the line of one call.

A connection must name a call that is expected within a deadline, or it is closed at once. Reading never waits
for anybody: what arrives is handed on within the same callback.
"""

import asyncio
import socket
from collections.abc import Callable
from typing import Protocol, cast
from uuid import UUID

import structlog

from audiogateway.audiosocket.codec import (
    HANGUP_MESSAGE,
    Audio,
    CallId,
    Decoder,
    Digit,
    Garbage,
    Hangup,
    Kind,
    Message,
    PeerError,
)

log = structlog.get_logger(__name__)

CALL_ID_SECONDS = 2.0
"""Asterisk sends the UUID with the first segment; who is silent for so long is no PBX."""
WRITE_BUFFER_BYTES = 32_000
"""Two seconds of sound. A PBX that has not read for so long has lost the call."""
MAX_UNNAMED = 64
"""Connections that have not sent a UUID yet; more than that are a flood and are closed on arrival."""
BACKLOG = 1024


class LineListener(Protocol):
    """Who hears a line (the session of its call)."""

    def on_audio(self, samples: bytes) -> None: ...
    def on_digit(self, digit: str) -> None: ...
    def on_line_closed(self, reason: str) -> None: ...


class Line(Protocol):
    """What a session may do with its line."""

    def write(self, message: bytes) -> None:
        """One whole AudioSocket message."""

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
        self._reason = "closed by the PBX"

    # asyncio's callbacks

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass
        self._transport = transport
        self._peer = str(transport.get_extra_info("peername"))
        if not self._server.admit(self):
            self._refuse("audiosocket_flooded")
            return
        _send_small_segments_at_once(transport)
        transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)
        self._deadline = asyncio.get_running_loop().call_later(CALL_ID_SECONDS, self._refuse, "audiosocket_silent")

    def data_received(self, data: bytes) -> None:
        heard: list[bytes] = []
        for message in self._decoder.feed(data):
            if type(message) is Audio and self._listener is not None and message.kind is Kind.SLIN_8K:
                heard.append(message.samples)
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
            self._reason = f"connection lost: {type(exc).__name__}"
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.on_line_closed(self._reason)

    # Line

    def write(self, message: bytes) -> None:
        if self._transport is not None:
            self._transport.write(message)

    def hang_up(self) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        self._reason = "hung up by the gateway"
        self._transport.write(HANGUP_MESSAGE)
        self._transport.close()

    # What arrived

    def _hear(self, frames: list[bytes]) -> None:
        """Frames that came in one read are handed on as one: after a pause of the network there are many."""
        if frames and self._listener is not None:
            self._listener.on_audio(frames[0] if len(frames) == 1 else b"".join(frames))
            frames.clear()

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
            case Digit(digit):
                self._listener.on_digit(digit)
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

    def _refuse(self, event: str, **fields: object) -> None:
        """Closes at once, without waiting for what is still unsent."""
        if self._transport is None or self._transport.is_closing():
            return
        log.warning(event, peer=self._peer, **fields)
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
        self._unnamed: set[AudioSocketConnection] = set()
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

    def admit(self, connection: AudioSocketConnection) -> bool:
        if len(self._unnamed) >= MAX_UNNAMED:
            return False
        self._connections.add(connection)
        self._unnamed.add(connection)
        return True

    def identified(self, connection: AudioSocketConnection) -> None:
        self._unnamed.discard(connection)

    def forget(self, connection: AudioSocketConnection) -> None:
        self._unnamed.discard(connection)
        self._connections.discard(connection)


def _send_small_segments_at_once(transport: asyncio.Transport) -> None:
    sock = transport.get_extra_info("socket")
    if sock is not None and sock.family in (socket.AF_INET, socket.AF_INET6):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
