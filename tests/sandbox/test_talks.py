"""Whole talks between the personas and the agent, both stand-ins on their wires, without the product."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest

from sandbox.pbx.server import serving
from sandbox.pbx.settings import Settings
from sandbox.speech import g711
from sandbox.speech.recognize import Recognizer
from tests.sandbox.bridge import Arguments, Bridge, Tool
from tests.sandbox.openai_realtime.test_talk import INSTRUCTIONS, INTRODUCTION, TEXT, TOOLS, tool
from tests.sandbox.openai_realtime.wire import client, stand_in
from tests.sandbox.pbx.lockstep import LockstepClock, LockstepTalk
from tests.sandbox.pbx.test_calls import answered
from tests.sandbox.pbx.wire import AmiClient, Gateway, Message, ami

ALL_TOOLS = [
    *TOOLS,
    tool("send_dtmf", digits=TEXT),
    tool("request_user_info", question=TEXT, say_meanwhile=TEXT, timeout_seconds={"type": "integer"}),
    tool("report_voicemail", leave_message={"type": "boolean"}),
]
MESSAGE = f"{INTRODUCTION} Please call us back. Goodbye."


async def acknowledge(bridge: Bridge, arguments: Arguments) -> dict[str, Any]:
    return {"ok": True}


class Stage:
    """Both stand-ins, and the persona's call once it is picked up. `hangup` comes when it is over."""

    def __init__(self, pbx: AmiClient, bridge: Bridge, call_id: str) -> None:
        self.pbx = pbx
        self.bridge = bridge
        self.call_id = call_id

    async def hangup(self) -> Message:
        return await self.pbx.until(Event="Hangup", Uniqueid=self.call_id)


@asynccontextmanager
async def on_the_telephone(persona: int, instructions: str = "", **tools: Tool) -> AsyncIterator[Stage]:
    """The agent has every tool; those that are not given are only acknowledged."""
    clock = LockstepClock()
    known = {each["name"]: acknowledge for each in ALL_TOOLS} | tools
    async with (
        serving(Settings("opendeep", "s3cret", port=0), clock=clock) as port,
        ami(port) as pbx,
        Gateway().serving() as gateway,
        stand_in() as url,
        client(url) as voice,
    ):
        await voice.configure(instructions=INSTRUCTIONS + instructions, tools=ALL_TOOLS)
        call_id, line = await answered(pbx, gateway, persona)

        async def press(bridge: Bridge, arguments: Arguments) -> dict[str, Any]:
            for digit in arguments["digits"]:
                await pbx.ask("PlayDTMF", Channel=call_id, Digit=digit)
            return {"ok": True}

        yield Stage(pbx, Bridge(LockstepTalk(line, clock), voice, known | {"send_dtmf": press}), call_id)


def beep_at(heard: bytes | bytearray) -> int | None:
    """Where a pure tone of 1 kHz ends that lasted 300 ms, in ms."""
    frames = np.frombuffer(g711.decode(bytes(heard)), "<i2").astype(float).reshape(-1, 160)
    spectra = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    pure = spectra[:, 20] > 0.9 * np.maximum(spectra.sum(axis=1), 1)
    runs = "".join("x" if each else " " for each in pure)
    return (runs.rindex("x") + 1) * 20 if "x" * 15 in runs else None


def agent_heard(sent: bytes, *sentences: str) -> str:
    """What the line carried of the agent's words, told by the sound."""
    heard = Recognizer(sentences, voice="agent").recognize(g711.decode(sent))
    return heard.text if heard else ""


async def test_the_helpful_person_agrees_and_takes_leave() -> None:
    async with on_the_telephone(0) as stage:
        await stage.bridge.talk()
        assert stage.bridge.said_by("callee")[0] == "Yes, that works for me."
        assert [each["outcome"] for each in stage.bridge.called("end_call")] == ["completed"]
        assert (await stage.hangup())["Cause"] == "16"


async def test_a_voicemail_is_reported_and_hung_up_on_when_no_message_shall_be_left() -> None:
    async def report(bridge: Bridge, arguments: Arguments) -> dict[str, Any]:
        return {"ok": True, "leave_message": False}

    async with on_the_telephone(3, report_voicemail=report) as stage:
        bridge = stage.bridge
        await bridge.talk()
        assert bridge.said_by("callee") == [
            "Hello, I cannot take your call right now. Please leave a message after the tone."
        ]
        assert bridge.calls[0] == ("report_voicemail", {"leave_message": False})
        assert [each["outcome"] for each in bridge.called("end_call")] == ["voicemail"]
        assert bridge.said_by("agent") == [INTRODUCTION]
        assert beep_at(bridge.heard) is None
        assert (await stage.hangup())["Cause"] == "16"


async def test_a_message_is_left_after_the_beep_word_for_word() -> None:
    beeped: list[int] = []

    async def report(bridge: Bridge, arguments: Arguments) -> dict[str, Any]:
        await bridge.until(lambda: beep_at(bridge.heard) is not None)
        beeped.append(bridge.now_ms)
        return {"ok": True, "leave_message": True}

    async with on_the_telephone(3, "If a machine answers, leave a message.\n", report_voicemail=report) as stage:
        bridge = stage.bridge
        await bridge.talk()
        assert bridge.called("report_voicemail") == [{"leave_message": True}]
        recorded = agent_heard(bytes(bridge.sent[beeped[0] * 8 :]), MESSAGE)
        assert recorded == MESSAGE
        assert [each["outcome"] for each in bridge.called("end_call")] == ["voicemail"]
        assert (await stage.hangup())["Cause"] == "16"


