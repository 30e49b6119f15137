"""A few lines of HTTP over raw ASGI: read a bounded JSON body, answer JSON or a stream of server-sent events."""

import asyncio
import json
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.openai.errors import bad_request, body_too_large
from sandbox.openai.settings import Settings

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

MAX_BODY_BYTES = 16 * 1024 * 1024
BODY_TIMEOUT_S = 60


@dataclass(frozen=True)
class Exchange:
    """One HTTP request and the way to answer it."""

    settings: Settings
    scope: Scope
    receive: Receive
    send: Send
    request_id: str = field(default_factory=lambda: f"req_{secrets.token_hex(16)}")
    started_s: float = field(default_factory=time.perf_counter)

    async def read_json(self) -> Any:
        """The body as JSON. Raises ApiError (400, 413), TimeoutError, and EOFError when the client is gone."""
        async with asyncio.timeout(BODY_TIMEOUT_S):
            body = await self._read_body()
        try:
            return json.loads(body)
        except (ValueError, RecursionError):
            raise bad_request(
                "We could not parse the JSON body of your request. (HINT: This likely means you aren't using "
                "your HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not "
                "valid JSON.)"
            ) from None

    async def _read_body(self) -> bytes:
        body = bytearray()
        while True:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise EOFError("the client left before its request was complete")
            body += message.get("body", b"")
            if len(body) > MAX_BODY_BYTES:
                raise body_too_large(MAX_BODY_BYTES)
            if not message.get("more_body"):
                return bytes(body)

    async def wait_for_disconnect(self) -> None:
        """Returns when the client has closed the connection."""
        while (await self.receive())["type"] != "http.disconnect":
            pass

    async def send_json(self, status: int, content: object, headers: Mapping[str, str] | None = None) -> None:
        await self.send_body(status, "application/json", json.dumps(content).encode(), headers)

    async def send_body(
        self, status: int, content_type: str, body: bytes, headers: Mapping[str, str] | None = None
    ) -> None:
        length = {"content-length": str(len(body))}
        await self._start(status, content_type, length | dict(headers or {}))
        await self.send({"type": "http.response.body", "body": body})

    async def send_events(self, events: Iterable[object], headers: Mapping[str, str]) -> None:
        """Each event as `data: {json}`, and `data: [DONE]` at the end."""
        await self._start(200, "text/event-stream; charset=utf-8", {"cache-control": "no-cache", **headers})
        for event in events:
            line = f"data: {json.dumps(event)}\n\n".encode()
            await self.send({"type": "http.response.body", "body": line, "more_body": True})
        await self.send({"type": "http.response.body", "body": b"data: [DONE]\n\n"})

    async def _start(self, status: int, content_type: str, headers: Mapping[str, str]) -> None:
        elapsed_ms = (time.perf_counter() - self.started_s) * 1000
        given = {
            "content-type": content_type,
            "x-request-id": self.request_id,
            "openai-processing-ms": f"{elapsed_ms:.0f}",
            "openai-version": "2020-10-01",
            "openai-organization": "sandbox",
            **headers,
        }
        await self.send({"type": "http.response.start", "status": status, "headers": as_asgi(given)})


def as_asgi(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


def headers_of(scope: Scope) -> dict[str, str]:
    """Request headers by lower-case name; of a repeated one the last."""
    pairs: Iterable[tuple[bytes, bytes]] = scope["headers"]
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in pairs}
