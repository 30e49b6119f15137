"""A WebSocket client for many small messages: websockets' sans-I/O core on a transport of asyncio.

The library's own asyncio client wakes tasks and takes locks for every message; at fifty messages a second for
hundreds of calls that costs more than the messages. Here a message is handed on in the callback that read it, and
sending never waits.
"""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import cast

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.uri import parse_uri

MAX_MESSAGE_BYTES = 16 * 1024 * 1024
PING_SECONDS = 4.0
PONG_SECONDS = 4.0
"""A connection that is cut somewhere on the way says nothing: somebody waits on the telephone meanwhile."""
CLOSE_SECONDS = 5.0
SEND_BUFFER_BYTES = 512 * 1024
"""Some forty seconds of sound that the other side did not take: the connection is of no use any more."""


@dataclass(frozen=True, slots=True)
class Closed:
    """How a connection ended. `code` is the WebSocket close code, 1006 when there was none."""

    code: int
    reason: str


class HandshakeRefused(Exception):
    """The server answered the opening handshake with an HTTP status; 0 when with something else."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class WebSocketConnection(asyncio.Protocol):
    """`on_text` gets every message, `on_closed` is called once, and only after the handshake has succeeded."""

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        on_text: Callable[[bytes], None],
        on_closed: Callable[[Closed], None],
    ) -> None:
        self._uri = parse_uri(url)
        self._core = ClientProtocol(self._uri, max_size=MAX_MESSAGE_BYTES)
        self._headers = headers
        self._on_text = on_text
        self._on_closed = on_closed
        self._fragments: list[bytes] = []
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._closing: asyncio.TimerHandle | None = None
        self._is_over = asyncio.Event()
        self._opened: asyncio.Future[None] = self._loop.create_future()

    async def open(self) -> None:
        """Raises HandshakeRefused or OSError; the caller sets the time limit. Messages may arrive before it returns."""
        tls = tls_context() if self._uri.secure else None
        try:
            await self._loop.create_connection(lambda: self, self._uri.host, self._uri.port, ssl=tls)
            await self._opened
        except BaseException:
            self.abort()
            raise

    async def wait_closed(self) -> None:
        """Until nothing is left of the connection; after `close` that takes CLOSE_SECONDS at most."""
        await self._is_over.wait()

    # Sending

    def send_text(self, text: bytes) -> bool:
        """Queues one message. False when the connection is not open (any more)."""
        if self._core.state is not State.OPEN:
            return False
        self._core.send_text(text)
        self._flush()
        return True

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Begins the closing handshake; the connection is cut when it is not finished in time."""
        if self._core.state is State.OPEN:
            self._core.send_close(code, reason)
            self._flush()
            self._expect_close()
        elif self._core.state is State.CONNECTING:
            self.abort()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    # asyncio's callbacks

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass
        self._transport = transport
        transport.set_write_buffer_limits(high=SEND_BUFFER_BYTES)
        request = self._core.connect()
        request.headers.update(self._headers)
        self._core.send_request(request)
        self._flush()

    def data_received(self, data: bytes) -> None:
        self._core.receive_data(data)
        self._deliver()

    def eof_received(self) -> None:
        self._core.receive_eof()
        self._deliver()

    def pause_writing(self) -> None:
        self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._is_over.set()
        for timer in (self._timer, self._closing):
            if timer is not None:
                timer.cancel()
        if self._core.state is not State.CLOSED:
            self._core.receive_eof()
        if not self._opened.done():
            self._opened.set_exception(_refusal(self._core.handshake_exc))
        elif not self._opened.cancelled() and self._opened.exception() is None:
            reason = self._core.close_reason or (type(exc).__name__ if exc else "")
            self._on_closed(Closed(self._core.close_code or 1006, reason))

    # The core's events

    def _deliver(self) -> None:
        for event in self._core.events_received():
            if isinstance(event, Frame):
                self._read(event)
            elif isinstance(event, Response):
                self._handshake_answered()
        self._flush()
        if self._core.close_expected():
            self._expect_close()

    def _handshake_answered(self) -> None:
        if self._core.handshake_exc is None and not self._opened.done():
            self._opened.set_result(None)
            self._timer = self._loop.call_later(PING_SECONDS, self._ping)

    def _read(self, frame: Frame) -> None:
        if frame.opcode is Opcode.PONG:
            self._ponged()
        elif frame.opcode in (Opcode.TEXT, Opcode.CONT):
            if frame.fin and not self._fragments:
                self._on_text(bytes(frame.data))
                return
            self._fragments.append(bytes(frame.data))
            if frame.fin:
                whole, self._fragments = b"".join(self._fragments), []
                self._on_text(whole)

    def _flush(self) -> None:
        writes = self._core.data_to_send()
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        for data in writes:
            if data:
                transport.write(data)
            elif transport.can_write_eof():
                transport.write_eof()
            else:
                transport.close()  # TLS cannot be closed by half

    # Deadlines

    def _ping(self) -> None:
        if self._core.state is not State.OPEN:
            return
        self._core.send_ping(b"alive")
        self._flush()
        self._timer = self._loop.call_later(PONG_SECONDS, self.abort)

    def _ponged(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(PING_SECONDS, self._ping)

    def _expect_close(self) -> None:
        if self._closing is None:
            self._closing = self._loop.call_later(CLOSE_SECONDS, self.abort)


def _refusal(cause: Exception | None) -> HandshakeRefused:
    if isinstance(cause, InvalidStatus):
        return HandshakeRefused(cause.response.status_code, f"HTTP status {cause.response.status_code}")
    return HandshakeRefused(0, str(cause) if cause else "the connection was closed during the handshake")


@cache
def tls_context() -> ssl.SSLContext:
    """Built once, and best before the first call: reading the system's certificates takes longer than a frame."""
    return ssl.create_default_context()
