"""Tool calls between the turns of a talk, as scripted orders of events."""

import asyncio

from audiogateway.asking import OwnersWord, Word
from audiogateway.realtime import events
from audiogateway.realtime.error_codes import ALREADY_ACTIVE
from audiogateway.silence import SILENCE_MS
from tests.audiogateway.scripted_talk import AskedVoice, Talk, sound


def tool_call(name: str, arguments: str, *, response: str = "r1", call: str = "call_1") -> events.ToolCalled:
    return events.ToolCalled(response, f"item_{call}", call, name, arguments)


MARK = tool_call("mark_do_not_call", '{"reason": "Said so."}')


async def test_a_tools_output_waits_for_the_end_of_its_response(talk: Talk) -> None:
    talk.tell(events.ResponseCreated("r1"), MARK)
    await talk.spawned.finished()
    assert talk.store.do_not_call == ["Said so."]
    assert talk.voice.sent == []
    talk.tell(events.ResponseDone("r1", "completed", "", ""))
    assert talk.voice.types() == ["conversation.item.create", "response.create"]


async def test_a_tool_that_is_called_twice_acts_once(talk: Talk) -> None:
    talk.tell(events.ResponseCreated("r1"), MARK, MARK, events.ResponseDone("r1", "completed", "", ""), MARK)
    await talk.spawned.finished()
    assert talk.store.do_not_call == ["Said so."]
    assert talk.voice.types() == ["conversation.item.create", "response.create"]


async def test_two_tools_of_one_response_get_one_answer(talk: Talk) -> None:
    other = tool_call("mark_do_not_call", '{"reason": "Again."}', call="call_2")
    talk.tell(events.ResponseCreated("r1"), MARK, other, events.ResponseDone("r1", "completed", "", ""))
    await talk.spawned.finished()
    assert talk.voice.types() == ["conversation.item.create"] * 2 + ["response.create"]


async def test_speech_that_begins_while_a_tool_runs_is_answered_once(talk: Talk) -> None:
    talk.tell(events.ResponseCreated("r1"), MARK, events.ResponseDone("r1", "completed", "", ""))
    talk.callee_begins("u1")
    await talk.spawned.finished()
    assert talk.voice.types() == ["conversation.item.create"]
    talk.callee_ends("u1")
    talk.tell(events.ResponseCreated("r2"), events.ResponseDone("r2", "completed", "", ""))
    assert talk.voice.types() == ["conversation.item.create", "response.create"]


async def test_a_refused_answer_to_a_tool_is_asked_for_again(talk: Talk) -> None:
    talk.tell(events.ResponseCreated("r1"), MARK, events.ResponseDone("r1", "completed", "", ""))
    await talk.spawned.finished()
    (asked,) = talk.sent("response.create")
    talk.tell(events.ServerError(ALREADY_ACTIVE, "busy", asked["event_id"]), events.ResponseDone("r0", "", "", ""))
    assert len(talk.sent("response.create")) == 2
    assert not talk.dialogue.failures.has_given_up


async def test_end_call_gets_no_answer_and_closes_the_ears(talk: Talk) -> None:
    end = tool_call("end_call", '{"reason": "Done.", "outcome": "completed"}')
    talk.tell(events.ResponseCreated("r1"), events.AgentAudio("r1", "a1", sound(500)), end)
    await talk.spawned.finished()
    talk.tell(events.ResponseDone("r1", "completed", "", ""))
    assert talk.ended == ["agent_ended"]
    assert talk.sent("response.create") == []
    assert talk.store.events == [("end_call", {"reason": "Done.", "outcome": "completed"})]


async def test_the_farewell_is_played_to_its_end_whatever_the_callee_says(talk: Talk) -> None:
    end = tool_call("end_call", '{"reason": "Done.", "outcome": "completed"}')
    talk.tell(events.ResponseCreated("r1"), events.AgentAudio("r1", "a1", sound(500)), end)
    await talk.spawned.finished()
    talk.tell(events.ResponseDone("r1", "completed", "", ""))
    talk.play(100)
    talk.callee_begins("u1")
    assert not talk.dialogue.last_words_were_heard
    assert talk.play(500) == 17
    assert talk.dialogue.last_words_were_heard


async def test_an_answer_that_the_server_begins_after_the_farewell_is_not_heard(talk: Talk) -> None:
    talk.dialogue.close()
    talk.tell_unasked(events.ResponseCreated("r2"), events.AgentAudio("r2", "a2", sound(500)))
    assert talk.sent("response.cancel") == [{"type": "response.cancel", "response_id": "r2"}]
    assert talk.play(500) == 0