async def test_a_menu_is_left_by_the_right_key_and_the_person_behind_it_is_asked() -> None:
    async with on_the_telephone(6) as stage:
        bridge = stage.bridge
        await bridge.talk()
        assert bridge.called("send_dtmf") == [{"digits": "2"}]
        menu, hold, hello, answer = bridge.said_by("callee")[:4]
        assert menu.endswith("If you want to speak to a person, press two.")
        assert (hold, hello) == ("Please hold, you are being connected.", "Hello?")
        assert answer == "Yes, that works for me."
        # Nothing is said between the key and the person.
        assert bridge.said_by("agent")[:2] == [INTRODUCTION, INTRODUCTION]
        assert bridge.transcript.index(("callee", "Hello?")) < bridge.transcript.index(("agent", INTRODUCTION), 1)
        assert [each["outcome"] for each in bridge.called("end_call")] == ["completed"]


async def test_who_interrupts_is_answered_and_then_asked_again() -> None:
    async with on_the_telephone(8) as stage:
        bridge = stage.bridge
        await bridge.talk()
        assert bridge.interruptions[0] == pytest.approx(1700, abs=200)
        assert bridge.said_by("callee")[:2] == ["Excuse me, who is calling, please?", "Yes, that works for me."]
        assert bridge.said_by("agent")[1] == INTRODUCTION
        assert [each["outcome"] for each in bridge.called("end_call")] == ["completed"]


async def test_a_silent_callee_is_asked_for_when_the_gateway_wants_it_and_at_last_hung_up_on() -> None:
    async with on_the_telephone(9) as stage:
        bridge = stage.bridge
        bridge.orders = [
            (15_000, "The callee is silent. Ask whether they are still there."),
            (30_000, "The callee is still silent. Take leave; then the call is hung up."),
        ]
        await bridge.talk()
        assert bridge.said_by("callee") == []
        introduction, question, farewell = bridge.said_by("agent")
        assert introduction == INTRODUCTION
        assert question.startswith("Are you still there?")
        assert farewell == "I cannot hear you. We will try again another time. Goodbye."


@pytest.mark.parametrize("wait_ms", [2_000, 25_000])
async def test_a_question_is_answered_by_the_owner_while_the_callee_waits(wait_ms: int) -> None:
    async def ask_owner(bridge: Bridge, arguments: Arguments) -> dict[str, Any]:
        bridge.orders.append((bridge.now_ms, f'Say exactly: "{arguments["say_meanwhile"]}"'))
        answered_at = bridge.now_ms + wait_ms
        await bridge.until(lambda: bridge.now_ms >= answered_at)
        return {"ok": True, "answer": "Yes, dogs are welcome."}

    async with on_the_telephone(10, request_user_info=ask_owner) as stage:
        bridge = stage.bridge
        await bridge.talk()
        assert [each["question"] for each in bridge.called("request_user_info")] == [
            "Before I decide, may I bring my dog?"
        ]
        introduction, hold, answer = bridge.said_by("agent")[:3]
        assert (introduction, hold) == (INTRODUCTION, "One moment please, I am asking.")
        assert answer.startswith("Thank you for waiting. Yes, dogs are welcome.")
        assert bridge.said_by("callee")[1] == "Thank you for asking. Then yes, that works for me."
        assert [each["outcome"] for each in bridge.called("end_call")] == ["completed"]


async def test_a_question_that_nobody_answers_ends_with_the_promise_of_a_call_back() -> None:
    async def ask_owner(bridge: Bridge, arguments: Arguments) -> dict[str, Any]:
        bridge.orders.append((bridge.now_ms, f'Say exactly: "{arguments["say_meanwhile"]}"'))
        given_up_at = bridge.now_ms + 1000 * arguments["timeout_seconds"]
        await bridge.until(lambda: bridge.now_ms >= given_up_at)
        return {"ok": False, "status": "timeout"}

    async with on_the_telephone(10, request_user_info=ask_owner) as stage:
        bridge = stage.bridge
        await bridge.talk()
        assert bridge.said_by("agent")[-1] == ("I am sorry, I could not find that out. We will call you back. Goodbye.")
        assert bridge.now_ms > 30_000
        assert len(bridge.called("end_call")) == 1
        assert bridge.called("reschedule_call") == []


async def test_a_wrong_number_gets_an_apology() -> None:
    async with on_the_telephone(11) as stage:
        bridge = stage.bridge
        await bridge.talk()
        assert bridge.said_by("callee")[0] == "You have the wrong number. There is no such person here."
        assert bridge.said_by("agent")[1].startswith("I am sorry, I must have the wrong number.")
        assert [each["outcome"] for each in bridge.called("end_call")] == ["wrong_number"]


async def test_a_line_that_goes_dead_ends_the_talk_without_a_goodbye() -> None:
    async with on_the_telephone(13) as stage:
        bridge = stage.bridge
        await bridge.talk()
        assert bridge.called("end_call") == []
        assert (await stage.hangup())["Cause"] == "44"
