from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.planning.next_step import (
    ANSWERED,
    FREE_TRUNK_FAULTS,
    RETRY_WORDS,
    AskOwner,
    Cancel,
    Complete,
    Fail,
    Judged,
    TaskFacts,
    TryAgain,
    next_step,
)
from campaigns.planning.retries import retry_at

NOW = datetime(2026, 11, 22, 21, 30, tzinfo=UTC)
TOMORROW = NOW + timedelta(days=1)
TASK = TaskFacts(attempts=1, max_attempts=3, time_zone=ZoneInfo("America/New_York"))
RETRY = Judged("busy", "", task_completed=False, reason="The line was busy.", next_call_needed=True)
OUTCOMES = [
    "completed", "no_answer", "busy", "rejected", "unreachable", "voicemail",
    "dropped", "failed", "blocked", "cancelled", "lost",
]  # fmt: skip


@pytest.mark.parametrize("outcome", ["busy", "no_answer", "unreachable", "voicemail", "dropped", "failed", "lost"])
def test_each_outcome_waits_as_its_table_says(outcome: str) -> None:
    moment = retry_at(TASK.retries, outcome, 1, NOW, TASK.time_zone, TASK.seed)
    assert moment is not None
    assert next_step(TASK, replace(RETRY, outcome=outcome), NOW) == TryAgain(moment, RETRY_WORDS[outcome])


FAULT = replace(RETRY, outcome="unreachable", reason="No line was free.", trunk_fault=True)


def test_what_failed_by_our_own_line_costs_no_attempt_and_is_tried_again_soon() -> None:
    last_attempt = replace(TASK, attempts=3, trunk_faults=1)
    step = next_step(last_attempt, FAULT, NOW)
    assert isinstance(step, TryAgain)
    assert (step.why, step.uses_attempt) == ("our line failed", False)
    assert timedelta(minutes=4) < step.at - NOW < timedelta(minutes=6)
    later = next_step(replace(last_attempt, trunk_faults=3), FAULT, NOW)
    assert isinstance(later, TryAgain)
    assert timedelta(minutes=15) < later.at - NOW < timedelta(minutes=25)


def test_a_number_that_never_gets_a_line_is_not_dialled_for_ever() -> None:
    again_and_again = replace(TASK, trunk_faults=FREE_TRUNK_FAULTS + 1)
    step = next_step(again_and_again, FAULT, NOW)
    assert isinstance(step, TryAgain)
    assert (step.why, step.uses_attempt) == ("could not be reached", True)
    used_up = next_step(replace(again_and_again, attempts=3), FAULT, NOW)
    assert isinstance(used_up, Fail) and used_up.code == "attempts_used_up"


@pytest.mark.parametrize("step", [{"listed": True}, {"campaign_cancelled": True}, {"campaign_ends_at": NOW}])
def test_a_fault_of_the_line_lets_nobody_be_called_who_may_not_be(step: dict[str, Any]) -> None:
    assert isinstance(next_step(replace(TASK, trunk_faults=1, **step), FAULT, NOW), Fail | Cancel)


def test_a_campaign_has_its_own_table() -> None:
    impatient = replace(TASK, retries={"busy": 1, "no_answer": None})
    step = next_step(impatient, RETRY, NOW)
    assert isinstance(step, TryAgain)
    assert step.at - NOW <= timedelta(seconds=66)
    given_up = next_step(impatient, replace(RETRY, outcome="no_answer"), NOW)
    assert given_up == Fail("not_achieved", "The line was busy.")


def test_a_retry_waits_for_the_calling_hours() -> None:
    closed_until = NOW + timedelta(hours=17)
    task = replace(TASK, opening=lambda moment: max(moment, closed_until))
    assert next_step(task, RETRY, NOW) == TryAgain(closed_until, "was busy")
    asked = replace(RETRY, next_call_at=NOW + timedelta(hours=1))
    assert next_step(task, asked, NOW) == TryAgain(closed_until, "asked to be called again")


