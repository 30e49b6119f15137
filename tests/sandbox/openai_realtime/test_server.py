"""The Realtime half behind the real server: its port, its key, its connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from websockets.exceptions import ConnectionClosedError, InvalidStatus

from sandbox.openai.server import build_server, listen
from sandbox.openai.settings import Settings
from tests.sandbox.openai_realtime.test_faults import order
from tests.sandbox.openai_realtime.test_refusals import closed
from tests.sandbox.openai_realtime.test_talk import INSTRUCTIONS, INTRODUCTION
from tests.sandbox.openai_realtime.wire import client, spoken


@asynccontextmanager
async def running(**settings: str) -> AsyncIterator[str]:
    socket = listen("127.0.0.1", 0)
    server = build_server(Settings(**settings))  # type: ignore[arg-type]
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(server.serve(sockets=[socket]))
        yield f"ws://127.0.0.1:{socket.getsockname()[1]}/v1"
        server.should_exit = True


async def test_a_talk_through_the_whole_server() -> None:
    async with running() as url, client(url) as line:
        await line.until("session.created")
        await line.configure(instructions=INSTRUCTIONS)
        assert spoken(await line.respond(output_modalities=["text"])) == INTRODUCTION


async def test_a_wrong_key_is_refused_before_the_upgrade() -> None:
    async with running(api_key="right") as url:
        with pytest.raises(InvalidStatus) as refused:
            async with client(url):
                pass
    assert refused.value.response.status_code == 401


async def test_a_dropped_connection_has_no_close_frame() -> None:
    async with running() as url, client(url) as line:
        await line.until("session.created")
        await line.configure(instructions=INSTRUCTIONS)
        order("drop", after_ms=100)
        with pytest.raises(ConnectionClosedError):
            await line.respond()
        assert await closed(line) == (1006, "")


async def test_a_handshake_may_be_slow() -> None:
    order("slow_handshake", seconds=0.3)
    loop = asyncio.get_running_loop()
    async with running() as url:
        began = loop.time()
        async with client(url) as line:
            assert loop.time() - began >= 0.3
            await line.until("session.created")


async def test_a_handshake_may_be_refused_and_the_next_one_is_not() -> None:
    order("status", status=429)
    async with running() as url:
        with pytest.raises(InvalidStatus) as refused:
            async with client(url):
                pass
        assert refused.value.response.status_code == 429
        async with client(url) as line:
            await line.until("session.created")


async def test_a_client_that_leaves_leaves_nothing_behind() -> None:
    before = len(asyncio.all_tasks())
    async with running() as url, client(url) as line:
        await line.until("session.created")
        await line.send("response.create")
        await line.until("response.created")
    assert len(asyncio.all_tasks()) == before
