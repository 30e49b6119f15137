"""The rules of turn taking, as scripted orders of events. Nothing here waits: time passes when a frame is played."""

import base64
from collections.abc import Callable
from typing import Any

import pytest

from audiogateway.dialogue import FIRST_WORDS_MS, Dialogue
from audiogateway.hello import GRACE_MS
from audiogateway.phone_menu import PhoneMenu
from audiogateway.playout import FRAME_MS
from audiogateway.realtime import events
from audiogateway.realtime.openai_codec import append_audio
from audiogateway.responses import ALREADY_ACTIVE
from audiogateway.silence import AFTER_BEEP_MS, SILENCE_MS
from audiogateway.tool_calls import ToolCalls
from audiogateway.tools.base import Desk
from tests.audiogateway.fakes import CALL_ID, NOW, MemoryStore, RecordingVoice, ScriptedBus, Spawned, talk_order

FRAME = 160
SILENT_FRAME = bytes(320)


class Talk:
    """A dialogue whose clock is the playout: `play` lets frames leave, one per 20 ms."""

    def __init__(self, *, agent_begins: bool = False) -> None:
        self.voice, self.store, self.spawned = RecordingVoice(), MemoryStore(), Spawned()
        self.ms = 0
        self.ended: list[str] = []
        self.dialogue = Dialogue(
            CALL_ID,
            agent_begins=agent_begins,
            realtime_model="gpt-realtime-2.1",
            transcription_model="gpt-transcribe",
            store=self.store,
            now=lambda: NOW,
            now_ms=lambda: self.ms,
            tools=self._tools,
        )
        self.dialogue.voice_is_open(self.voice)

    def _tools(self, send: Callable[[bytes], None], ask: Callable[[], None]) -> ToolCalls:
        return ToolCalls(
            lambda command_id: Desk(
                talk_order(), self, PhoneMenu(), self.store, ScriptedBus(), lambda: NOW, command_id
            ),
            self.spawned,
            send,
            ask,
        )

    def end_after_last_words(self, cause: str) -> None:
        self.ended.append(cause)
        self.dialogue.close()

    def heard_texts(self) -> list[str]:
        return self.dialogue.heard_texts()

    def keys_were_pressed(self) -> None:
        self.dialogue.keys_were_pressed()

    def voicemail_answered(self, *, leave_message: bool) -> None:
        self.dialogue.leave_message_after_beep()

    def play(self, ms: int) -> int:
        """Lets so much time pass on the line. Returns how many frames were no silence."""
        sounding = 0
        for _ in range(ms // FRAME_MS):
            sounding += self.dialogue.take_frame() is not None
            self.dialogue.hear(SILENT_FRAME)
            self.ms += FRAME_MS
            self.dialogue.on_time(self.ms)
        return sounding

    def tell(self, *told: events.Event) -> None:
        for event in told:
            self.dialogue.on_event(event)

    def agent_answers(self, response: str, item: str, text: str, ms: int, *, after: str | None = None) -> None:
        """The model sends a whole answer faster than it is played."""
        self.tell(
            events.ResponseCreated(response),
            events.ItemAdded(item, after, "assistant"),
            events.AgentAudio(response, item, sound(ms)),
            events.AgentTranscript(item, text),
            events.AgentAudioDone(response, item),
            events.ResponseDone(response, "completed", "", ""),
        )

    def callee_begins(self, item: str) -> None:
        self.tell(events.SpeechStarted(item, max(self.ms - 100, 0)))

    def callee_ends(self, item: str, *, after: str | None = None) -> None:
        self.tell(
            events.SpeechStopped(item, self.ms),
            events.AudioCommitted(item, after),
            events.ItemAdded(item, after, "user"),
        )

    def callee_says(self, item: str, text: str, *, after: str | None = None) -> None:
        self.callee_begins(item)
        self.callee_ends(item, after=after)
        self.tell(events.CalleeTranscript(item, text))

    def sent(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.voice.sent if event["type"] == kind]


def sound(ms: int) -> bytes:
    return bytes([1]) * (ms * FRAME // FRAME_MS)


@pytest.fixture
def talk() -> Talk:
    return Talk()


@pytest.fixture
def greeting() -> Talk:
    """The agent begins: its first sentence of two seconds is made before the line comes."""
    talk = Talk(agent_begins=True)
    talk.agent_answers("r1", "a1", "Hello, this is an AI assistant. Do you have a moment?", 2000)
    return talk


# Speaking and hearing


def test_what_the_callee_says_reaches_the_model_in_mu_law(talk: Talk) -> None:
    talk.play(40)
    assert talk.voice.audio == b"\xff" * 320
    assert b"////" in append_audio(bytes(talk.voice.audio))
    assert base64.b64encode(talk.voice.audio[:3]) == b"////"


def test_an_answer_is_played_and_recorded_as_heard(talk: Talk) -> None:
    talk.agent_answers("r1", "a1", "Good morning.", 500)
    assert talk.play(1000) == 25
    assert talk.store.transcript == [("agent", "Good morning.")]
    assert not talk.store.turns["a1"].interrupted


def test_the_greeting_is_asked_for_as_soon_as_the_voice_is_open() -> None:
    talk = Talk(agent_begins=True)
    assert talk.voice.types() == ["response.create"]


def test_the_greeting_is_on_the_wire_with_the_first_frame(greeting: Talk) -> None:
    assert greeting.dialogue.take_frame() is not None
    assert greeting.dialogue.figures.first_audio_ms == 0


def test_when_the_callee_shall_speak_first_nothing_is_said(talk: Talk) -> None:
    talk.play(FIRST_WORDS_MS - FRAME_MS)
    assert talk.voice.sent == []


def test_a_callee_who_shall_speak_first_and_does_not_is_spoken_to(talk: Talk) -> None:
    talk.play(FIRST_WORDS_MS)
    assert talk.voice.types() == ["response.create"]


def test_a_callee_who_has_spoken_first_is_answered_by_the_server_alone(talk: Talk) -> None:
    talk.callee_says("u1", "Hello?")
    talk.play(FIRST_WORDS_MS)
    assert talk.voice.sent == []


# Interruptions


def test_an_interruption_is_silence_within_a_frame_and_truncates_at_what_was_heard(talk: Talk) -> None:
    talk.agent_answers("r1", "a1", "Do you want to keep your appointment on Friday?", 3000)
    talk.play(1000)
    talk.callee_begins("u1")
    assert talk.play(200) == 0
    assert talk.sent("conversation.item.truncate") == [
        {"type": "conversation.item.truncate", "item_id": "a1", "content_index": 0, "audio_end_ms": 960}
    ]
    assert talk.store.transcript == [("agent", "Do you want to")]
    assert talk.dialogue.figures.interruptions == 1


def test_items_of_the_answer_that_were_not_begun_are_deleted(talk: Talk) -> None:
    talk.tell(
        events.ResponseCreated("r1"),
        events.AgentAudio("r1", "a1", sound(400)),
        events.AgentAudioDone("r1", "a1"),
        events.AgentAudio("r1", "a2", sound(400)),
        events.AgentTranscript("a1", "First."),
        events.AgentTranscript("a2", "Second."),
    )
    talk.play(200)
    talk.callee_begins("u1")
    assert [(event["type"], event["item_id"]) for event in talk.voice.sent] == [
        ("conversation.item.truncate", "a1"),
        ("conversation.item.delete", "a2"),
    ]


def test_an_item_that_was_heard_to_its_end_is_left_alone(talk: Talk) -> None:
    talk.agent_answers("r1", "a1", "Good morning.", 500)
    talk.play(600)
    talk.callee_begins("u1")
    assert talk.voice.sent == []
    assert talk.dialogue.figures.interruptions == 0


def test_late_sound_of_a_cancelled_answer_is_dropped_also_of_items_that_were_not_known(talk: Talk) -> None:
    talk.tell(events.ResponseCreated("r1"), events.AgentAudio("r1", "a1", sound(400)))
    talk.play(100)
    talk.callee_begins("u1")
    talk.tell(events.AgentAudio("r1", "a1", sound(400)), events.AgentAudio("r1", "a2", sound(400)))
    talk.tell(events.ResponseDone("r1", "cancelled", "turn_detected", ""))
    assert talk.play(500) == 0


def test_the_answer_to_an_interruption_is_played(talk: Talk) -> None:
    talk.agent_answers("r1", "a1", "Do you want to keep your appointment?", 3000)
    talk.play(1000)
    talk.callee_says("u1", "Wait.", after="a1")
    talk.agent_answers("r2", "a2", "Of course.", 400, after="u1")
    talk.play(600)
    assert talk.store.transcript == [("agent", "Do you want"), ("callee", "Wait."), ("agent", "Of course.")]


def test_a_response_that_was_asked_for_before_the_callee_began_is_cancelled_unheard(talk: Talk) -> None:
    talk.callee_begins("u1")
    talk.tell(events.ResponseCreated("r1"), events.AgentAudio("r1", "a1", sound(400)))
    assert talk.sent("response.cancel") == [{"type": "response.cancel", "response_id": "r1"}]
    assert talk.play(500) == 0


def test_how_long_the_callee_waits_for_an_answer_is_measured(talk: Talk) -> None:
    talk.play(2000)
    talk.callee_begins("u1")
    talk.play(1000)
    talk.callee_ends("u1")
    talk.play(200)
    talk.agent_answers("r1", "a1", "Yes.", 300)
    talk.play(100)
    assert talk.dialogue.figures.voice_to_voice_ms == [700]  # 500 ms of silence end a turn, then 200 ms


def test_times_of_speech_count_from_the_answer_also_when_the_callee_sends_no_sound(talk: Talk) -> None:
    talk.ms = 10_000
    talk.play(1000)
    talk.tell(events.SpeechStarted("u1", 300))
    talk.tell(events.SpeechStopped("u1", 1000), events.CalleeTranscript("u1", "Yes."))
    turn = talk.store.turns["u1"]
    assert (turn.started_ms, turn.ended_ms) == (10_600, 10_600)


# The hello at the beginning


def test_a_hello_does_not_stop_the_greeting(greeting: Talk) -> None:
    greeting.play(200)
    greeting.callee_begins("u1")
    greeting.play(800)
    greeting.callee_ends("u1", after="a1")
    greeting.tell(events.CalleeTranscript("u1", "Hello?"))
    greeting.play(1500)
    assert greeting.sent("conversation.item.truncate") == []
    assert [text for _, text in greeting.store.transcript] == [
        "Hello, this is an AI assistant. Do you have a moment?",
        "Hello?",
    ]


def test_after_the_hello_the_server_listens_again(greeting: Talk) -> None:
    greeting.play(200)
    greeting.callee_says("u1", "Hello?")
    (update,) = greeting.sent("session.update")
    ears = update["session"]["audio"]["input"]["turn_detection"]
    assert ears["create_response"] is True and ears["interrupt_response"] is True


def test_a_callee_who_goes_on_talking_interrupts_the_greeting(greeting: Talk) -> None:
    greeting.play(200)
    greeting.callee_begins("u1")
    assert greeting.play(GRACE_MS) > 70
    assert greeting.play(300) == 0
    assert greeting.voice.types() == ["response.create", "session.update", "conversation.item.truncate"]


def test_after_the_grace_the_greeting_can_be_interrupted(greeting: Talk) -> None:
    greeting.play(GRACE_MS)
    greeting.callee_begins("u1")
    assert greeting.play(100) == 0


def test_an_answer_to_a_short_greeting_is_no_hello() -> None:
    talk = Talk(agent_begins=True)
    talk.agent_answers("r1", "a1", "Yes?", 200)
    talk.play(300)
    talk.callee_begins("u1")
    assert len(talk.sent("session.update")) == 1


def test_a_hello_that_comes_before_a_slow_greeting_does_not_cancel_it() -> None:
    talk = Talk(agent_begins=True)
    talk.play(200)
    talk.callee_begins("u1")
    talk.agent_answers("r1", "a1", "Hello.", 400)
    assert talk.sent("response.cancel") == []
    assert talk.play(600) == 20


# Tools


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
    talk.callee_ends("u1")
    talk.tell(events.ResponseCreated("r2"), events.ResponseDone("r2", "completed", "", ""))
    assert talk.sent("response.create") == []
    assert len(talk.sent("conversation.item.create")) == 1


async def test_a_refused_answer_to_a_tool_is_asked_for_again(talk: Talk) -> None:
    talk.tell(events.ResponseCreated("r1"), MARK, events.ResponseDone("r1", "completed", "", ""))
    await talk.spawned.finished()
    talk.tell(events.ResponseCreated("r2"), events.ServerError(ALREADY_ACTIVE, "busy"))
    talk.tell(events.ResponseDone("r2", "completed", "", ""))
    assert len(talk.sent("response.create")) == 2


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
    assert talk.play(500) == 20
    assert talk.dialogue.last_words_were_heard


async def test_an_answer_that_the_server_begins_after_the_farewell_is_not_heard(talk: Talk) -> None:
    talk.dialogue.close()
    talk.tell(events.ResponseCreated("r2"), events.AgentAudio("r2", "a2", sound(500)))
    assert talk.sent("response.cancel") == [{"type": "response.cancel", "response_id": "r2"}]
    assert talk.play(500) == 0


def test_a_talk_that_must_end_asks_for_last_words_and_plays_them(talk: Talk) -> None:
    talk.agent_answers("r1", "a1", "A long story.", 5000)
    talk.play(1000)
    talk.dialogue.close(farewell="Say goodbye.")
    assert [event["type"] for event in talk.voice.take()] == [
        "session.update",
        "conversation.item.truncate",
        "response.create",
    ]
    talk.agent_answers("r2", "a2", "Goodbye.", 400)
    assert talk.play(600) == 20
    assert talk.dialogue.last_words_were_heard


# When something goes wrong


def test_a_failed_response_is_asked_for_again_but_not_for_ever(talk: Talk) -> None:
    talk.dialogue.on_time(FIRST_WORDS_MS)
    for number in range(3):
        assert not talk.dialogue.has_failed
        talk.tell(events.ResponseCreated(f"r{number}"))
        talk.tell(events.ResponseDone(f"r{number}", "failed", "", "rate_limit_exceeded"))
    assert talk.dialogue.has_failed


def test_a_success_between_failures_forgets_them(talk: Talk) -> None:
    for number in range(2):
        talk.tell(events.ResponseCreated(f"r{number}"), events.ResponseDone(f"r{number}", "failed", "", "x"))
    talk.agent_answers("r3", "a3", "Yes.", 100)
    for number in range(4, 6):
        talk.tell(events.ResponseCreated(f"r{number}"), events.ResponseDone(f"r{number}", "failed", "", "x"))
    assert not talk.dialogue.has_failed


def test_nonsense_is_counted_and_the_talk_goes_on(talk: Talk) -> None:
    talk.tell(events.ProtocolProblem("response.done: id is missing"), events.ServerError("x", "y"))
    talk.agent_answers("r1", "a1", "Yes.", 100)
    assert talk.play(200) == 5
    assert (talk.dialogue.figures.protocol_problems, talk.dialogue.figures.server_errors) == (1, 1)


def test_a_lost_voice_leaves_what_was_received_to_be_heard(talk: Talk) -> None:
    talk.agent_answers("r1", "a1", "Good morning.", 500)
    talk.dialogue.voice_is_lost()
    talk.dialogue.close()
    assert talk.play(700) == 25
    assert talk.dialogue.last_words_were_heard


# The end of the line


def test_when_the_line_ends_the_running_sentence_is_cut(talk: Talk) -> None:
    talk.agent_answers("r1", "a1", "Do you want to keep your appointment?", 2000)
    talk.play(1000)
    talk.dialogue.line_is_gone()
    assert talk.store.transcript == [("agent", "Do you want to")]
    assert talk.voice.sent == []


def test_words_that_were_just_being_said_are_still_transcribed(talk: Talk) -> None:
    talk.play(1000)
    talk.callee_begins("u1")
    talk.play(500)
    talk.dialogue.line_is_gone()
    assert talk.voice.types() == ["input_audio_buffer.commit"]
    settled_before = talk.dialogue.is_settled
    talk.tell(events.AudioCommitted("u1", None), events.CalleeTranscript("u1", "Never call me again."))
    assert (settled_before, talk.dialogue.is_settled) == (False, True)
    assert talk.store.transcript == [("callee", "Never call me again.")]


def test_usage_is_billed_once_per_response_and_transcription(talk: Talk) -> None:
    talk.tell(events.ResponseDone("r1", "cancelled", "turn_detected", "", {"output_audio": 12}))
    talk.tell(events.CalleeTranscript("u1", "Yes.", {}, 1.5))
    assert [(record.source, record.item_id, record.model) for record in talk.store.usage] == [
        ("realtime", "r1", "gpt-realtime-2.1"),
        ("transcription", "u1", "gpt-transcribe"),
    ]
    assert talk.dialogue.figures.tokens == {"output_audio": 12}


# Silence, menus and machines


def test_a_callee_who_says_nothing_is_asked_and_then_given_up(talk: Talk) -> None:
    talk.callee_says("u1", "Hello?")
    talk.agent_answers("r1", "a1", "Do you have a moment?", 1000)
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
    talk.play(2 * SILENCE_MS)
    assert talk.sent("response.create") == []
    await talk.spawned.finished()
    assert len(talk.sent("response.create")) == 1


async def test_after_a_key_the_next_words_of_the_menu_begin_the_next_turn(talk: Talk) -> None:
    talk.callee_says("u1", "For appointments, press one.")
    talk.tell(events.ResponseCreated("r1"), events.ToolCalled("r1", "t1", "c1", "send_dtmf", '{"digits": "1"}'))
    await talk.spawned.finished()
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
    talk.play(600)
    talk.callee_begins("beep")
    talk.play(AFTER_BEEP_MS + 1000)
    talk.callee_ends("beep")
    assert talk.sent("response.create") == []
    talk.play(AFTER_BEEP_MS + 200)
    assert len(talk.sent("response.create")) == 1
    assert [
        event["session"]["audio"]["input"]["turn_detection"]["create_response"] for event in talk.sent("session.update")
    ] == [False, True]


async def test_what_the_model_says_to_a_machine_before_its_beep_is_not_heard(talk: Talk) -> None:
    talk.dialogue.leave_message_after_beep()
    talk.tell(events.ResponseCreated("r2"), events.AgentAudio("r2", "a2", sound(1000)))
    assert talk.play(1000) == 0
    assert talk.voice.types()[-1] == "response.cancel"
