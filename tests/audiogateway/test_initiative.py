"""The agent speaks unasked: the first words, and into the silence of nobody, a menu or a machine."""

from audiogateway.initiative import FIRST_WORDS_MS
from audiogateway.playout import FRAME_MS
from audiogateway.realtime import events
from audiogateway.silence import AFTER_GREETING_MS, SILENCE_MS
from tests.audiogateway.scripted_talk import Talk, sound


def test_when_the_callee_shall_speak_first_nothing_is_said(talk: Talk) -> None:
    talk.play(FIRST_WORDS_MS - FRAME_MS)
    assert talk.voice.sent == []


def test_a_callee_who_shall_speak_first_and_does_not_is_spoken_to(talk: Talk) -> None:
    talk.play(FIRST_WORDS_MS)
    assert talk.voice.types() == ["response.create"]


def test_a_callee_who_has_spoken_first_is_answered_once(talk: Talk) -> None:
    talk.callee_says("u1", "Hello?")
    talk.play(FIRST_WORDS_MS)
    assert talk.voice.types() == ["response.create"]


def test_a_callee_who_says_nothing_is_asked_and_then_given_up(talk: Talk) -> None:
    talk.callee_says("u1", "Hello?")
    talk.agent_answers("r1", "a1", "Do you have a moment?", 1000)
    talk.voice.take()
    talk.play(1000 + SILENCE_MS)
    assert talk.sent("response.create") == []
    talk.play(200)
    (asked,) = talk.sent("response.create")
    assert "still there" in asked["response"]["instructions"]
    talk.agent_answers("r2", "a2", "Are you still there?", 1000)
    talk.play(1000 + SILENCE_MS)
    assert not talk.dialogue.is_abandoned
    talk.play(200)
    assert talk.dialogue.is_abandoned


def test_nobody_is_asked_while_the_agent_speaks(talk: Talk) -> None:
    talk.callee_says("u1", "Hello?")
    talk.agent_answers("r1", "a1", "A long story.", 3 * SILENCE_MS)
    talk.voice.take()
    talk.play(3 * SILENCE_MS)
    assert talk.sent("response.create") == []


def test_nobody_is_asked_while_the_callee_speaks(talk: Talk) -> None:
    talk.callee_begins("u1")
    talk.play(3 * SILENCE_MS)
    assert talk.sent("response.create") == []


async def test_nobody_is_asked_while_a_tool_runs(talk: Talk) -> None:
    talk.callee_says("u1", "Tomorrow.")
    talk.tell(events.ResponseCreated("r1"), events.ToolCalled("r1", "t1", "c1", "reschedule_call", "{}"))
    talk.tell(events.ResponseDone("r1", "completed", "", ""))
    talk.voice.take()
    talk.play(2 * SILENCE_MS)
    assert talk.sent("response.create") == []
    await talk.spawned.finished()
    assert len(talk.sent("response.create")) == 1


async def test_after_a_key_the_next_words_of_the_menu_begin_the_next_turn(talk: Talk) -> None:
    talk.callee_says("u1", "For appointments, press one.")
    talk.tell(events.ResponseCreated("r1"), events.ToolCalled("r1", "t1", "c1", "send_dtmf", '{"digits": "1"}'))
    await talk.spawned.finished()
    talk.voice.take()
    talk.tell(events.ResponseDone("r1", "completed", "", ""))
    talk.play(2 * SILENCE_MS)
    assert talk.sent("conversation.item.create")[-1]["item"]["type"] == "function_call_output"
    assert talk.sent("response.create") == []


async def test_a_message_is_asked_for_when_the_machine_is_quiet(talk: Talk) -> None:
    talk.callee_says("u1", "Please leave a message.")
    talk.tell(
        events.ResponseCreated("r1"),
        events.ToolCalled("r1", "t1", "c1", "report_voicemail", '{"leave_message": true}'),
    )
    await talk.spawned.finished()
    talk.tell(events.ResponseDone("r1", "completed", "", ""))
    talk.voice.take()
    talk.play(600)
    talk.callee_begins("beep")
    talk.play(AFTER_GREETING_MS + 1000)
    talk.callee_ends("beep")
    assert talk.sent("response.create") == []
    talk.play(AFTER_GREETING_MS + 200)
    assert len(talk.sent("response.create")) == 1


async def test_what_the_model_says_to_a_machine_before_its_beep_is_not_heard(talk: Talk) -> None:
    talk.dialogue.conduct.wait_for_beep()
    talk.tell_unasked(events.ResponseCreated("r2"), events.AgentAudio("r2", "a2", sound(1000)))
    assert talk.play(1000) == 0
    assert talk.voice.types()[-1] == "response.cancel"
