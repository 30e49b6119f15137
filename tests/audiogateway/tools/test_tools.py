"""Each tool against a desk in memory, through the same door as the model's calls."""

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.realtime import RealtimeFunctionTool

from audiogateway.asking import OwnersWord, Word
from audiogateway.phone_menu import MAX_SENDS, PhoneMenu
from audiogateway.realtime.events import ToolCalled
from audiogateway.tool_calls import MAX_CALLS, ToolCalls
from audiogateway.tools import TOOLS, TOOLS_JSON, offered_json
from audiogateway.tools.base import Desk
from calls.contracts import Ack, CommandName
from tests.audiogateway.fakes import NOW, MemoryStore, ScriptedBus, Spawned, talk_order

MENU = "For new appointments, press one. If you want to speak to a person, press two."


@dataclass
class Model:
    """Calls tools as the model does, and keeps their outputs."""

    store: MemoryStore = field(default_factory=MemoryStore)
    bus: ScriptedBus = field(default_factory=ScriptedBus)
    spawned: Spawned = field(default_factory=Spawned)
    sent: list[dict[str, Any]] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    brief: dict[str, Any] = field(default_factory=dict)
    owner: OwnersWord = OwnersWord(Word.NO_ANSWER)
    asked: int = 0
    transfer_ring_seconds: int = 30

    def __post_init__(self) -> None:
        self.calls = ToolCalls(self._desk, self.spawned, lambda event: self.sent.append(json.loads(event)), self._ask)
        self._count = 0
        self._menu = PhoneMenu()
        self.machine_records = False

    async def call(self, name: str, arguments: str) -> dict[str, Any]:
        self._count += 1
        self.calls.called(ToolCalled("r1", f"item_{self._count}", f"call_{self._count}", name, arguments))
        await self.spawned.finished()
        output: dict[str, Any] = json.loads(self.sent[-1]["item"]["output"])
        return output

    def end_after_last_words(self, cause: str) -> None:
        self.ended.append(cause)

    def heard_texts(self) -> list[str]:
        return self.heard

    def keys_were_pressed(self) -> None:
        self.told.append("keys")

    def transfer_after_last_words(self, reason: str, command_id: str) -> None:
        self.told.append(f"transfer {command_id}: {reason}")

    def voicemail_answered(self, *, leave_message: bool) -> bool:
        self.told.append("leave a message" if leave_message else "hang up")
        return self.machine_records

    async def ask(self, command_id: str, text: str, *, say_meanwhile: str, seconds: int) -> OwnersWord:
        self.told.append(f"{say_meanwhile} {command_id}: {text} {seconds} s")
        return self.owner

    def _ask(self) -> None:
        self.asked += 1

    def _desk(self, command_id: str) -> Desk:
        order = replace(talk_order(**self.brief), transfer_ring_seconds=self.transfer_ring_seconds)
        return Desk(order, self, self._menu, self.store, self.bus, lambda: NOW, command_id, self)


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.mark.parametrize("tool", TOOLS_JSON, ids=lambda tool: str(tool["name"]))
def test_a_tool_is_told_in_the_shape_of_the_reference(tool: dict[str, Any]) -> None:
    assert RealtimeFunctionTool.model_validate(tool).model_extra == {}
    assert tool["parameters"]["additionalProperties"] is False
    assert tool["parameters"]["required"] == list(tool["parameters"]["properties"])


async def test_end_call_is_noted_and_ends_the_talk_without_another_word(model: Model) -> None:
    assert await model.call("end_call", '{"reason": "Done.", "outcome": "completed"}') == {"ok": True}
    assert model.store.events == [("end_call", {"reason": "Done.", "outcome": "completed"})]
    assert model.ended == ["agent_ended"]
    assert model.asked == 0


async def test_mark_do_not_call_is_kept_at_once(model: Model) -> None:
    output = await model.call("mark_do_not_call", '{"reason": "Never again."}')
    assert output["ok"] is True
    assert model.store.do_not_call == ["Never again."]
    assert model.asked == 1


async def test_reschedule_call_is_sent_to_who_controls_the_call(model: Model) -> None:
    output = await model.call("reschedule_call", '{"when": "2026-11-23T10:00", "reason": "No time."}')
    (command,) = model.bus.commands
    assert command.name is CommandName.RESCHEDULE
    assert command.args == {"when": "2026-11-23T10:00:00-05:00", "reason": "No time."}
    assert command.command_id == "call_1"
    assert (output["ok"], output["when"]) == (True, "2026-11-23T10:00")
    assert model.store.reschedules == []


async def test_reschedule_call_is_written_down_when_nobody_acknowledges(model: Model) -> None:
    model.bus.answer = None
    output = await model.call("reschedule_call", '{"when": "2026-11-23T10:00", "reason": "No time."}')
    assert output["ok"] is True
    assert model.store.reschedules == [datetime(2026, 11, 23, 15, 0, tzinfo=UTC)]


async def test_reschedule_call_that_is_refused_is_told_to_the_model(model: Model) -> None:
    model.bus.answer = Ack("", False, "the campaign ends before")
    output = await model.call("reschedule_call", '{"when": "2026-11-23T10:00", "reason": "No time."}')
    assert output["ok"] is False
    assert "the campaign ends before" in output["error"]


