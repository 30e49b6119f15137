"""A talk as a whole: what is said, heard, written and billed; what happens when something goes wrong."""

import base64

from audiogateway.realtime import events
from audiogateway.realtime.openai_codec import append_audio
from tests.audiogateway.scripted_talk import Talk


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


def test_a_lost_voice_leaves_what_was_received_to_be_heard(talk: Talk) -> None:
    talk.agent_answers("r1", "a1", "Good morning.", 500)
    talk.dialogue.voice_is_lost()
    talk.dialogue.close()
    assert talk.play(700) == 25
    assert talk.dialogue.last_words_were_heard


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
