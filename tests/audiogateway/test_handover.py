"""What a session leaves to the next one: the rules of a dialogue whose session is lost."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from audiogateway.onset_gate import ONSET_GATE_MS
from audiogateway.phrases import Recorded
from audiogateway.realtime import events
from calls.contracts import Ack
from tests.audiogateway.fakes import RecordingVoice
from tests.audiogateway.scripted_talk import FRAME, SILENT_FRAME, AskedVoice, Talk, sound

MENU = events.ToolCalled("r1", "item_t", "call_1", "send_dtmf", '{"digits": "2"}')


def asked(talk: Talk) -> None:
    """The callee has said hello, and the agent's reply r1 has begun."""
    talk.callee_says("u1", "Hello?")
    talk.tell(events.ResponseCreated("r1"), events.ItemAdded("a1", "u1", "assistant"))


def lose(talk: Talk) -> None:
    talk.dialogue.voice_is_lost()


def renew(talk: Talk) -> RecordingVoice:
    talk.voice = AskedVoice()
    talk.dialogue.voice_takes_over(talk.voice)
    return talk.voice


def items(voice: RecordingVoice) -> list[dict[str, Any]]:
    return [event["item"] for event in voice.sent if event["type"] == "conversation.item.create"]


def said(voice: RecordingVoice) -> list[str]:
    messages = [item for item in items(voice) if item["type"] == "message"]
    return [message["content"][0]["text"] for message in messages if message["role"] != "system"]


def test_a_sentence_that_breaks_off_is_told_as_far_as_it_came_and_the_rest_is_asked_for(talk: Talk) -> None:
    asked(talk)
    talk.tell(events.AgentAudio("r1", "a1", sound(1000)), events.AgentWords("a1", "I am calling about"))
    lose(talk)
    assert talk.play(2000) == 50  # what has come is heard to its end
    voice = renew(talk)
    assert said(voice) == ["Hello?", "I am calling about …"]
    assert [item["role"] for item in items(voice)][-1] == "system"
    assert voice.types()[-1] == "response.create"
    assert talk.store.transcript == [("callee", "Hello?"), ("agent", "I am calling about")]


def test_words_that_came_without_their_sound_were_not_heard(talk: Talk) -> None:
    asked(talk)
    talk.tell(events.AgentAudio("r1", "a1", sound(400)), events.AgentWords("a1", "I am calling about your appointment"))
    lose(talk)
    talk.play(1000)
    assert talk.store.transcript[-1] == ("agent", "I am")
    assert said(renew(talk))[-1] == "I am …"


def test_a_sentence_of_which_no_sound_came_was_never_said(talk: Talk) -> None:
    asked(talk)
    talk.tell(events.AgentWords("a1", "I am"))
    lose(talk)
    assert said(renew(talk)) == ["Hello?"]


def test_what_was_interrupted_before_is_told_as_it_was_heard(talk: Talk) -> None:
    asked(talk)
    talk.tell(events.AgentAudio("r1", "a1", sound(2000)), events.AgentTranscript("a1", "One two three four five"))
    talk.play(1000)
    talk.callee_says("u2", "Stop.", after="a1")
    talk.tell(events.ResponseDone("r1", "cancelled", "", ""))
    lose(talk)
    assert said(renew(talk)) == ["Hello?", "One two …", "Stop."]


def test_a_callee_who_interrupts_the_rest_of_an_old_sentence_is_told_to_the_new_session(talk: Talk) -> None:
    asked(talk)
    talk.tell(events.AgentAudio("r1", "a1", sound(4000)), events.AgentWords("a1", "one two three four five six"))
    lose(talk)
    voice = renew(talk)
    talk.play(2000)
    voice.sent.clear()
    talk.callee_begins("u2")
    talk.play(ONSET_GATE_MS)
    assert [event["type"] for event in voice.sent][:2] == ["conversation.item.create", "conversation.item.delete"]
    assert said(voice) == ["one two three …"]
    assert "conversation.item.truncate" not in voice.types()


def test_words_whose_transcription_never_came_are_said_again_at_their_place(talk: Talk) -> None:
    asked(talk)
    talk.play(1000)
    talk.tell(events.SpeechStarted("u2", 200), events.SpeechStopped("u2", 900), events.AudioCommitted("u2", "a1"))
    talk.agent_answers("r2", "a2", "I see.", 200, after="u2")
    lose(talk)
    voice = renew(talk)
    kinds = voice.types()
    commit = kinds.index("input_audio_buffer.commit")
    assert kinds.index("conversation.item.create", commit) > commit  # the agent's answer follows it
    talk.tell(events.AudioCommitted("u2b", "u1"), events.CalleeTranscript("u2b", "Who is there?"))
    assert [turn.text for turn in sorted(talk.store.turns.values(), key=lambda turn: turn.position)][:2] == [
        "Hello?",
        "Who is there?",
    ]
    assert 100 <= talk.store.turns["u2b"].started_ms <= 900