@pytest.mark.parametrize(
    ("when", "local"),
    [
        ("2026-11-23T10:00", "2026-11-23T10:00"),
        ("2026-11-23T10:00:00", "2026-11-23T10:00"),
        ("2026-11-23T15:00+00:00", "2026-11-23T10:00"),  # an offset all the same: it counts
        ("2026-11-23T15:00Z", "2026-11-23T10:00"),
        ("tomorrow at 3 pm", "2026-11-23T15:00"),
        ("in two hours", "2026-11-22T18:30"),
    ],
)
async def test_times_are_the_callees(model: Model, when: str, local: str) -> None:
    output = await model.call("reschedule_call", json.dumps({"when": when, "reason": "No time."}))
    assert output.get("when") == local


@pytest.mark.parametrize(
    ("when", "problem"),
    [
        ("2026-11-22T16:29", "in the past"),
        ("2027-12-24T10:00", "more than a year"),
        ("2026-13-45T10:00", "no date and time"),
        ("tomorrow at ten", "no date and time"),  # dateparser would take it for this time tomorrow
        ("sometime", "no date and time"),
        ("", "no date and time"),
    ],
)
async def test_a_time_that_cannot_be_used_says_what_to_do(model: Model, when: str, problem: str) -> None:
    output = await model.call("reschedule_call", json.dumps({"when": when, "reason": "No time."}))
    assert problem in output["error"]
    assert model.bus.commands == []


async def test_keys_are_pressed_and_the_agent_stays_silent(model: Model) -> None:
    assert (await model.call("send_dtmf", '{"digits": "2w4711#"}'))["ok"] is True
    (command,) = model.bus.commands
    assert (command.name, command.args) == (CommandName.SEND_DTMF, {"digits": "2w4711#"})
    assert model.store.events == [("keys_pressed", {"digits": "2w4711#", "problem": ""})]
    assert (model.asked, model.told) == (0, ["keys"])


@pytest.mark.parametrize("digits", ["", "5 5", "+1", "2\\r\\nAction: Originate", "E", "press 2", "1" * 33])
async def test_what_is_no_key_is_not_pressed(model: Model, digits: str) -> None:
    output = await model.call("send_dtmf", f'{{"digits": "{digits}"}}')
    assert "arguments cannot be used" in output["error"]
    assert model.bus.commands == []


@pytest.mark.parametrize(
    ("answer", "words"),
    [(None, "It is unknown"), (Ack("", False, "The PBX is not connected."), "The PBX is not connected.")],
)
async def test_keys_that_were_not_pressed_are_told_to_the_model(model: Model, answer: Ack | None, words: str) -> None:
    model.bus.answer = answer
    output = await model.call("send_dtmf", '{"digits": "2"}')
    assert words in output["error"]
    assert (model.asked, model.told) == (1, [])
    assert model.store.events[0][1]["problem"].startswith(words[:12]) or words in model.store.events[0][1]["problem"]


async def test_long_digits_get_the_time_they_take(model: Model) -> None:
    await model.call("send_dtmf", json.dumps({"digits": "w" * 20}))
    assert model.bus.taken_seconds == [10.0]


async def test_no_more_keys_are_pressed_when_the_same_menu_was_heard_three_times(model: Model) -> None:
    model.heard = [MENU, "This is not a valid choice.", MENU.replace("appointments", "appointment"), MENU]
    output = await model.call("send_dtmf", '{"digits": "2"}')
    assert "same menu" in output["error"] and "end_call" in output["error"]
    assert (model.bus.commands, model.asked) == ([], 1)


async def test_a_model_that_presses_keys_for_ever_is_stopped(model: Model) -> None:
    for _ in range(MAX_SENDS):
        assert (await model.call("send_dtmf", '{"digits": "2"}'))["ok"] is True
    assert "pressed keys" in (await model.call("send_dtmf", '{"digits": "2"}'))["error"]
    assert len(model.bus.commands) == MAX_SENDS


@pytest.mark.parametrize(
    ("policy", "argument", "done"),
    [
        ("as_instructed", True, "leave a message"),
        ("as_instructed", False, "hang up"),
        ("leave_message", False, "leave a message"),
        ("hang_up", True, "hang up"),
    ],
)
async def test_the_order_decides_whether_a_voicemail_gets_a_message(
    model: Model, policy: str, argument: bool, done: str
) -> None:
    model.brief = {"voicemail": policy}
    output = await model.call("report_voicemail", json.dumps({"leave_message": argument}))
    leaves = done == "leave a message"
    assert (model.told, output["leave_message"], model.asked) == ([done], leaves, 0)
    assert model.store.events == [("voicemail", {"leave_message": leaves})]


async def test_a_message_is_wanted_at_once_of_a_machine_that_records_already(model: Model) -> None:
    assert (await model.call("report_voicemail", '{"leave_message": true}'))["next"].startswith("Say nothing now.")
    assert model.asked == 0
    model.machine_records = True
    assert "your turn now" in (await model.call("report_voicemail", '{"leave_message": true}'))["next"]
    assert model.asked == 1


