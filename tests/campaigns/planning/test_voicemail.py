"""What becomes of a task when a machine answered: the plan's word about voicemails decides."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from calls.contracts import VoicemailPolicy
from campaigns.planning.next_step import Complete, Fail, Judged, TaskFacts, TryAgain, next_step

NOW = datetime(2026, 11, 22, 21, 30, tzinfo=UTC)
TASK = TaskFacts(attempts=1, max_attempts=2, time_zone=ZoneInfo("America/New_York"))
MACHINE = Judged("voicemail", "", task_completed=False, reason="A voicemail answered.", next_call_needed=True)


def facts(policy: VoicemailPolicy, *, needs_answer: bool = False, attempts: int = 1) -> TaskFacts:
    return replace(TASK, voicemail=policy, needs_answer=needs_answer, attempts=attempts)


def test_a_message_that_was_left_completes_a_task_that_needs_no_answer() -> None:
    step = next_step(facts("leave_message"), replace(MACHINE, message_left=True), NOW)
    assert step == Complete("A message was left on a voicemail.", "message_left")


def test_a_message_is_not_enough_where_an_answer_is_needed() -> None:
    left = replace(MACHINE, message_left=True)
    assert isinstance(next_step(facts("leave_message", needs_answer=True), left, NOW), TryAgain)
    last = next_step(facts("leave_message", needs_answer=True, attempts=2), left, NOW)
    assert isinstance(last, Fail)
    assert last.code == "attempts_used_up"


def test_a_machine_that_took_no_message_is_called_again() -> None:
    assert isinstance(next_step(facts("leave_message"), MACHINE, NOW), TryAgain)


def test_hang_up_means_not_to_call_again() -> None:
    step = next_step(facts("hang_up"), MACHINE, NOW)
    assert step == Fail("voicemail", "A voicemail answered, and the plan says not to call again.")


def test_try_again_calls_by_the_table_until_the_attempts_are_used_up() -> None:
    step = next_step(facts("try_again"), MACHINE, NOW)
    assert isinstance(step, TryAgain)
    assert step.why == "voicemail answered"
    assert isinstance(next_step(facts("try_again", attempts=2), MACHINE, NOW), Fail)
    never = replace(facts("try_again"), retries={"voicemail": None})
    assert isinstance(next_step(never, MACHINE, NOW), Fail)


@pytest.mark.parametrize("needed", [True, False])
def test_as_instructed_leaves_it_to_the_verdict(needed: bool) -> None:
    step = next_step(facts("as_instructed"), replace(MACHINE, next_call_needed=needed), NOW)
    assert isinstance(step, TryAgain if needed else Fail)


@pytest.mark.parametrize("policy", ["as_instructed", "hang_up", "leave_message", "try_again"])
def test_a_fax_machine_is_never_called_again(policy: VoicemailPolicy) -> None:
    fax = replace(MACHINE, outcome="unreachable", reason="This number is a fax machine.", is_fax=True)
    assert next_step(facts(policy), fax, NOW) == Fail("fax", "This number is a fax machine.")


@pytest.mark.parametrize("policy", ["hang_up", "leave_message", "try_again"])
def test_calls_that_people_took_are_none_of_its_business(policy: VoicemailPolicy) -> None:
    busy = replace(MACHINE, outcome="busy")
    assert isinstance(next_step(facts(policy), busy, NOW), TryAgain)
