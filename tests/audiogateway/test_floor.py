"""Short sounds of the callee into the agent's words: who has the floor, as scripted orders of events."""

import pytest

from audiogateway.floor import ANSWER_WAIT_MS, LATE_MS, SEAM_MS
from audiogateway.onset_gate import ONSET_GATE_MS
from audiogateway.own_ears import GAP_MS
from audiogateway.playout import FRAME_MS
from audiogateway.realtime import events
from audiogateway.silence import SILENCE_MS
from tests.audiogateway.scripted_talk import DETECTION_MS, END_OF_TURN_MS, SILENT_FRAME, Talk, sound

LONG_STORY = "We have your appointment on Friday, and I would like to know one thing."
SENTENCE_MS = 6_000
MHM_MS = 300
QUIET_FRAME = (60).to_bytes(2, "little") * 160
"""-55 dBFS."""
NOISY_FRAME = (200).to_bytes(2, "little") * 160
"""-44 dBFS: a street."""


@pytest.fixture
def speaking(talk: Talk) -> Talk:
    """The agent has spoken for a second of its sentence."""
    talk.agent_answers("r1", "a1", LONG_STORY, SENTENCE_MS)
    talk.play(1000)
    return talk


# Backchannels


def test_a_short_sound_silences_the_agent_at_once_and_it_goes_on_where_it_was(speaking: Talk) -> None:
    speaking.callee_begins("u1")
    assert speaking.play(MHM_MS - DETECTION_MS) == 0
    speaking.callee = SILENT_FRAME
    assert speaking.play(GAP_MS - FRAME_MS) == 0
    speaking.callee_ends("u1", after="a1")
    speaking.tell(events.CalleeTranscript("u1", "Mhm."))
    assert speaking.play(SENTENCE_MS) == (SENTENCE_MS - 1000 - DETECTION_MS - END_OF_TURN_MS) // FRAME_MS
    assert speaking.voice.sent == []
    assert speaking.store.transcript == [
        ("agent", LONG_STORY),
        ("callee", "Mhm."),
    ]
    assert (speaking.dialogue.figures.backchannels, speaking.dialogue.figures.interruptions) == (1, 0)


def test_several_short_sounds_are_several_backchannels(speaking: Talk) -> None:
    for number in range(3):
        speaking.callee_says(f"u{number}", "Mhm.", ms=MHM_MS)
        speaking.play(400)
    assert speaking.voice.sent == []
    assert speaking.dialogue.figures.backchannels == 3


def test_whoever_goes_on_after_a_short_sound_interrupts(speaking: Talk) -> None:
    speaking.callee_begins("u1")
    speaking.play(MHM_MS - DETECTION_MS)
    speaking.callee = SILENT_FRAME
    speaking.play(GAP_MS + 100)  # the server's turn detection waits for longer, so it is still the same speech
    speaking.callee_begins_again()
    speaking.play(ONSET_GATE_MS)
    assert speaking.voice.types() == ["conversation.item.truncate"]
    speaking.callee_ends("u1")
    assert speaking.voice.types()[1:] == ["response.create"]


def test_a_response_that_begins_during_a_backchannel_is_heard(talk: Talk) -> None:
    talk.agent_answers("r1", "a1", "One moment.", 1000)
    talk.dialogue.speak()
    talk.play(400)
    talk.callee_begins("u1")
    talk.tell(events.ResponseCreated("r2"), events.AgentAudio("r2", "a2", sound(1000)))
    talk.play(100)
    talk.callee_ends("u1")
    assert "response.cancel" not in talk.voice.types()
    assert talk.play(3000) > 60


def test_with_no_gate_every_sound_of_the_callee_interrupts_at_once() -> None:
    talk = Talk(onset_gate_ms=0)
    talk.agent_answers("r1", "a1", "A long story.", SENTENCE_MS)
    talk.play(1000)
    talk.callee_begins("u1")
    assert talk.voice.types() == ["conversation.item.truncate"]


def test_how_fast_the_agent_is_silent_is_measured(speaking: Talk) -> None:
    speaking.callee_says("u1", "Mhm.", ms=MHM_MS)
    speaking.callee_says("u2", "Wait a moment, please.", ms=1500)
    figures = speaking.dialogue.figures
    assert (figures.barge_in_ms, figures.barge_in_reaction_ms) == ([DETECTION_MS], [0])
    assert figures.to_json()["backchannels"] == 1


# Short answers


def test_a_short_answer_after_the_agents_words_is_answered(talk: Talk) -> None:
    talk.agent_answers("r1", "a1", "Is that right?", 1000)
    talk.play(1100)
    talk.callee_says("u1", "Yes.", ms=MHM_MS)
    assert talk.voice.types() == ["response.create"]


@pytest.mark.parametrize("left_ms", [FRAME_MS, 100, SEAM_MS])
def test_a_short_answer_into_the_agents_very_last_words_is_answered_at_once(talk: Talk, left_ms: int) -> None:
    talk.agent_answers("r1", "a1", "Is that right?", 2000)
    talk.play(2000 - left_ms - DETECTION_MS)
    talk.callee_begins("u1")
    assert talk.play(MHM_MS - DETECTION_MS) == 0
    talk.callee_ends("u1")
    assert talk.voice.types()[-1] == "response.create"


def test_a_short_answer_shortly_before_the_end_is_answered_when_nobody_goes_on(talk: Talk) -> None:
    talk.agent_answers("r1", "a1", "Do you want to keep your appointment on Friday?", 3000)
    talk.play(2000)
    talk.callee_says("u1", "Yes.", ms=MHM_MS)
    talk.play(1000)
    assert talk.voice.sent == []
    talk.play(ANSWER_WAIT_MS)
    assert talk.voice.types() == ["response.create"]