def test_hours_that_never_open_are_left_to_the_gate_which_says_so() -> None:
    assert isinstance(next_step(replace(TASK, opening=lambda moment: None), RETRY, NOW), TryAgain)


def test_no_retry_lies_behind_the_end_of_the_campaign() -> None:
    ending = replace(TASK, campaign_ends_at=NOW + timedelta(minutes=5))
    assert next_step(ending, RETRY, NOW) == Fail("campaign_over", "The campaign ends before the next call: was busy.")
    assert isinstance(next_step(replace(ending, campaign_ends_at=TOMORROW), RETRY, NOW), TryAgain)


def test_who_declines_is_called_again_only_where_the_table_says_so() -> None:
    declined = replace(RETRY, outcome="rejected", next_call_needed=False)
    assert isinstance(next_step(TASK, declined, NOW), Fail)
    assert isinstance(next_step(replace(TASK, retries={"rejected": 60}), declined, NOW), TryAgain)


def test_a_rejected_call_is_not_repeated() -> None:
    judged = Judged("rejected", "", task_completed=False, reason="The call was rejected.", next_call_needed=False)
    assert next_step(TASK, judged, NOW) == Fail("rejected", "The call was rejected.")
    assert next_step(TASK, replace(judged, next_call_needed=True), NOW) == Fail("rejected", "The call was rejected.")


def test_a_blocked_call_fails_with_the_gates_words() -> None:
    judged = replace(RETRY, outcome="blocked", end_reason="The number is premium rate.", next_call_needed=False)
    assert next_step(TASK, judged, NOW) == Fail("blocked", "The number is premium rate.")


def test_a_completed_task_is_complete_also_in_its_last_attempt() -> None:
    done = Judged("completed", "", task_completed=True, reason="Keeps it.", next_call_needed=False)
    assert next_step(replace(TASK, attempts=3), done, NOW) == Complete("Keeps it.")


def test_somebodys_no_comes_before_everything() -> None:
    no = Judged(
        "completed",
        "",
        True,
        "Wants no calls.",
        next_call_needed=True,
        next_call_at=TOMORROW,
        do_not_call_requested=True,
    )
    assert next_step(TASK, no, NOW) == Fail("do_not_call", "Wants no calls.", list_number=True)


def test_a_number_that_got_on_the_list_meanwhile_is_not_tried_again() -> None:
    step = next_step(replace(TASK, listed=True), RETRY, NOW)
    assert isinstance(step, Fail)
    assert step.code == "do_not_call"


def test_a_callback_comes_at_the_time_that_the_callee_named() -> None:
    judged = replace(RETRY, outcome="completed", next_call_at=TOMORROW)
    assert next_step(TASK, judged, NOW) == TryAgain(TOMORROW, "asked to be called again")


def test_a_callback_may_exceed_the_attempts_by_one_and_no_more() -> None:
    judged = replace(RETRY, outcome="completed", next_call_at=TOMORROW)
    assert isinstance(next_step(replace(TASK, attempts=3), judged, NOW), TryAgain)
    assert isinstance(next_step(replace(TASK, attempts=4), judged, NOW), Fail)


def test_used_up_attempts_end_the_task() -> None:
    assert next_step(replace(TASK, attempts=3), RETRY, NOW) == Fail(
        "attempts_used_up", "Not done after 3 calls. The line was busy."
    )


def test_a_callback_in_the_past_falls_back_to_the_table() -> None:
    judged = replace(RETRY, next_call_at=NOW - timedelta(hours=1))
    assert next_step(TASK, judged, NOW) == next_step(TASK, RETRY, NOW)


def test_a_talk_that_ended_for_good_without_success_fails() -> None:
    judged = Judged("completed", "", task_completed=False, reason="Has moved away.", next_call_needed=False)
    assert next_step(TASK, judged, NOW) == Fail("not_achieved", "Has moved away.")


