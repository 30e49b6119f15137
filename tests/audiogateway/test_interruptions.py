"""Who has the floor: interruptions, and the hello at the beginning, as scripted orders of events."""

from audiogateway.hello import GRACE_MS
from audiogateway.onset_gate import ONSET_GATE_MS
from audiogateway.realtime import events
from tests.audiogateway.scripted_talk import DETECTION_MS, Talk, sound


def test_an_interruption_is_silence_within_a_frame_and_truncates_at_what_was_heard(talk: Talk) -> None:
    talk.agent_answers("r1", "a1", "Do you want to keep your appointment on Friday?", 3000)
    talk.play(1000 - DETECTION_MS)
    talk.callee_begins("u1")
    assert talk.play(ONSET_GATE_MS) == 0
    assert talk.sent("conversation.item.truncate") == [
        {"type": "conversation.item.truncate", "item_id": "a1", "content_index": 0, "audio_end_ms": 1000}
    ]
    assert talk.store.transcript == [("agent", "Do you want to")]
    assert talk.dialogue.figures.interruptions == 1


def test_items_of_the_answer_that_were_not_begun_are_deleted(talk: Talk) -> None:
    talk.tell(
        events.ResponseCreated("r1"),
        events.AgentAudio("r1", "a1", sound(600)),
        events.AgentAudioDone("r1", "a1"),
        events.AgentAudio("r1", "a2", sound(400)),
        events.AgentTranscript("a1", "First."),
        events.AgentTranscript("a2", "Second."),
    )
    talk.play(200)
    talk.callee_begins("u1")
    talk.play(ONSET_GATE_MS)
    cancelled, *cut = talk.voice.sent
    assert cancelled == {"type": "response.cancel", "response_id": "r1"}
    assert [(event["type"], event["item_id"]) for event in cut] == [
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


def test_a_response_that_was_asked_for_before_the_callee_began_is_cancelled_unheard_and_the_callee_answered(
    talk: Talk,
) -> None:
    talk.dialogue.speak()
    talk.callee_begins("u1")
    talk.tell(events.ResponseCreated("r1"), events.AgentAudio("r1", "a1", sound(400)))
    assert talk.sent("response.cancel") == [{"type": "response.cancel", "response_id": "r1"}]
    assert talk.play(500) == 0
    talk.callee_ends("u1")
    assert len(talk.sent("response.create")) == 1
    talk.tell(events.ResponseDone("r1", "cancelled", "client_cancelled", ""))
    assert len(talk.sent("response.create")) == 2


def test_a_response_that_nobody_asked_for_is_cancelled_unheard(talk: Talk) -> None:
    talk.tell_unasked(events.ResponseCreated("r1"), events.AgentAudio("r1", "a1", sound(400)))
    assert talk.voice.sent == [{"type": "response.cancel", "response_id": "r1"}]
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


def test_a_hello_is_not_answered_and_what_comes_after_the_greeting_is(greeting: Talk) -> None:
    greeting.play(200)
    greeting.callee_says("u1", "Hello?")
    greeting.play(2000)
    assert greeting.voice.types() == ["response.create"]
    greeting.callee_says("u2", "Yes.")
    assert greeting.voice.types() == ["response.create"] * 2


def test_a_callee_who_goes_on_talking_interrupts_the_greeting(greeting: Talk) -> None:
    greeting.play(200)
    greeting.callee_begins("u1")
    assert greeting.play(GRACE_MS) > 70
    assert greeting.play(300) == 0
    assert greeting.voice.types() == ["response.create", "conversation.item.truncate"]
    greeting.callee_ends("u1")
    assert greeting.voice.types()[2:] == ["response.create"]


def test_after_the_grace_the_greeting_can_be_interrupted(greeting: Talk) -> None:
    greeting.play(GRACE_MS)
    greeting.callee_begins("u1")
    assert greeting.play(100) == 0


def test_an_answer_to_a_short_greeting_is_no_hello() -> None:
    talk = Talk(agent_begins=True)
    talk.agent_answers("r1", "a1", "Yes?", 200)
    talk.play(300)
    talk.callee_says("u1", "It is me.")
    assert len(talk.sent("response.create")) == 2


def test_a_hello_that_comes_before_a_slow_greeting_does_not_cancel_it() -> None:
    talk = Talk(agent_begins=True)
    talk.play(200)
    talk.callee_begins("u1")
    talk.agent_answers("r1", "a1", "Hello.", 400)
    assert talk.sent("response.cancel") == []
    assert talk.play(600) == 20
