"""Whole talks over loopback: the real sandbox's Realtime server, our gateway, and a callee who speaks with a voice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from audiogateway.audiosocket.server import AudioSocketServer
from audiogateway.pacing import Ticker
from audiogateway.realtime.connection import RealtimeAccess, open_voice
from audiogateway.roster import Roster
from audiogateway.session import Models, Surroundings
from calls.contracts import CommandName
from sandbox.speech.voice import synthesize
from tests.audiogateway.caller import Caller
from tests.audiogateway.fakes import CALL_ID, NOW, MemoryStore, ScriptedBus, Spawned, talk_order
from tests.openai_server import OpenAIServer


@dataclass
class Stage:
    """A gateway with one prepared call and its callee."""

    store: MemoryStore
    bus: ScriptedBus
    caller: Caller

    async def is_over(self) -> None:
        async with asyncio.timeout(20):
            await self.store.is_over.wait()


@asynccontextmanager
async def talk(server: OpenAIServer, **brief: Any) -> AsyncIterator[Stage]:
    store, bus, spawned, ticker = MemoryStore({CALL_ID: talk_order(**brief)}), ScriptedBus(), Spawned(), Ticker()
    models = Models("gpt-realtime-2.1", "gpt-transcribe", "marin")
    around = Surroundings(store, bus, ticker, spawned, models, lambda: NOW)
    access = RealtimeAccess(server.realtime_url, models.realtime, "test-key")
    roster = Roster(around, partial(open_voice, access), capacity=5, waiting_seconds=30)
    listener = AudioSocketServer(roster.answer)
    address = await listener.listen("127.0.0.1", 0)
    async with asyncio.TaskGroup() as tasks:
        clock = tasks.create_task(ticker.run())
        roster.prepare(CALL_ID)
        await store.is_ready.wait()
        caller = await Caller.call(address, CALL_ID)
        bus.on_command = lambda command: caller.hang_up() if command.name is CommandName.END_CALL else None
        line = tasks.create_task(caller.run())
        try:
            yield Stage(store, bus, caller)
        finally:
            caller.hang_up()
            await line
            await roster.emptied()
            await listener.close()
            await spawned.finished()
            clock.cancel()


async def test_a_helpful_person_is_asked_and_answers(openai_server: OpenAIServer) -> None:
    async with talk(openai_server) as stage:
        await stage.caller.say(synthesize("Hello?"))
        await stage.caller.wait_for_turn()
        await stage.caller.say(synthesize("Yes, that works for me."))
        await stage.is_over()
    assert stage.store.transcript == [
        (
            "agent",
            "Hello, this is an AI assistant calling on behalf of Miller Dental. "
            "Do you want to keep your appointment on Friday at ten?",
        ),
        ("callee", "Hello?"),
        ("callee", "Yes, that works for me."),
        ("agent", "Thank you. I have noted that you want to keep your appointment on Friday at ten. Goodbye."),
    ]