def test_the_calls_of_a_cancelled_campaign_cancel_their_tasks_unless_they_achieved_something() -> None:
    cancelled = replace(TASK, campaign_cancelled=True)
    assert isinstance(next_step(cancelled, RETRY, NOW), Cancel)
    done = Judged("completed", "", task_completed=True, reason="Keeps it.", next_call_needed=False)
    assert isinstance(next_step(cancelled, done, NOW), Complete)


judgements = st.builds(
    Judged,
    outcome=st.sampled_from(OUTCOMES),
    end_reason=st.text(max_size=5),
    task_completed=st.booleans(),
    reason=st.text(max_size=5),
    next_call_needed=st.booleans(),
    next_call_at=st.none() | st.integers(-1000, 1000).map(lambda minutes: NOW + timedelta(minutes=minutes)),
    do_not_call_requested=st.booleans(),
)
tasks = st.builds(
    TaskFacts,
    attempts=st.integers(1, 12),
    max_attempts=st.integers(1, 10),
    time_zone=st.just(TASK.time_zone),
    listed=st.booleans(),
    campaign_cancelled=st.booleans(),
)


@given(tasks, judgements)
def test_nobody_is_called_for_ever_in_the_past_or_against_their_will(task: TaskFacts, judged: Judged) -> None:
    step = next_step(task, judged, NOW)
    if isinstance(step, TryAgain):
        assert step.at > NOW
        assert task.attempts <= task.max_attempts
        assert not (judged.do_not_call_requested or task.listed or task.campaign_cancelled)
        assert judged.outcome not in ("blocked", "cancelled")
    if judged.do_not_call_requested:
        assert isinstance(step, Fail)
        assert step.list_number


# Questions to the owner

ASKED = Judged("completed", "", False, "Wanted to know about her dog.", next_call_needed=False, question="unanswered")


def test_without_the_owners_answer_nobody_is_called() -> None:
    assert next_step(TASK, ASKED, NOW) == AskOwner()
    assert next_step(TASK, replace(ASKED, next_call_needed=True), NOW) == AskOwner()


def test_an_answer_that_came_too_late_for_the_call_is_told_in_another_one_within_the_hours() -> None:
    closed_until = NOW + timedelta(hours=17)
    task = replace(TASK, opening=lambda moment: max(moment, closed_until))
    assert next_step(task, replace(ASKED, question="answered_late"), NOW) == TryAgain(closed_until, ANSWERED)


def test_a_call_that_was_agreed_for_a_certain_time_is_made_then_answer_or_not() -> None:
    agreed = replace(ASKED, next_call_needed=True, next_call_at=TOMORROW)
    assert next_step(TASK, agreed, NOW) == TryAgain(TOMORROW, "asked to be called again")


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"do_not_call_requested": True}, "do_not_call"),
        ({"task_completed": True}, "achieved"),
        ({"outcome": "cancelled"}, "cancelled"),
    ],
)
def test_what_is_settled_waits_for_no_answer(facts: dict[str, object], code: str) -> None:
    step = next_step(TASK, replace(ASKED, **facts), NOW)  # type: ignore[arg-type]
    assert isinstance(step, Fail | Complete | Cancel)
    assert step.code == code


def test_the_promised_call_back_may_exceed_the_attempts_by_one() -> None:
    assert next_step(replace(TASK, attempts=3), ASKED, NOW) == AskOwner()
    over = next_step(replace(TASK, attempts=4), ASKED, NOW)
    assert isinstance(over, Fail) and over.code == "attempts_used_up"


def test_after_the_end_of_the_campaign_no_answer_is_waited_for() -> None:
    for question in ("unanswered", "answered_late"):
        step = next_step(replace(TASK, campaign_ends_at=NOW), replace(ASKED, question=question), NOW)
        assert isinstance(step, Fail) and step.code == "campaign_over"
