"""Redis and the database go away in the middle of a talk: the talk goes on, and everything is written later, once."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from asgiref.sync import sync_to_async
from django.db import connections

from calls.models import Call, CallEvent, Turn, Usage
from calls.states import State
from sandbox.speech.voice import synthesize
from tests.audiogateway.caller import Caller
from tests.audiogateway.test_worker import Stage, gateway, layer, new_call, until
from tests.openai_server import OpenAIServer
from tests.redis_server import RunningRedis

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]

__all__ = ["layer"]
SHORT = {"opening": "Hello, this is the AI of Acme. Is this a good moment?", "on_behalf_of": "Acme"}
LATER = "Please call me tomorrow at ten."
PROMISE = "Thank you. I will call you again"


@contextmanager
def locked_database() -> Iterator[None]:
    """Nobody else can write to the SQLite file."""
    lock = sqlite3.connect(connections["default"].settings_dict["NAME"], isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        lock.execute("ROLLBACK")
        lock.close()


@pytest.fixture
def impatient_database() -> Iterator[None]:
    """A write that finds the file locked fails soon, as one to a server that is away."""
    options = connections["default"].settings_dict["OPTIONS"]
    usual, options["timeout"] = options["timeout"], 0.1
    yield
    options["timeout"] = usual


async def answered(stage: Stage) -> tuple[Call, Caller, "asyncio.Task[None]"]:
    """A call in which the callee has said hello and was asked."""
    call = await new_call(**SHORT)
    await stage.send("voice.prepare", call)
    await until(call, lambda row: row.voice_ready_at)
    times = {"dialing_at": call.created_at, "answered_at": call.created_at}
    await Call.objects.filter(id=call.id).aupdate(state=State.ANSWERED, **times)
    caller = await Caller.call(stage.address, call.id)
    line = asyncio.get_running_loop().create_task(caller.run())
    await caller.say(synthesize("Hello?"))
    await caller.wait_for_turn()
    return call, caller, line


def transcript(call: Call) -> list[tuple[str, str]]:
    return list(Turn.objects.filter(call=call).order_by("position").values_list("speaker", "heard_text"))


@pytest.mark.usefixtures("layer", "impatient_database")
async def test_a_talk_goes_on_without_redis_and_database_and_is_written_down_later(
    openai_server: OpenAIServer, redis_server: RunningRedis
) -> None:
    async with gateway(openai_server) as stage:
        call, caller, line = await answered(stage)
        before = await sync_to_async(transcript)(call)
        redis_server.stop()
        try:
            with locked_database():
                await caller.say(synthesize(LATER))
                await line
                assert caller.was_hung_up_on
                during = await Call.objects.aget(id=call.id)
                assert (during.state, during.talk_over_at) == (State.TALKING, None)
                assert len(await sync_to_async(transcript)(call)) <= len(before)
        finally:
            redis_server.start()
        row = await until(call, lambda row: row.talk_over_at)
    assert row.talk_over_cause == "agent_ended"
    written = await sync_to_async(transcript)(call)
    assert written[:1] == [("callee", "Hello?")]
    assert written[1][1].startswith("Hello, this is the AI of Acme.")
    assert written[2] == ("callee", LATER)
    assert (written[3][1].startswith(PROMISE), len(written)) == (True, 4)
    kinds = [event.kind async for event in CallEvent.objects.filter(call=call).order_by("id")]
    said = [kinds.count(kind) for kind in ("voice_ready", "media_up", "reschedule_requested", "end_call", "talk_over")]
    assert said == [1] * 5, kinds
    assert kinds.index("reschedule_requested") < kinds.index("end_call") < kinds.index("talk_over")
    assert await Usage.objects.filter(call=call, source="realtime").acount() >= 3