async def test_a_call_that_ended_at_a_voicemail_ends_as_one(model: Model) -> None:
    await model.call("end_call", '{"reason": "A message was left.", "outcome": "voicemail"}')
    assert model.ended == ["voicemail"]


async def test_a_transfer_waits_for_the_last_words_and_names_no_number(model: Model) -> None:
    assert (await model.call("transfer_call", '{"reason": "Wants a person."}'))["ok"] is True
    assert (model.told, model.asked) == (["transfer call_1: Wants a person."], 0)
    output = await model.call("transfer_call", '{"reason": "Wants a person.", "number": "+19005550123"}')
    assert "number" in output["error"]


async def test_where_there_is_nobody_the_model_is_not_offered_a_transfer(model: Model) -> None:
    model.transfer_ring_seconds = 0
    assert "nobody to put them through to" in (await model.call("transfer_call", '{"reason": "x"}'))["error"]
    assert (model.told, model.asked) == ([], 1)
    offered = {tool["name"] for tool in offered_json(talk_order())}
    assert offered == {*TOOLS} - {"transfer_call"}
    assert len(offered_json(replace(talk_order(), transfer_ring_seconds=20))) == len(TOOLS)


@pytest.mark.parametrize("name", list(TOOLS))
@pytest.mark.parametrize(
    "arguments",
    ["", "nonsense", "[]", "null", "{}", '{"reason": 5}', '{"reason": "x", "number": "+12025550100"}', '{"reason": "'],
)
async def test_arguments_that_break_the_schema_are_told_to_the_model(model: Model, name: str, arguments: str) -> None:
    output = await model.call(name, arguments)
    assert output["ok"] is False
    assert "arguments cannot be used" in output["error"]
    assert (model.ended, model.store.do_not_call, model.bus.commands) == ([], [], [])


async def test_an_outcome_that_does_not_exist_is_refused(model: Model) -> None:
    output = await model.call("end_call", '{"reason": "Done.", "outcome": "great"}')
    assert "outcome" in output["error"]
    assert model.ended == []


async def test_a_tool_that_does_not_exist_is_told_to_the_model(model: Model) -> None:
    output = await model.call("call_other_number", '{"number": "+12025550100"}')
    assert "no tool" in output["error"]


async def test_a_model_in_a_loop_is_stopped(model: Model) -> None:
    for _ in range(MAX_CALLS):
        await model.call("mark_do_not_call", '{"reason": "Again."}')
    output = await model.call("mark_do_not_call", '{"reason": "Again."}')
    assert "Too many" in output["error"]
    assert len(model.store.do_not_call) == MAX_CALLS


async def test_a_tool_that_breaks_gives_the_model_an_answer(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model.store, "mark_do_not_call", None)
    output = await model.call("mark_do_not_call", '{"reason": "Never again."}')
    assert output["ok"] is False


@given(name=st.sampled_from([*TOOLS, "x"]), arguments=st.text(max_size=60))
async def test_whatever_the_model_writes_gets_an_answer(name: str, arguments: str) -> None:
    output = await Model().call(name, arguments)
    assert "ok" in output


# request_user_info

ASK = '{"question": "May she bring her dog?", "say_meanwhile": "One moment please.", "timeout_seconds": %s}'


@pytest.mark.parametrize(("wanted", "asked"), [(60, 60), (1, 15), (100_000, 180), (-5, 15)])
async def test_the_owner_is_asked_for_a_sane_time_while_the_callee_hears_why(
    model: Model, wanted: int, asked: int
) -> None:
    await model.call("request_user_info", ASK % wanted)
    assert model.told == [f"One moment please. call_1: May she bring her dog? {asked} s"]


@pytest.mark.parametrize(
    ("word", "ok", "told"),
    [
        (OwnersWord(Word.ANSWERED, "Yes."), True, "Tell the callee the answer"),
        (OwnersWord(Word.GO_ON), True, "go on without it"),
        (OwnersWord(Word.NO_ANSWER), False, "we will call back"),
        (OwnersWord(Word.UNREACHABLE), False, "Your owner cannot be asked now"),
    ],
)
async def test_the_model_is_told_in_words_what_came_of_the_question(
    model: Model, word: OwnersWord, ok: bool, told: str
) -> None:
    model.owner = word
    output = await model.call("request_user_info", ASK % 60)
    assert output["ok"] is ok
    assert told in (output.get("next") or output["error"])
    assert (output.get("answer") or "") == word.answer
    assert model.asked == 1


async def test_when_the_talk_is_over_nobody_is_asked_to_speak(model: Model) -> None:
    model.owner = OwnersWord(Word.TALK_OVER)
    await model.call("request_user_info", ASK % 60)
    assert model.asked == 0


@pytest.mark.parametrize("arguments", ["{}", '{"question": "", "say_meanwhile": "Wait.", "timeout_seconds": 60}'])
async def test_without_a_question_nobody_is_asked(model: Model, arguments: str) -> None:
    assert (await model.call("request_user_info", arguments))["ok"] is False
    assert model.told == []
