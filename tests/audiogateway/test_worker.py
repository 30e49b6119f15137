"""One gateway with all its parts: a real Redis, the database, and the stand-in for the model."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from asgiref.sync import sync_to_async
from channels.layers import channel_layers
from django.conf import settings
from django.test import override_settings

from audiogateway.realtime.connection import RealtimeAccess
from audiogateway.surroundings import Models
from audiogateway.worker import Config, serve
from calls.contracts import GATEWAY_KEY_PREFIX, GatewayInfo
from calls.models import Call
from calls.states import State
from opendeep.core.redis import async_connection
from tests.audiogateway.caller import Caller
from tests.factories import make_brief, make_call, make_organization
from tests.openai_server import OpenAIServer
from tests.rig.ports import free_tcp_port

pytestmark = [pytest.mark.paced, pytest.mark.django_db(transaction=True)]

GATEWAY = "gateway-1"  # which the factory's calls are tied to


@dataclass
class Stage:
    address: tuple[str, int]
    stopping: asyncio.Event
    info: GatewayInfo

    async def send(self, kind: str, call: Call) -> None:
        await channel_layers["default"].send(self.info.channel, {"type": kind, "call_id": str(call.id)})


@asynccontextmanager
async def gateway(server: OpenAIServer, *, drain_seconds: float = 5) -> AsyncIterator[Stage]:
    address, stopping = ("127.0.0.1", free_tcp_port()), asyncio.Event()
    config = Config(
        bind=address,
        advertise=address,
        capacity=3,
        waiting_seconds=30,
        drain_seconds=drain_seconds,
        access=RealtimeAccess(server.realtime_url, "gpt-realtime-2.1", "test-key"),
        models=Models("gpt-realtime-2.1", "gpt-transcribe", "marin"),
        recordings_root=Path(settings.RECORDINGS_ROOT),
        gateway_id=GATEWAY,
    )
    async with asyncio.TaskGroup() as tasks:
        process = tasks.create_task(serve(config, stopping))
        try:
            yield Stage(address, stopping, await registered())
        finally:
            stopping.set()
            await process


async def registered() -> GatewayInfo:
    client = async_connection()
    while not (text := await client.get(GATEWAY_KEY_PREFIX + GATEWAY)):  # noqa: ASYNC110 - Redis tells nobody of a key
        await asyncio.sleep(0.02)
    await client.connection_pool.disconnect()
    return GatewayInfo.decode(str(text))


async def until(call: Call, condition: Callable[[Call], object]) -> Call:
    async with asyncio.timeout(15):
        while not condition(current := await Call.objects.aget(id=call.id)):  # noqa: ASYNC110 - nor does a database
            await asyncio.sleep(0.02)
    return current


@pytest.fixture
def layer(redis_url: str) -> Iterator[None]:
    layers = {"default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [redis_url]}}}
    with override_settings(CHANNEL_LAYERS=layers):
        yield


async def new_call(**brief: str) -> Call:
    """A call that waits for its voice."""
    organization = await sync_to_async(make_organization)()
    values = make_brief(first_speaker="callee", **brief).to_json()
    call: Call = await sync_to_async(make_call)(State.PREPARING, organization=organization, brief=values)
    return call


async def talking_call(stage: Stage) -> tuple[Call, Caller, asyncio.Task[None]]:
    """A call that was prepared and answered; the task is the caller's side of its line."""
    call = await new_call()
    await stage.send("voice.prepare", call)
    await until(call, lambda row: row.voice_ready_at)
    await Call.objects.filter(id=call.id).aupdate(
        state=State.ANSWERED, dialing_at=call.created_at, answered_at=call.created_at
    )
    caller = await Caller.call(stage.address, call.id)
    line = asyncio.get_running_loop().create_task(caller.run())
    await until(call, lambda row: row.state == State.TALKING)
    return call, caller, line


@pytest.mark.usefixtures("layer")
async def test_a_call_is_prepared_talked_and_written_down(openai_server: OpenAIServer) -> None:
    async with gateway(openai_server) as stage:
        call, caller, line = await talking_call(stage)
        caller.hang_up()
        await line
        row = await until(call, lambda row: row.talk_over_at)
    assert row.talk_over_cause == "callee_hung_up"
    assert row.figures["prompt"].startswith("v1:")


@pytest.mark.usefixtures("layer")
async def test_a_model_that_refuses_sends_the_call_back_to_the_queue(openai_server: OpenAIServer) -> None:
    async with gateway(openai_server) as stage:
        openai_server.fault(target="realtime", kind="status", status=401)
        call = await new_call()
        await stage.send("voice.prepare", call)
        await until(call, lambda row: row.state == State.QUEUED)


@pytest.mark.usefixtures("layer")
async def test_a_gateway_that_is_told_to_stop_ends_its_talks_and_writes_them_down(openai_server: OpenAIServer) -> None:
    async with gateway(openai_server, drain_seconds=0) as stage:
        call, caller, line = await talking_call(stage)
        stage.stopping.set()
        await line
    row = await Call.objects.aget(id=call.id)
    assert row.talk_over_cause == "stopped"
    assert caller.was_hung_up_on
