"""A WebSocket server around the session, a client on the `openai` SDK, and a strict look at every event."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any, get_args
from urllib.parse import parse_qsl, urlsplit

from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection
from openai.types.realtime import RealtimeServerEvent
from pydantic import BaseModel
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from sandbox.openai.realtime import session
from sandbox.openai.realtime.ending import DROPPED
from sandbox.openai.realtime.settings import Pace
from sandbox.speech import g711
from sandbox.speech.voice import synthesize

MODEL = "gpt-realtime-2.1"
QUICK = Pace(think_ms=0, speed=1000.0)
FRAME_BYTES = 160
SECOND_OF_SILENCE = bytes([g711.SILENCE_BYTE]) * 8000

_EVENT_TYPES: dict[str, type[BaseModel]] = {
    get_args(model.model_fields["type"].annotation)[0]: model for model in get_args(get_args(RealtimeServerEvent)[0])
}
_SESSION_EXTRAS = {"id", "object", "expires_at"}


def check(event: dict[str, Any]) -> None:
    """The event is exactly what the SDK's type of that name declares, or the test fails."""
    model = _EVENT_TYPES[event["type"]].model_validate(event, strict=True)
    undeclared = {extra for part in _parts(model) for extra in part.model_extra or ()}
    assert undeclared <= (_SESSION_EXTRAS if event["type"].startswith("session.") else set()), (undeclared, event)


def _parts(value: object) -> Iterator[BaseModel]:
    if isinstance(value, BaseModel):
        yield value
        for name in type(value).model_fields:
            yield from _parts(getattr(value, name))
    elif isinstance(value, list):
        for part in value:
            yield from _parts(part)


class Client:
    """The SDK's connection, reading raw events: each is checked, kept in `seen`, and handed on."""

    def __init__(self, connection: AsyncRealtimeConnection) -> None:
        self.connection = connection
        self.seen: list[dict[str, Any]] = []

    async def next(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(await self.connection.recv_bytes())
        check(event)
        self.seen.append(event)
        return event

    async def until(self, kind: str, where: Callable[[dict[str, Any]], bool] = lambda event: True) -> dict[str, Any]:
        """Read on to the next event of this type for which `where` holds."""
        while True:
            event = await self.next()
            if event["type"] == kind and where(event):
                return event

    async def send(self, kind: str, **fields: Any) -> None:
        await self.connection.send_raw(json.dumps({"type": kind, **fields}))

    async def configure(self, **settings: Any) -> dict[str, Any]:
        """A telephone session: mu-law both ways, transcription on; `settings` go on top."""
        audio = {
            "input": {"format": {"type": "audio/pcmu"}, "transcription": {"model": "gpt-transcribe"}},
            "output": {"format": {"type": "audio/pcmu"}},
        }
        await self.send("session.update", session={"type": "realtime", "audio": audio} | settings)
        return await self.until("session.updated")

    async def hear(self, audio: bytes, chunk_ms: int = 20) -> None:
        """Send wire audio in the chunks of a telephone line."""
        size = 8 * chunk_ms
        for start in range(0, len(audio), size):
            chunk = base64.b64encode(audio[start : start + size]).decode()
            await self.send("input_audio_buffer.append", audio=chunk)

    async def hear_callee(self, text: str, silence_ms: int = 700) -> None:
        """A persona's sentence through mu-law, and the silence that ends a turn."""
        spoken = g711.encode(synthesize(text, voice="callee"))
        await self.hear(spoken + SECOND_OF_SILENCE[: 8 * silence_ms])

    async def say(self, role: str, text: str) -> None:
        part = {"type": "output_text" if role == "assistant" else "input_text", "text": text}
        item = {"type": "message", "role": role, "content": [part]}
        await self.send("conversation.item.create", item=item)

    async def respond(self, **params: Any) -> dict[str, Any]:
        """response.create, and its response.done."""
        await self.send("response.create", response=params)
        done: dict[str, Any] = (await self.until("response.done"))["response"]
        return done

    def types(self) -> list[str]:
        return [event["type"] for event in self.seen]


def spoken(response: dict[str, Any]) -> str:
    """The transcript of a finished response's messages."""
    messages = [item for item in response["output"] if item["type"] == "message"]
    return " ".join(part.get("transcript") or part.get("text") or "" for item in messages for part in item["content"])


def called(response: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The tool calls of a finished response."""
    calls = [item for item in response["output"] if item["type"] == "function_call"]
    return [(item["name"], json.loads(item["arguments"])) for item in calls]


@asynccontextmanager
async def stand_in(pace: Pace = QUICK) -> AsyncIterator[str]:
    """The Realtime half alone on a free port; yields the base URL."""

    async def connected(socket: ServerConnection) -> None:
        assert socket.request is not None
        query = dict(parse_qsl(urlsplit(socket.request.path).query))
        headers = dict(socket.request.headers.raw_items())
        await session.serve(_receiver(socket), socket.send, _closer(socket), query=query, headers=headers, pace=pace)

    async with serve(connected, "127.0.0.1", 0, max_size=None, compression=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield f"ws://127.0.0.1:{port}/v1"


def _receiver(socket: ServerConnection) -> Callable[[], Any]:
    async def receive_text() -> str:
        try:
            return str(await socket.recv())
        except ConnectionClosed:
            raise EOFError from None

    return receive_text


def _closer(socket: ServerConnection) -> Callable[[int, str], Any]:
    async def close(code: int, reason: str) -> None:
        if code == DROPPED:
            socket.transport.abort()
        else:
            await socket.close(code, reason)

    return close


@asynccontextmanager
async def client(url: str, *, model: str = MODEL, headers: dict[str, str] | None = None) -> AsyncIterator[Client]:
    """Connected, not yet read from."""
    sdk = AsyncOpenAI(api_key="sandbox-key", websocket_base_url=url)
    async with sdk, sdk.realtime.connect(model=model, extra_headers=headers or {}) as connection, asyncio.timeout(60):
        yield Client(connection)
