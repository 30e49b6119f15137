"""Between ASGI's WebSocket messages and the Realtime session, which knows nothing of ASGI."""

import asyncio
import contextlib
import json
from urllib.parse import parse_qsl

from sandbox.openai.errors import ApiError
from sandbox.openai.http import Receive, Scope, Send, as_asgi, headers_of
from sandbox.openai.journal import JOURNAL
from sandbox.openai.realtime import faults, session

NOT_TEXT = 1003
WITHOUT_CLOSE_FRAME = 1006


class Socket:
    """Texts in and out; what is sent after the end is dropped, and reading after the end raises EOFError."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._open = True

    async def receive_text(self) -> str:
        """The next message. Raises EOFError when the connection is over."""
        while self._open:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                self._open = False
            elif message["type"] == "websocket.receive":
                text: str | None = message.get("text")
                if text is not None:
                    return text
                await self.close(NOT_TEXT, "text messages only")
        raise EOFError("the WebSocket is closed")

    async def send_text(self, text: str) -> None:
        if self._open:
            try:
                await self._send({"type": "websocket.send", "text": text})
            except OSError:  # ASGI 2.4: the client is gone
                self._open = False

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """1006 cuts the connection without a close frame: the server does that when the application just returns."""
        if not self._open:
            return
        self._open = False
        if code != WITHOUT_CLOSE_FRAME:
            with contextlib.suppress(OSError):  # closed from the other side in the same moment
                await self._send({"type": "websocket.close", "code": code, "reason": reason})


async def serve(scope: Scope, receive: Receive, send: Send, *, refusal: ApiError | None) -> None:
    """One connection, from the handshake to its end; `refusal` answers the handshake with an HTTP error."""
    await receive()  # websocket.connect
    query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
    if refusal is None and (fault := faults.take(faults.ON_HANDSHAKE)):
        if fault.kind == "slow_handshake":
            await asyncio.sleep(faults.seconds_of(fault))
        else:
            refusal = fault.as_error()
    JOURNAL.record("realtime", model=query.get("model"), status=refusal.status if refusal else 101)
    if refusal is not None:
        await _refuse(send, refusal)
        return
    await send({"type": "websocket.accept"})
    socket = Socket(receive, send)
    await session.serve(socket.receive_text, socket.send_text, socket.close, query=query, headers=headers_of(scope))
    await socket.close()


async def _refuse(send: Send, error: ApiError) -> None:
    body = json.dumps(error.body()).encode()
    headers = {"content-type": "application/json", "content-length": str(len(body)), **error.headers}
    start = {"type": "websocket.http.response.start", "status": error.status, "headers": as_asgi(headers)}
    await send(start)
    await send({"type": "websocket.http.response.body", "body": body})
