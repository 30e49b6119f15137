"""The agent's own voice in the callee's sound: real speech of the sandbox's voice, by levels and in a talk."""

from functools import cache

import numpy as np
import pytest

from audiogateway.audio.g711 import linear_to_ulaw
from audiogateway.audio.levels import QUIETEST_DBFS, Levels, levels_dbfs
from audiogateway.echo import DELAY_FRAMES, is_echo, repeats
from audiogateway.realtime import events
from audiogateway.silence import SILENCE_MS
from sandbox.speech.voice import synthesize
from tests.audiogateway.scripted_talk import SILENT_FRAME, Echo, Talk

AGENT = "Hello, this is an AI assistant calling on behalf of Miller Dental. Do you want to keep your appointment?"
CALLEE = "Sorry, this is a bad moment. Please call me tomorrow at ten."
THRESHOLD_DBFS = -50.0


@cache
def levels(text: str) -> Levels:
    return levels_dbfs(synthesize(text), 320)


def echo(of: Levels, delay_frames: int, loss_db: float) -> Levels:
    late = np.concatenate([np.full(delay_frames, QUIETEST_DBFS, np.float32), of])
    return np.asarray(late[: len(of)] - loss_db, np.float32)


def together(one: Levels, other: Levels, *, begins: int) -> Levels:
    mixed = 10 ** (one / 10)
    mixed[begins : begins + len(other)] += 10 ** (other[: len(mixed) - begins] / 10)
    return np.asarray(10 * np.log10(mixed), np.float32)


def verdicts(callee: Levels, agent: Levels, *, begin: int, end: int) -> list[bool]:
    """What is thought of each moment (frame) between the two in which the callee is heard."""
    before = np.full(50 + DELAY_FRAMES, QUIETEST_DBFS, np.float32)
    callee, agent = np.concatenate([before, callee]), np.concatenate([before, agent])
    moments = [len(before) + moment for moment in range(begin, end)]
    return [
        is_echo(callee[:moment], agent[:moment], THRESHOLD_DBFS)
        for moment in moments
        if (callee[moment - 3 : moment] > THRESHOLD_DBFS).all()
    ]


@pytest.mark.parametrize("delay_frames", [1, 7, 15, 22])
@pytest.mark.parametrize("loss_db", [8.0, 20.0])
def test_an_echo_is_known_by_its_delay_and_its_loss(delay_frames: int, loss_db: float) -> None:
    agent = levels(AGENT)
    seen = verdicts(echo(agent, delay_frames, loss_db), agent, begin=delay_frames + 15, end=len(agent))
    assert sum(seen) >= 0.95 * len(seen) > 50


def test_a_callee_who_speaks_into_the_agents_words_is_no_echo() -> None:
    agent, callee = levels(AGENT), levels(CALLEE)
    seen: list[bool] = []
    for begins in range(25, len(agent) - 60, 10):
        heard = together(np.full_like(agent, QUIETEST_DBFS), callee, begins=begins)
        seen += verdicts(heard, agent, begin=begins + 3, end=begins + 50)
    assert sum(seen) <= 0.02 * len(seen)


def test_a_callee_who_speaks_into_an_echo_is_heard_within_half_a_second() -> None:
    agent, callee = levels(AGENT), levels(CALLEE)
    for begins in range(50, len(agent) - 60, 10):
        heard = together(echo(agent, 7, 15.0), callee, begins=begins)
        assert not all(verdicts(heard, agent, begin=begins + 2, end=begins + 25))


def test_in_silence_there_is_no_echo() -> None:
    silence = np.full(100, QUIETEST_DBFS, np.float32)
    assert not is_echo(silence[:75], silence, THRESHOLD_DBFS)
    assert not is_echo(levels(CALLEE)[:75], silence, THRESHOLD_DBFS)
    assert not is_echo(silence[:0], silence, THRESHOLD_DBFS)