def test_a_short_answer_without_words_was_a_cough_and_is_not_answered(talk: Talk) -> None:
    talk.agent_answers("r1", "a1", "Do you want to keep your appointment on Friday?", 3000)
    talk.play(2000)
    talk.callee_says("u1", "", ms=MHM_MS)
    talk.play(SILENCE_MS)
    assert talk.voice.sent == []


def test_a_short_answer_is_not_answered_twice_when_the_callee_goes_on(talk: Talk) -> None:
    talk.agent_answers("r1", "a1", "Do you want to keep your appointment on Friday?", 3000)
    talk.play(2000)
    talk.callee_says("u1", "Yes.", ms=MHM_MS)
    talk.play(1000)
    talk.callee_says("u2", "On Friday, please.")
    talk.agent_answers("r2", "a2", "Very well.", 500)
    talk.play(ANSWER_WAIT_MS + 1000)
    assert talk.voice.types() == ["response.create"]


def test_a_backchannel_long_before_the_end_answers_nothing(speaking: Talk) -> None:
    speaking.callee_says("u1", "Mhm.", ms=MHM_MS)
    speaking.play(SENTENCE_MS - 1000 + LATE_MS + ANSWER_WAIT_MS)
    assert speaking.voice.sent == []


def test_a_hello_that_outlasts_the_greeting_is_answered() -> None:
    talk = Talk(agent_begins=True)
    talk.agent_answers("r1", "a1", "Good morning.", 900)
    talk.play(200)
    talk.callee_says("u1", "Hello?", ms=1000)
    talk.voice.take()
    talk.play(ANSWER_WAIT_MS + 200)
    assert talk.voice.types() == ["response.create"]


# Noise


def test_a_speech_that_we_do_not_hear_does_not_stop_the_agent_and_is_not_answered(speaking: Talk) -> None:
    speaking.callee_begins("u1", sound=QUIET_FRAME)
    assert speaking.play(1000) == 50
    speaking.callee_ends("u1")
    speaking.tell(events.CalleeTranscript("u1", ""))
    assert speaking.voice.sent == []
    assert speaking.dialogue.figures.ignored_noises == 1


def test_a_noise_that_turns_into_a_voice_interrupts(speaking: Talk) -> None:
    speaking.callee_begins("u1", sound=QUIET_FRAME)
    speaking.play(500)
    speaking.callee_begins_again()
    assert speaking.play(ONSET_GATE_MS) <= 1
    assert speaking.voice.types() == ["conversation.item.truncate"]
    assert speaking.dialogue.figures.barge_in_reaction_ms == [0]


def test_a_mhm_on_a_noisy_line_is_still_a_short_one(talk: Talk) -> None:
    talk.agent_answers("r1", "a1", "A long story.", SENTENCE_MS)
    talk.silence = talk.callee = NOISY_FRAME
    talk.play(1600)
    talk.callee_says("u1", "Mhm.", ms=MHM_MS)
    assert talk.voice.sent == []
    assert talk.dialogue.figures.backchannels == 1


def test_many_words_of_a_quiet_voice_interrupt_as_soon_as_they_are_understood(speaking: Talk) -> None:
    speaking.callee_begins("u1", sound=QUIET_FRAME)
    speaking.play(1000)
    speaking.callee_ends("u1")
    speaking.tell(events.CalleeTranscript("u1", "Please stop, I cannot talk now."))
    assert speaking.voice.types() == ["conversation.item.truncate", "response.create"]
    assert speaking.play(500) == 0


def test_a_breath_does_not_cancel_the_answer_that_is_being_thought_of(talk: Talk) -> None:
    talk.callee_says("u1", "Tomorrow.")
    talk.tell(events.ResponseCreated("r1"))
    talk.callee_begins("u2", sound=QUIET_FRAME)
    talk.play(200)
    talk.callee_ends("u2")
    assert talk.voice.types() == ["response.create"]


def test_a_callee_who_goes_on_while_the_answer_is_being_thought_of_is_heard_to_the_end(talk: Talk) -> None:
    talk.callee_says("u1", "Tomorrow.")
    talk.tell(events.ResponseCreated("r1"))
    talk.callee_says("u2", "No.", ms=MHM_MS)
    assert talk.voice.types() == ["response.create", "response.cancel"]
    talk.tell(events.ResponseDone("r1", "cancelled", "client_cancelled", ""))
    assert talk.voice.types() == ["response.create", "response.cancel", "response.create"]


# Whatever comes in between


def test_the_farewell_is_not_kept_back_by_a_sound_of_the_callee(speaking: Talk) -> None:
    speaking.callee_begins("u1")
    assert speaking.play(100) == 0
    speaking.dialogue.close()
    assert speaking.play(SENTENCE_MS) == (SENTENCE_MS - 1000 - DETECTION_MS) // FRAME_MS


def test_what_was_received_is_heard_also_when_the_voice_is_lost_in_a_pause(speaking: Talk) -> None:
    speaking.callee_begins("u1")
    speaking.dialogue.voice_is_lost()
    assert speaking.play(SENTENCE_MS) > 100


def test_a_telephone_that_sends_nothing_any_more_does_not_leave_the_agent_silent(speaking: Talk) -> None:
    speaking.callee_begins("u1")
    speaking.sends_sound = False
    assert speaking.play(2000) > 80
