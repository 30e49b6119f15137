"""Whole talks over loopback: the real sandbox's Realtime server, our gateway, and a callee who speaks with a voice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from audiogateway.audio.g711 import linear_to_ulaw
from audiogateway.audiosocket.server import AudioSocketServer
from audiogateway.pacing import Ticker
from audiogateway.phrases import PhraseBook
from audiogateway.realtime.connection import RealtimeAccess, RealtimeClient
from audiogateway.recording.disk import Disk
from audiogateway.recording.recorder import Recorder
from audiogateway.roster import Roster
from calls.contracts import CommandName
from sandbox.speech.voice import synthesize
from tests.audiogateway.caller import Caller
from tests.audiogateway.fakes import CALL_ID, NOW, MemoryStore, ScriptedBus, Spawned, surroundings, talk_order
from tests.audiogateway.recording.listening import is_subsequence, listen
from tests.openai_server import OpenAIServer

pytestmark = pytest.mark.paced

INTRODUCTION = "Hello, this is an AI assistant calling on behalf of Miller Dental."
SHORT = {"opening": "Hello, this is the AI of Acme. Is this a good moment?", "on_behalf_of": "Acme"}


@dataclass
class Stage:
    """A gateway with one prepared call and its callee."""

    store: MemoryStore
    bus: ScriptedBus
    caller: Caller

    async def is_over(self) -> None:
        async with asyncio.timeout(30):
            await self.store.is_over.wait()


@asynccontextmanager
async def talk(
    server: OpenAIServer, recordings: Path | None = None, phrases: PhraseBook | None = None, /, **brief: Any
) -> AsyncIterator[Stage]:
    order = replace(talk_order(**brief), records=recordings is not None)
    store, bus, spawned, ticker, disk = MemoryStore({CALL_ID: order}), ScriptedBus(), Spawned(), Ticker(), Disk()
    disk.start()
    recorder = Recorder(recordings or Path(), disk, store, lambda: NOW)
    realtime = RealtimeClient(RealtimeAccess(server.realtime_url, "gpt-realtime-2.1", "test-key"))
    around = surroundings(
        store, bus, spawned, ticker=ticker, open_voice=realtime.open, phrases=phrases, recorder=recorder
    )
    roster = Roster(around, capacity=5, waiting_seconds=30)
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
            await realtime.close()
            await spawned.finished()
            clock.cancel()
            assert await asyncio.to_thread(disk.stop, 10)


async def test_a_helpful_person_is_asked_and_answers(openai_server: OpenAIServer) -> None:
    async with talk(openai_server) as stage:
        await stage.caller.say(synthesize("Hello?"))
        await stage.caller.wait_for_turn()
        await stage.caller.say(synthesize("Yes, that works for me."))
        await stage.is_over()
    assert sorted(stage.store.transcript[:2]) == [
        ("agent", f"{INTRODUCTION} Do you want to keep your appointment on Friday at ten?"),
        ("callee", "Hello?"),
    ]
    assert stage.store.transcript[2:] == [
        ("callee", "Yes, that works for me."),
        ("agent", "Thank you. I have noted that you want to keep your appointment on Friday at ten. Goodbye."),
    ]
    assert stage.store.events == [("end_call", {"reason": "The question was answered.", "outcome": "completed"})]
    assert stage.store.over == ["agent_ended"]
    assert {record.source for record in stage.store.usage} == {"realtime", "transcription"}
    assert stage.store.figures["interruptions"] == 0


async def test_the_recording_of_a_talk_is_what_was_sent_and_what_was_received(
    openai_server: OpenAIServer, tmp_path: Path
) -> None:
    said = synthesize("Hello?"), synthesize("Yes, that works for me.")
    async with talk(openai_server, tmp_path) as stage:
        for sound in said:
            await stage.caller.say(sound)
            await stage.caller.wait_for_turn()
        await stage.is_over()
    finished = stage.store.recordings[-1]
    heard = listen(tmp_path / finished.path)
    assert finished.duration_ms == len(heard.callee) // 8
    # A busy machine adds silence where its clock stood still, and a frame of a callee who is ahead may be dropped.
    sent, received = without_silence(linear_to_ulaw(bytes(stage.caller.heard))), without_silence(heard.agent)
    assert received.startswith(sent) and len(received) - len(sent) <= 160 * 10
    spoken, kept = without_silence(linear_to_ulaw(b"".join(said))), without_silence(heard.callee)
    assert is_subsequence(kept, spoken)
    assert len(spoken) - len(kept) <= finished.dropped_ms * 8


def without_silence(track: bytes) -> bytes:
    return track.replace(b"\xff", b"")


async def test_somebody_who_says_never_again_is_put_on_the_list_before_the_call_ends(
    openai_server: OpenAIServer,
) -> None:
    async with talk(openai_server, **SHORT) as stage:
        await stage.caller.wait_for_turn()
        await stage.caller.say(synthesize("Never call me again. Take me off your list."))
        await stage.is_over()
    assert stage.store.do_not_call == ["The callee asked not to be called again."]
    assert stage.store.transcript[-1][1].endswith("we will not call you again. Goodbye.")
    assert stage.store.over == ["agent_ended"]


async def test_an_interrupted_agent_is_silent_and_only_what_was_heard_is_written_down(
    openai_server: OpenAIServer,
) -> None:
    openai_server.fault(target="realtime", kind="two_audio_items")
    async with talk(openai_server) as stage:
        await stage.caller.wait_for_speech()
        await stage.caller.listen(seconds=2.0)
        await stage.caller.say(synthesize("Sorry, this is a bad moment. Please call me tomorrow at ten."))
        await stage.is_over()
    first = stage.store.transcript[0][1]
    assert first.startswith("Hello, this is")
    assert first in INTRODUCTION and first != INTRODUCTION
    assert stage.store.transcript[1] == (
        "callee",
        "Sorry, this is a bad moment. Please call me tomorrow at ten.",
    )
    assert stage.store.figures["interruptions"] == 1
    reschedule, end = stage.bus.commands
    assert reschedule.args["when"] == "2026-11-23T10:00:00-05:00"
    assert (reschedule.name, end.name) == (CommandName.RESCHEDULE, CommandName.END_CALL)


async def test_what_is_said_while_hanging_up_is_still_written_down(openai_server: OpenAIServer) -> None:
    async with talk(openai_server, **SHORT) as stage:
        await stage.caller.wait_for_turn()
        await stage.caller.say(synthesize("Yes, please."))
        stage.caller.hang_up()
        await stage.is_over()
    assert stage.store.transcript[-1] == ("callee", "Yes, please.")
    assert stage.store.over == ["callee_hung_up"]


async def test_a_model_that_fails_once_is_asked_again(openai_server: OpenAIServer) -> None:
    openai_server.fault(target="realtime", kind="rate_limited")
    async with talk(openai_server, **SHORT) as stage:
        await stage.caller.wait_for_turn()
        stage.caller.hang_up()
        await stage.is_over()
    assert stage.store.transcript[0] == ("agent", "Hello, this is the AI of Acme. Is this a good moment?")


async def test_a_talk_outlives_what_it_does_not_understand(openai_server: OpenAIServer) -> None:
    openai_server.fault(target="realtime", kind="nonsense", after_ms=200)
    async with talk(openai_server, **SHORT) as stage:
        await stage.caller.wait_for_turn()
        stage.caller.hang_up()
        await stage.is_over()
    assert stage.store.transcript == [("agent", "Hello, this is the AI of Acme. Is this a good moment?")]