def test_a_talk_that_must_end_asks_for_last_words_and_plays_them(talk: Talk) -> None:
    talk.agent_answers("r1", "a1", "A long story.", 5000)
    talk.play(1000)
    talk.dialogue.close(farewell="Say goodbye.")
    assert [event["type"] for event in talk.voice.take()] == ["conversation.item.truncate", "response.create"]
    talk.agent_answers("r2", "a2", "Goodbye.", 400)
    assert talk.play(600) == 20
    assert talk.dialogue.last_words_were_heard


def test_a_callee_who_talks_and_talks_hears_the_farewell_all_the_same(talk: Talk) -> None:
    talk.callee_begins("u1")
    talk.dialogue.close(farewell="Say goodbye.")
    assert len(talk.sent("response.create")) == 1


async def test_a_tool_that_is_done_after_the_farewell_makes_nobody_speak_again(talk: Talk) -> None:
    end = tool_call("end_call", '{"reason": "Done.", "outcome": "do_not_call"}', call="call_2")
    talk.tell(events.ResponseCreated("r1"), events.AgentAudio("r1", "a1", sound(500)), MARK, end)
    await talk.spawned.finished()
    talk.tell(events.ResponseDone("r1", "completed", "", ""))
    assert talk.sent("response.create") == []
    assert talk.play(600) == 25
    assert talk.dialogue.last_words_were_heard


ASK = tool_call(
    "request_user_info",
    '{"question": "A dog?", "say_meanwhile": "One moment.", "timeout_seconds": 60}',
    call="call_ask",
)


async def ask_owner(talk: Talk) -> None:
    """The owner is being asked, and the hold phrase was asked for."""
    talk.callee_says("u0", "Hello?")
    talk.tell(events.ResponseCreated("r1"), ASK, events.ResponseDone("r1", "completed", "", ""))
    await asyncio.sleep(0)
    assert "One moment." in talk.sent("response.create")[-1]["response"]["instructions"]
    talk.agent_answers("r2", "a2", "One moment.", 400)
    talk.play(500)
    talk.voice.take()


async def test_while_the_owner_is_asked_the_callee_is_answered(talk: Talk) -> None:
    await ask_owner(talk)
    talk.callee_says("u1", "Who are you, by the way?")
    assert talk.voice.types() == ["response.create"]


async def test_the_owners_answer_becomes_the_next_thing_that_is_said(talk: Talk) -> None:
    await ask_owner(talk)
    assert talk.owner is not None
    talk.owner.set_result(OwnersWord(Word.ANSWERED, "Yes."))
    await talk.spawned.finished()
    assert talk.voice.types() == ["conversation.item.create", "response.create"]


async def test_another_tool_does_not_wait_for_the_owner(talk: Talk) -> None:
    await ask_owner(talk)
    talk.tell(events.ResponseCreated("r3"), tool_call("mark_do_not_call", '{"reason": "No."}', response="r3"))
    talk.tell(events.ResponseDone("r3", "completed", "", ""))
    await asyncio.sleep(0)
    assert "conversation.item.create" in talk.voice.types()
    assert talk.voice.types()[-1] == "response.create"


async def test_the_silence_of_waiting_is_nobodys_absence(talk: Talk) -> None:
    await ask_owner(talk)
    talk.play(10 * SILENCE_MS)
    assert talk.voice.sent == []
    assert not talk.dialogue.is_abandoned
    assert talk.dialogue.last_words_were_heard


async def test_a_question_that_is_open_when_the_session_is_lost_is_answered_in_the_next_one(talk: Talk) -> None:
    await ask_owner(talk)
    assert talk.owner is not None
    talk.dialogue.voice_is_lost()
    first, talk.voice = talk.voice, AskedVoice()
    talk.dialogue.voice_takes_over(talk.voice)
    told = [event["item"] for event in talk.sent("conversation.item.create")]
    (asked,) = [item for item in told if item["type"] == "function_call"]
    assert asked["name"] == "request_user_info"
    talk.owner.set_result(OwnersWord(Word.ANSWERED, "Yes, gladly."))
    await talk.spawned.finished()
    output = talk.sent("conversation.item.create")[-1]["item"]
    assert (output["type"], output["call_id"]) == ("function_call_output", asked["call_id"])
    assert "Yes, gladly." in output["output"]
    assert first.sent == []


async def test_an_answer_that_comes_between_two_sessions_waits_for_the_next_one(talk: Talk) -> None:
    await ask_owner(talk)
    assert talk.owner is not None
    talk.dialogue.voice_is_lost()
    talk.owner.set_result(OwnersWord(Word.ANSWERED, "Yes, gladly."))
    await talk.spawned.finished()
    talk.voice = AskedVoice()
    talk.dialogue.voice_takes_over(talk.voice)
    outputs = [event["item"] for event in talk.sent("conversation.item.create")]
    assert sum("Yes, gladly." in str(item.get("output")) for item in outputs) == 1
    assert "response.create" in talk.voice.types()
