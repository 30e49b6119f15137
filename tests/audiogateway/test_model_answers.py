"""Responses that fail, and what the model says that nobody understands."""

from audiogateway.initiative import FIRST_WORDS_MS
from audiogateway.patience import MAX_FAILURES
from audiogateway.realtime import events
from tests.audiogateway.scripted_talk import Talk


def test_a_failed_response_is_asked_for_again_but_not_for_ever(talk: Talk) -> None:
    talk.dialogue.on_time(FIRST_WORDS_MS)
    for number in range(MAX_FAILURES + 1):
        assert not talk.dialogue.failures.has_given_up
        talk.tell(events.ResponseCreated(f"r{number}"))
        talk.tell(events.ResponseDone(f"r{number}", "failed", "", "rate_limit_exceeded"))
    assert talk.dialogue.failures.has_given_up


def test_a_success_between_failures_forgets_them(talk: Talk) -> None:
    for number in range(2):
        talk.tell(events.ResponseCreated(f"r{number}"), events.ResponseDone(f"r{number}", "failed", "", "x"))
    talk.agent_answers("r3", "a3", "Yes.", 100)
    for number in range(4, 6):
        talk.tell(events.ResponseCreated(f"r{number}"), events.ResponseDone(f"r{number}", "failed", "", "x"))
    assert not talk.dialogue.failures.has_given_up


def test_nonsense_is_counted_and_the_talk_goes_on(talk: Talk) -> None:
    talk.tell(events.ProtocolProblem("response.done: id is missing"), events.ServerError("x", "y"))
    talk.agent_answers("r1", "a1", "Yes.", 100)
    assert talk.play(200) == 5
    assert (talk.dialogue.figures.protocol_problems, talk.dialogue.figures.server_errors) == (1, 1)