def test_the_words_of_an_echo_are_the_agents_as_far_as_they_are_understood() -> None:
    assert repeats("this is an assistant calling", AGENT)
    assert repeats("", AGENT)
    assert not repeats(CALLEE, AGENT)


# In a talk


@pytest.fixture
def echoing(talk: Talk) -> Talk:
    """The agent has been speaking for a second on a line with an echo, and the model takes that for a speech."""
    talk.echo = Echo()
    talk.agent_sounds("r1", "a1", AGENT, linear_to_ulaw(synthesize(AGENT)))
    talk.play(1000)
    talk.tell(events.SpeechStarted("u1", 0))
    return talk


def test_an_echo_does_not_stop_the_agent_and_is_no_turn(echoing: Talk) -> None:
    frames = len(synthesize(AGENT)) // 320
    assert echoing.play(10_000) >= frames - 50
    echoing.tell(events.SpeechStopped("u1", echoing.sent_ms), events.AudioCommitted("u1", "a1"))
    echoing.tell(events.CalleeTranscript("u1", "this is an AI assistant calling on behalf of"))
    assert echoing.voice.sent == [{"type": "conversation.item.delete", "item_id": "u1"}]
    assert echoing.store.transcript == [("agent", AGENT)]
    assert (echoing.dialogue.figures.ignored_echoes, echoing.dialogue.figures.interruptions) == (1, 0)


def test_a_callee_who_speaks_into_the_echo_interrupts(echoing: Talk) -> None:
    echoing.play(600)
    speech = synthesize(CALLEE)
    stopped_ms = None
    for at in range(0, len(speech) - 320, 320):
        echoing.callee = speech[at : at + 320]
        if not echoing.play(20) and stopped_ms is None:
            stopped_ms = at // 16
    assert stopped_ms is not None and stopped_ms <= 800
    assert "conversation.item.truncate" in echoing.voice.types()
    echoing.callee = SILENT_FRAME
    echoing.callee_ends("u1", after="a1")
    assert echoing.voice.types()[-1] == "response.create"


def test_words_that_are_not_the_agents_are_a_turn_of_the_callee_although_an_echo_was_heard(echoing: Talk) -> None:
    echoing.play(8_000)
    echoing.tell(events.SpeechStopped("u1", echoing.sent_ms), events.CalleeTranscript("u1", "I have no time."))
    assert ("callee", "I have no time.") in echoing.store.transcript


def test_an_echo_of_the_question_whether_they_are_there_is_nobody(echoing: Talk) -> None:
    echoing.play(8_000)
    echoing.tell(events.SpeechStopped("u1", echoing.sent_ms), events.CalleeTranscript("u1", "appointment"))
    for number in range(2, 4):
        echoing.play(SILENCE_MS + 400)
        if echoing.dialogue.is_abandoned:
            break
        echoing.agent_sounds(f"r{number}", f"a{number}", AGENT, linear_to_ulaw(synthesize(AGENT)))
        echoing.play(1000)
        echoing.tell(events.SpeechStarted(f"u{number}", echoing.sent_ms - 600))
        echoing.play(8_000)
        echoing.tell(events.SpeechStopped(f"u{number}", echoing.sent_ms), events.CalleeTranscript(f"u{number}", ""))
    assert echoing.dialogue.is_abandoned


def test_an_echo_of_the_greeting_is_no_hello_that_goes_on_and_on() -> None:
    talk = Talk(agent_begins=True)
    talk.echo = Echo()
    talk.agent_sounds("r1", "a1", AGENT, linear_to_ulaw(synthesize(AGENT)))
    talk.play(260)
    talk.tell(events.SpeechStarted("u1", 0))
    assert talk.play(10_000) >= len(synthesize(AGENT)) // 320 - 13
    talk.tell(events.SpeechStopped("u1", talk.sent_ms), events.CalleeTranscriptFailed("u1", "unintelligible"))
    assert talk.dialogue.figures.ignored_echoes == 1
    assert talk.store.transcript == [("agent", AGENT)]
