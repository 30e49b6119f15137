"""Questions to the owner in the middle of a talk, on the clock of the line."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from audiogateway.asking import LAST_WORD_MS, LOOK_MS, REMIND_MS, STILL_ASKING, WRITTEN_MS
from audiogateway.phase import Phase
from audiogateway.realtime import events
from tests.audiogateway.scripted_talk import VOICED_FRAME
from tests.audiogateway.stage import Stage, sound

QUESTION = {"question": "May she bring her dog?", "say_meanwhile": "One moment please.", "timeout_seconds": 60}
HINT_MS = 200


class Asked(Stage):
    """The model has called request_user_info, and its hold phrase was heard."""

    def __init__(self, *, max_seconds: int = 900) -> None:
        super().__init__(max_seconds=max_seconds)
        self.connect()
        self.an_answer_begins()
        self.responses = 1
        self.voice.sent.clear()

    async def call(self, call: str = "call_1", **arguments: Any) -> None:
        response = f"r{self.responses}"
        text = json.dumps({**QUESTION, **arguments})
        self.session.on_event(events.ToolCalled(response, f"item_{call}", call, "request_user_info", text))
        self.session.on_event(events.ResponseDone(response, "completed", "", ""))
        await self.passes(1000)

    def agent_speaks(self) -> None:
        """The response that was asked for last, as the server makes it."""
        self.responses += 1
        response, item = f"r{self.responses}", f"a{self.responses}"
        for event in (
            events.ResponseCreated(response),
            events.AgentAudio(response, item, sound(400)),
            events.AgentAudioDone(response, item),
            events.ResponseDone(response, "completed", "", ""),
        ):
            self.session.on_event(event)

    async def passes(self, ms: int) -> None:
        """Lets time pass in steps. What is spawned gets its turn, but nothing is waited for; the server answers."""
        end = self.clock.seconds + ms / 1000
        while True:
            self.ticker.run_due()
            for _ in range(4):
                await asyncio.sleep(0)
            if ms and len(self.asked_for()) >= self.responses:
                self.agent_speaks()
            if self.clock.seconds >= end:
                return
            self.clock.seconds = min(self.clock.seconds + 0.1, end)

    def outputs(self) -> list[dict[str, Any]]:
        items = [event["item"] for event in self.voice.sent if event["type"] == "conversation.item.create"]
        return [json.loads(item["output"]) for item in items]

    def asked_for(self) -> list[str]:
        wanted = [event for event in self.voice.sent if event["type"] == "response.create"]
        return [event.get("response", {}).get("instructions", "") for event in wanted]


@pytest.fixture
async def stage() -> AsyncIterator[Asked]:
    asked = Asked()
    await asked.call()
    yield asked
    asked.session.end_now("test over")
    asked.session.on_line_closed("test over")
    await asked.spawned.finished()


async def test_the_question_is_written_down_with_its_deadline(stage: Asked) -> None:
    question = stage.store.questions["call_1"]
    assert question.text == "May she bring her dog?"
    assert (question.deadline - question.asked_at).total_seconds() == 60
    assert '"One moment please."' in stage.asked_for()[-1]


async def test_a_hint_brings_the_answer_into_the_talk_at_once(stage: Asked) -> None:
    stage.store.change_question("call_1", "answered", "Yes, gladly.")
    stage.session.asking.look()
    await stage.passes(HINT_MS)
    (output,) = stage.outputs()
    assert output["answer"] == "Yes, gladly."
    assert stage.asked_for()[-1] == ""


async def test_a_lost_hint_costs_seconds_and_nothing_else(stage: Asked) -> None:
    stage.store.change_question("call_1", "answered", "Yes, gladly.")
    await stage.passes(LOOK_MS + HINT_MS)
    assert stage.outputs()[0]["answer"] == "Yes, gladly."


async def test_at_the_deadline_the_agent_promises_to_call_back(stage: Asked) -> None:
    await stage.passes(60_000)
    (output,) = stage.outputs()
    assert output["status"] == "timeout" and "call back" in output["next"]
    assert stage.store.questions["call_1"].status == "expired"
    assert stage.session.phase is Phase.TALKING


async def test_an_answer_in_the_last_moment_counts(stage: Asked) -> None:
    await stage.passes(58_900)
    stage.store.change_question("call_1", "answered", "Yes.")
    await stage.passes(500)
    assert stage.outputs()[0]["answer"] == "Yes."


async def test_the_owner_may_go_on_without(stage: Asked) -> None:
    stage.store.change_question("call_1", "dismissed")
    stage.session.asking.look()
    await stage.passes(HINT_MS)
    assert stage.outputs()[0]["ok"] is True and "go on without it" in stage.outputs()[0]["next"]


async def test_the_callee_is_told_now_and_then_that_the_agent_still_asks(stage: Asked) -> None:
    before = len(stage.asked_for())
    await stage.passes(REMIND_MS - 2000)
    assert len(stage.asked_for()) == before
    await stage.passes(2000)
    assert stage.asked_for()[before:] == [STILL_ASKING]
    await stage.passes(REMIND_MS)
    assert stage.asked_for()[before:] == [STILL_ASKING, STILL_ASKING]


async def test_the_reminder_waits_until_the_callee_has_spoken(stage: Asked) -> None:
    before = len(stage.asked_for())
    for _ in range(5):
        stage.session.on_audio(VOICED_FRAME)
    stage.session.on_event(events.SpeechStarted("u2", 0))
    await stage.passes(REMIND_MS + 1000)
    assert len(stage.asked_for()) == before
    stage.session.on_event(events.SpeechStopped("u2", 0))
    assert stage.asked_for()[before:] == [""]  # what was said is answered


async def test_a_callee_who_hangs_up_is_not_waited_for(stage: Asked) -> None:
    stage.session.on_line_closed("closed by the PBX")
    stage.session.on_event(events.CalleeTranscript("u1", "Hello?"))
    await stage.spawned.finished()
    assert stage.session.phase is Phase.OVER
    assert stage.store.over == ["callee_hung_up"]
    assert stage.store.questions["call_1"].status == "open"  # the end of the call withdraws it


async def test_a_question_after_the_callee_has_gone_waits_for_nobody(stage: Asked) -> None:
    stage.session.on_line_closed("closed by the PBX")  # what the callee said last is still transcribed
    await stage.call("call_2", question="And who pays?")
    stage.session.on_event(events.CalleeTranscript("u1", "Hello?"))
    async with asyncio.timeout(5):
        await stage.spawned.finished()
    assert "call_2" not in stage.store.questions


async def test_the_agent_may_end_the_call_while_it_asks(stage: Asked) -> None:
    stage.session.end_after_last_words("agent_ended")
    await stage.passes(1000)
    assert [command.name for command in stage.bus.commands] == ["end_call"]
    assert stage.outputs()[-1]["next"] == "The talk is over."


async def test_the_same_question_asked_again_is_not_asked_twice(stage: Asked) -> None:
    stage.session.on_event(events.SpeechStarted("u2", 0))
    stage.session.on_event(events.SpeechStopped("u2", 0))
    stage.responses += 1
    stage.session.on_event(events.ResponseCreated(f"r{stage.responses}"))
    await stage.call("call_2", question="may she bring her dog?")
    await stage.passes(1000)
    assert list(stage.store.questions) == ["call_1"]
    stage.store.change_question("call_1", "answered", "Yes.")
    stage.session.asking.look()
    await stage.passes(HINT_MS)
    assert [output["answer"] for output in stage.outputs()] == ["Yes.", "Yes."]


async def test_no_answer_is_waited_for_that_could_not_be_told_any_more() -> None:
    stage = Asked(max_seconds=40)
    await stage.call()
    assert (question := stage.store.questions["call_1"]).deadline
    assert (question.deadline - question.asked_at).total_seconds() == 25
    stage.session.on_line_closed("test over")


async def test_without_a_database_the_talk_goes_on_and_the_callee_is_called_back() -> None:
    stage = Asked()
    stage.store.takes_questions = False
    await stage.call()
    await stage.passes(WRITTEN_MS + HINT_MS)
    (output,) = stage.outputs()
    assert "Your owner cannot be asked now" in output["error"]
    assert stage.session.phase is Phase.TALKING
    stage.session.on_line_closed("test over")


async def test_a_database_that_goes_away_meanwhile_does_not_hold_the_agent_up(stage: Asked) -> None:
    await stage.passes(3 * LOOK_MS)
    stage.store.takes_questions = False
    await stage.passes(60_000 + LAST_WORD_MS)
    assert stage.outputs()[0]["status"] == "timeout"
