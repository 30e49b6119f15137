"""Opening and losing a Realtime session, against a scripted WebSocket server on loopback."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from audiogateway.realtime import connection as connection_module
from audiogateway.realtime import events, websocket
from audiogateway.realtime.connection import RealtimeAccess, RealtimeClient, Voice
from audiogateway.realtime.events import Event
from audiogateway.realtime.openai_codec import Configuration, TurnDetection
from opendeep.core.errors import PermanentError, RetryableError

CONFIGURATION = Configuration(
    "Be brief.", [], "marin", "gpt-transcribe", "en", "audio/pcmu", "audio/pcmu", TurnDetection()
)
FORMATS = {"input": {"format": {"type": "audio/pcmu"}}, "output": {"format": {"type": "audio/pcmu"}}}

Script = Callable[[ServerConnection], Awaitable[None]]


@dataclass
class Listener:
    """Keeps what the session tells."""

    events: list[Event] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def on_event(self, event: Event) -> None:
        self.events.append(event)
        self.news.set()

    def on_voice_lost(self, reason: str) -> None:
        self.lost.append(reason)
        self.news.set()

    async def wait(self) -> None:
        await asyncio.wait_for(self.news.wait(), 5)
        self.news.clear()


class Model:
    """The server: `script` is played after the configuration was acknowledged."""

    def __init__(self) -> None:
        self.script: Script = lambda connection: connection.wait_closed()
        self.greeting: list[dict[str, Any]] = [{"type": "session.created", "session": {}}]
        self.acknowledgement: dict[str, Any] | None = {"type": "session.updated", "session": {"audio": FORMATS}}
        self.status: HTTPStatus | None = None
        self.requests: list[Request] = []
        self.received: list[dict[str, Any]] = []
        self.port = 0
        self.clients: list[RealtimeClient] = []

    async def talk(self, connection: ServerConnection) -> None:
        try:
            for event in self.greeting:
                await connection.send(json.dumps(event))
            self.received.append(json.loads(await connection.recv()))
            if self.acknowledgement is not None:
                await connection.send(json.dumps(self.acknowledgement))
            await self.script(connection)
        except ConnectionClosed:
            return

    def admit(self, connection: ServerConnection, request: Request) -> Response | None:
        self.requests.append(request)
        return None if self.status is None else connection.respond(self.status, "no")

    async def open(self, listener: Listener) -> Voice:
        access = RealtimeAccess(f"ws://127.0.0.1:{self.port}/v1/realtime", "gpt-realtime-2.1", "the-key")
        client = RealtimeClient(access)
        self.clients.append(client)
        return await client.open(CONFIGURATION, listener)


@pytest.fixture
async def model() -> AsyncIterator[Model]:
    model = Model()
    async with serve(model.talk, "127.0.0.1", 0, process_request=model.admit, ping_interval=None) as server:
        model.port = next(iter(server.sockets)).getsockname()[1]
        yield model
        for client in model.clients:
            await client.close()


@pytest.fixture
def listener() -> Listener:
    return Listener()


async def test_a_session_is_opened_with_key_and_model_and_configured(model: Model, listener: Listener) -> None:
    voice = await model.open(listener)
    (request,) = model.requests
    assert request.path == "/v1/realtime?model=gpt-realtime-2.1"
    assert request.headers["Authorization"] == "Bearer the-key"
    assert "OpenAI-Beta" not in request.headers
    assert model.received[0]["session"]["instructions"] == "Be brief."
    voice.close()


@pytest.mark.parametrize(("expires_in", "lives"), [(120, 120), (None, 3600), (-5, 3600), (10**6, 3600)])
async def test_a_session_lives_as_long_as_it_says_and_never_longer_than_an_hour(
    model: Model, listener: Listener, expires_in: int | None, lives: float
) -> None:
    told = {} if expires_in is None else {"expires_at": int(time.time()) + expires_in}
    model.greeting = [{"type": "session.created", "session": told}]
    voice = await model.open(listener)
    assert lives - 2 <= voice.lives_seconds <= lives
    voice.close()


async def test_what_is_sent_arrives_and_what_arrives_is_told(model: Model, listener: Listener) -> None:
    async def echo(connection: ServerConnection) -> None:
        model.received.append(json.loads(await connection.recv()))
        await connection.send(json.dumps({"type": "response.created", "response": {"id": "r1"}}))
        await connection.wait_closed()

    model.script = echo
    voice = await model.open(listener)
    voice.send_audio(b"\xff" * 160)
    await listener.wait()
    assert model.received[-1]["type"] == "input_audio_buffer.append"
    assert listener.events == [events.ResponseCreated("r1")]
    voice.close()


async def test_a_message_in_fragments_is_read_whole(model: Model, listener: Listener) -> None:
    text = json.dumps({"type": "response.created", "response": {"id": "r1"}})

    async def fragmented(connection: ServerConnection) -> None:
        await connection.send([text[:7], text[7:20], text[20:]])
        await connection.wait_closed()

    model.script = fragmented
    voice = await model.open(listener)
    await listener.wait()
    assert listener.events == [events.ResponseCreated("r1")]
    voice.close()


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (HTTPStatus.UNAUTHORIZED, PermanentError, "OPENAI_API_KEY"),
        (HTTPStatus.NOT_FOUND, PermanentError, "OPENAI_REALTIME_MODEL"),
        (HTTPStatus.TOO_MANY_REQUESTS, RetryableError, "429"),
        (HTTPStatus.INTERNAL_SERVER_ERROR, RetryableError, "500"),
    ],
)
async def test_a_refusal_says_what_to_do_and_whether_to_try_again(
    model: Model, listener: Listener, status: HTTPStatus, kind: type[Exception], words: str
) -> None:
    model.status = status
    with pytest.raises(kind, match=words):
        await model.open(listener)


async def test_a_session_that_is_refused_after_the_handshake(model: Model, listener: Listener) -> None:
    model.greeting = [{"type": "error", "error": {"code": "invalid_api_key", "message": "Incorrect key."}}]
    with pytest.raises(PermanentError, match=r"Incorrect key\."):
        await model.open(listener)


async def test_a_configuration_that_is_refused(model: Model, listener: Listener) -> None:
    model.acknowledgement = {"type": "error", "error": {"code": "invalid_value", "message": "Unknown voice."}}
    with pytest.raises(RetryableError, match=r"Unknown voice\."):
        await model.open(listener)


async def test_a_session_that_would_speak_another_format_is_refused(model: Model, listener: Listener) -> None:
    formats = {"input": {"format": {"type": "audio/pcmu"}}, "output": {"format": {"type": "audio/pcm"}}}
    model.acknowledgement = {"type": "session.updated", "session": {"audio": formats}}
    with pytest.raises(PermanentError, match="audio/pcm, not audio/pcmu"):
        await model.open(listener)


async def test_a_server_that_answers_nonsense(model: Model, listener: Listener) -> None:
    model.greeting = [{"no": "type"}]
    with pytest.raises(RetryableError, match="nonsense"):
        await model.open(listener)


async def test_a_server_that_says_nothing_is_not_waited_for_without_limit(
    model: Model, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    model.greeting = []
    monkeypatch.setattr(connection_module, "OPEN_SECONDS", 0.05)
    with pytest.raises(RetryableError, match="did not answer"):
        await model.open(listener)


async def test_a_server_that_is_not_there(listener: Listener, unused_tcp_port: int) -> None:
    access = RealtimeAccess(f"ws://127.0.0.1:{unused_tcp_port}/v1/realtime", "m", "k")
    with pytest.raises(RetryableError, match="cannot be reached"):
        await RealtimeClient(access).open(CONFIGURATION, listener)


async def test_the_end_of_a_session_is_told_with_its_reason(model: Model, listener: Listener) -> None:
    async def expire(connection: ServerConnection) -> None:
        await connection.close(1001, "Your session hit the maximum duration of 60 minutes.")

    model.script = expire
    await model.open(listener)
    await listener.wait()
    assert listener.lost == [
        "The model closed the connection (1001 Your session hit the maximum duration of 60 minutes.)"
    ]


async def test_a_cut_connection_is_told(model: Model, listener: Listener) -> None:
    async def cut(connection: ServerConnection) -> None:
        connection.transport.abort()

    model.script = cut
    await model.open(listener)
    await listener.wait()
    assert len(listener.lost) == 1


async def test_a_session_that_we_close_is_not_lost(model: Model, listener: Listener) -> None:
    closed = asyncio.Event()

    async def until_closed(connection: ServerConnection) -> None:
        await connection.wait_closed()
        closed.set()

    model.script = until_closed
    voice = await model.open(listener)
    voice.close()
    await asyncio.wait_for(closed.wait(), 5)
    voice.send(b"{}")
    assert listener.lost == []


async def test_a_server_that_answers_no_ping_is_given_up(
    model: Model, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "PING_SECONDS", 0.01)
    monkeypatch.setattr(websocket, "PONG_SECONDS", 0.01)

    async def deaf(connection: ServerConnection) -> None:
        connection.transport.pause_reading()
        await listener.wait()
        connection.transport.abort()

    model.script = deaf
    await model.open(listener)
    await listener.wait()
    assert len(listener.lost) == 1


async def test_a_server_that_answers_pings_is_kept(
    model: Model, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "PING_SECONDS", 0.001)

    async def after_some_pings(connection: ServerConnection) -> None:
        for _ in range(3):
            pong = await connection.ping()
            await pong
        await connection.send(json.dumps({"type": "response.created", "response": {"id": "r1"}}))
        await connection.wait_closed()

    model.script = after_some_pings
    voice = await model.open(listener)
    await listener.wait()
    assert (len(listener.events), listener.lost) == (1, [])
    voice.close()


def test_the_key_is_not_told_by_accident() -> None:
    assert "secret" not in repr(RealtimeAccess("ws://x", "m", "secret"))
