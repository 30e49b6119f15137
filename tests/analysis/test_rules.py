from datetime import UTC, datetime

import pytest

from analysis.rules import MESSAGE_LEFT, REASONS, TRY_AGAIN, by_machine, by_outcome, without_judge
from calls.states import Outcome

SOON = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_has_words_and_completes_nothing(outcome: Outcome) -> None:
    judged = by_outcome(outcome, "")
    assert judged.reason == REASONS[outcome]
    assert not judged.task_completed
    assert judged.method == "rule"


def test_what_was_refused_forbidden_or_cancelled_is_not_tried_again() -> None:
    assert set(Outcome) - TRY_AGAIN == {"rejected", "blocked", "cancelled"}
    assert not by_outcome("rejected", "").next_call_needed
    assert by_outcome("busy", "").next_call_needed


def test_the_cause_is_named_where_it_says_more_than_the_outcome() -> None:
    assert by_outcome("failed", "No route to the number.").reason == "The call failed: No route to the number."
    assert by_outcome("busy", "cause 17").reason == "The line was busy."


def test_a_no_that_the_agent_noted_ends_the_matter() -> None:
    judged = by_outcome("dropped", "", do_not_call_requested=True, next_call_at=SOON)
    assert judged.do_not_call_requested
    assert (judged.next_call_needed, judged.next_call_at) == (False, None)


def test_without_a_judge_nothing_is_claimed_and_a_promise_is_kept() -> None:
    judged = without_judge("The model answers nonsense.", do_not_call_requested=False, next_call_at=SOON)
    assert "The model answers nonsense" in judged.reason
    assert (judged.task_completed, judged.next_call_needed, judged.next_call_at) == (False, True, SOON)
    assert not without_judge("No.", do_not_call_requested=False, next_call_at=None).next_call_needed


def test_a_fax_machine_needs_no_other_call_and_a_voicemail_may() -> None:
    fax = by_machine("fax", message_left=False, do_not_call_requested=False)
    assert (fax.reason, fax.next_call_needed) == ("This number is a fax machine.", False)
    message = by_machine("voicemail", message_left=True, do_not_call_requested=False)
    assert (message.reason, message.next_call_needed) == (MESSAGE_LEFT, True)
    assert not by_machine("voicemail", message_left=False, do_not_call_requested=True).next_call_needed