def test_a_speech_that_was_going_on_is_heard_from_its_beginning(talk: Talk) -> None:
    talk.play(1000)
    talk.tell(events.SpeechStarted("u1", 400))
    lose(talk)
    for _ in range(10):
        talk.dialogue.hear(SILENT_FRAME)
    (audio,) = [event["audio"] for event in renew(talk).sent if event["type"] == "input_audio_buffer.append"]
    assert len(audio) == -(-(600 * FRAME // 20 + 10 * FRAME) // 3) * 4  # base64


def test_times_after_the_loss_are_those_of_the_call(talk: Talk) -> None:
    talk.play(3000)
    lose(talk)
    talk.play(1000)
    renew(talk)
    talk.play(1000)
    talk.tell(events.SpeechStarted("u1", 500), events.SpeechStopped("u1", 1500), events.CalleeTranscript("u1", "Yes."))
    assert talk.store.turns["u1"].started_ms == 3000 + 500 + 300  # less the padding
    assert talk.store.turns["u1"].ended_ms == 3000 + 1500 - 500


async def test_a_tool_that_is_done_meanwhile_is_told_with_its_output_and_answered(talk: Talk) -> None:
    asked(talk)
    talk.tell(MENU, events.ItemAdded("item_t", "a1", ""))
    lose(talk)
    await talk.spawned.finished()
    voice = renew(talk)
    told = [item["type"] for item in items(voice)]
    assert told[-3:] in (
        ["function_call", "function_call_output", "message"],
        ["message", "function_call", "function_call_output"],
    )
    assert voice.types().count("response.create") == 1


async def test_a_tool_that_still_runs_gives_its_output_to_the_new_session(talk: Talk) -> None:
    asked(talk)
    talk.tell(MENU, events.ItemAdded("item_t", "a1", ""), events.ResponseDone("r1", "completed", "", ""))
    lose(talk)
    voice = renew(talk)
    assert [item["type"] for item in items(voice)] == ["message", "function_call"]
    await talk.spawned.finished()
    (output,) = [item for item in items(voice) if item["type"] == "function_call_output"]
    assert output["call_id"] == "call_1"
    assert json.loads(output["output"])["ok"] is Ack("", True).ok


def test_a_phrase_of_ours_is_heard_told_and_never_truncated(talk: Talk) -> None:
    asked(talk)
    lose(talk)
    talk.dialogue.say(Recorded(sound(1000), "One moment, please."))
    talk.play(500)
    voice = renew(talk)
    assert said(voice) == ["Hello?", "One moment, please."]
    talk.dialogue.say(Recorded(sound(1000), "One moment, please."))
    talk.play(1000)
    voice.sent.clear()
    talk.callee_begins("u2")
    assert "conversation.item.truncate" not in voice.types()


def test_a_tone_is_no_turn(talk: Talk) -> None:
    talk.dialogue.say(Recorded(sound(200), ""))
    assert talk.play(400) == 10
    assert talk.store.transcript == []


def test_what_somebody_wants_said_while_there_is_no_session_is_asked_of_the_next(talk: Talk) -> None:
    lose(talk)
    talk.dialogue.close("Say goodbye.")
    assert not talk.dialogue.last_words_were_heard
    voice = renew(talk)
    assert voice.sent[-1]["response"]["instructions"] == "Say goodbye."


def test_what_was_said_to_nobody_is_a_turn_although_it_is_over_by_now(talk: Talk) -> None:
    asked(talk)
    lose(talk)
    talk.play(1500)  # somebody speaks
    talk.dialogue.say(Recorded(sound(2000), "One moment, please."))
    voice = renew(talk)
    talk.play(500)
    talk.tell_unasked(events.SpeechStarted("u2", 200), events.SpeechStopped("u2", 1400))
    assert talk.play(500) == 0  # the filler is interrupted
    assert voice.types().count("response.create") >= 1
    assert talk.dialogue.figures.ignored_noises == 0


PIECES = st.lists(st.tuples(st.text("abc ", min_size=1, max_size=12), st.integers(0, 60)), min_size=1, max_size=8)


@given(pieces=PIECES, played_ms=st.integers(0, 4000), more_ms=st.integers(0, 6000))
def test_whenever_a_session_is_lost_the_next_one_knows_what_will_have_been_heard(
    pieces: list[tuple[str, int]], played_ms: int, more_ms: int
) -> None:
    """Words and sound come in pieces (of so many frames), and break off somewhere."""
    talk = Talk()
    asked(talk)
    for words, frames in pieces:
        talk.tell(events.AgentWords("a1", words), events.AgentAudio("r1", "a1", sound(frames * 20)))
    talk.play(played_ms)
    lose(talk)
    talk.play(more_ms)
    told = said(renew(talk))
    talk.play(10_000)
    heard = [text for speaker, text in talk.store.transcript if speaker == "agent" and text]
    assert [text.removesuffix(" …") for text in told[1:]] == heard
    assert not heard or "".join(words for words, _ in pieces).startswith(heard[0])
