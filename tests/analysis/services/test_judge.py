from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from analysis.facade import pending_reason, verdict_of
from analysis.models import Verdict
from analysis.roles.analyst import case_data
from analysis.services.judge import (
    CLAIM_LASTS,
    INVALID_ANSWERS_AT_MOST,
    WAIT_FOR_MENDING,
    due_calls,
    judge,
    note_calls_ended,
)
from calls.contracts import CallEnded
from calls.facade import record_event, request_reschedule
from calls.models import Call
from calls.states import Outcome, State
from opendeep.core.models import OutboxEvent
from tests.factories import NOW, make_brief, make_call, make_turns
from tests.openai_server import OpenAIServer

pytestmark = pytest.mark.django_db

KEEPS = {"name": "keeps_appointment", "label": "Keeps the appointment", "type": "yes_no", "options": []}
ASKED = ("agent", "Hello, this is an AI assistant. Do you want to keep your appointment on Friday at ten?")


def ended(*said: tuple[str, str], outcome: Outcome = Outcome.COMPLETED) -> Call:
    """An ended call that waits for its judgement."""
    brief = make_brief(result_fields=(KEEPS,))
    call = make_call(State.ENDED, outcome=outcome, brief=brief.to_json())
    make_turns(call, *said)
    note_calls_ended([CallEnded(call.pk, call.organization_id, call.origin, outcome, NOW)], NOW)
    return call


def row(call: Call) -> Verdict:
    return Verdict.objects.get(call=call)


def test_a_silent_call_is_judged_by_its_outcome_without_a_model() -> None:
    call = ended(outcome=Outcome.BUSY)
    assert judge(call.pk, NOW)
    verdict = verdict_of(call.pk)
    assert verdict is not None
    assert (verdict.method, verdict.reason, verdict.next_call_needed) == ("rule", "The line was busy.", True)


def test_an_agent_that_talked_to_nobody_proves_nothing() -> None:
    call = ended(ASKED, ("callee", "…"))
    judge(call.pk, NOW)
    assert (row(call).method, row(call).task_completed) == ("rule", False)


@pytest.mark.parametrize(
    ("left", "reason"), [(False, "A voicemail answered."), (True, "A voicemail answered, and a message was left.")]
)
def test_what_a_voicemail_plays_is_judged_without_a_model_where_the_plan_settles_it(left: bool, reason: str) -> None:
    call = ended(("callee", "Please leave a message after the tone."), outcome=Outcome.VOICEMAIL)
    brief = make_brief(voicemail="leave_message", result_fields=(KEEPS,)).to_json()
    Call.objects.filter(pk=call.pk).update(brief=brief, callee_kind="voicemail", message_left=left)
    assert judge(call.pk, NOW)
    assert (row(call).method, row(call).reason, row(call).task_completed) == ("rule", reason, False)


def test_a_talk_is_judged_by_the_analyst_with_evidence(openai_server: OpenAIServer) -> None:
    call = ended(ASKED, ("callee", "Yes, I will keep the appointment."), ("agent", "Thank you, goodbye."))
    assert judge(call.pk, NOW)
    verdict = verdict_of(call.pk)
    assert verdict is not None
    assert (verdict.method, verdict.task_completed, verdict.evidence_turns) == ("model", True, (2,))
    (result,) = verdict.results
    assert (result.field, result.value.lower(), result.verified) == ("keeps_appointment", "yes", True)
    stored = row(call)
    assert stored.prompt_hash.startswith("v1:")
    assert stored.usage["input_tokens"] > 0


def test_a_callback_is_a_moment_on_the_callees_clock(openai_server: OpenAIServer) -> None:
    call = ended(ASKED, ("callee", "I cannot talk now. Please call me tomorrow at ten."), ("agent", "I will. Goodbye."))
    judge(call.pk, NOW)
    verdict = verdict_of(call.pk)
    assert verdict is not None
    assert verdict.next_call_at is not None
    local = verdict.next_call_at.astimezone(ZoneInfo("America/New_York"))
    assert (local.date() - NOW.date(), local.hour) == (timedelta(days=1), 10)


def test_a_no_is_heard(openai_server: OpenAIServer) -> None:
    call = ended(ASKED, ("callee", "Never call me again."), ("agent", "I am sorry. Goodbye."))
    judge(call.pk, NOW)
    assert row(call).do_not_call_requested
    assert not row(call).next_call_needed


def test_what_the_agent_noted_counts_for_a_silent_call() -> None:
    call = ended(outcome=Outcome.DROPPED)
    request_reschedule(call.pk, when=NOW + timedelta(days=1), reason="tomorrow", at=NOW)
    judge(call.pk, NOW)
    assert row(call).next_call_at == NOW + timedelta(days=1)


def test_a_no_that_the_agent_noted_counts_for_a_silent_call() -> None:
    call = ended(outcome=Outcome.DROPPED)
    record_event(call.pk, kind="do_not_call", source="agent", detail={}, at=NOW)
    judge(call.pk, NOW)
    assert row(call).do_not_call_requested


def test_the_fact_that_a_call_ended_may_come_twice() -> None:
    call = ended()
    note_calls_ended([CallEnded(call.pk, call.organization_id, call.origin, "completed", NOW)], NOW)
    assert Verdict.objects.count() == 1


def test_a_call_is_judged_once_and_the_fact_published_once() -> None:
    call = ended(outcome=Outcome.BUSY)
    assert [judge(call.pk, NOW), judge(call.pk, NOW + timedelta(hours=1))] == [True, False]
    fact = OutboxEvent.objects.get(topic="analysis.judged")
    assert fact.payload["call_id"] == str(call.pk)


def test_a_claim_keeps_others_away_until_it_expires() -> None:
    call = ended(outcome=Outcome.BUSY)
    Verdict.objects.update(next_try_at=NOW + CLAIM_LASTS)  # a worker is at it, or died over it
    assert not judge(call.pk, NOW)
    assert due_calls(NOW) == []
    later = NOW + CLAIM_LASTS
    assert due_calls(later) == [call.pk]
    assert judge(call.pk, later)


@pytest.mark.parametrize(
    ("fault", "wait", "words"),
    [
        ({"status": 401}, WAIT_FOR_MENDING, "refuses the key"),
        ({"status": 429, "retry_after": 40}, timedelta(seconds=40), "busy right now"),
        ({"status": 500, "times": 2}, timedelta(seconds=5), "cannot be reached"),
    ],
)
def test_a_failing_model_delays_the_judgement_and_loses_nothing(
    openai_server: OpenAIServer, fault: dict[str, Any], wait: timedelta, words: str
) -> None:
    call = ended(ASKED, ("callee", "Yes, I keep it."))
    openai_server.fault(target="chat", **fault)
    assert not judge(call.pk, NOW)
    assert words in row(call).last_error
    assert words in (pending_reason(call.pk) or "")
    assert row(call).next_try_at == NOW + wait
    assert not judge(call.pk, NOW + wait - timedelta(seconds=1))
    assert judge(call.pk, NOW + wait)
    assert row(call).last_error == ""
    assert pending_reason(call.pk) is None


def test_waits_grow_while_the_model_is_away(openai_server: OpenAIServer) -> None:
    call = ended(ASKED, ("callee", "Yes, I keep it."))
    openai_server.fault(target="chat", status=429, retry_after=3, times=3)  # longer than the runner waits by itself
    waits, at = [], NOW
    for _ in range(3):
        judge(call.pk, at)
        waits.append((row(call).next_try_at - at).total_seconds())
        at = row(call).next_try_at
    assert waits == [5, 10, 20]


@pytest.mark.parametrize("fault", [{"kind": "wrong_schema"}, {"status": 400}])
def test_what_fails_for_ever_with_this_call_leaves_it_to_people(
    openai_server: OpenAIServer, fault: dict[str, Any]
) -> None:
    call = ended(ASKED, ("callee", "Yes, I keep it."))
    openai_server.fault(target="chat", times=2 * INVALID_ANSWERS_AT_MOST, **fault)
    at = NOW
    for _ in range(INVALID_ANSWERS_AT_MOST):
        judge(call.pk, at)
        at = row(call).next_try_at
    verdict = row(call)
    assert (verdict.status, verdict.method, verdict.task_completed) == ("judged", "rule", False)
    assert "Read its transcript" in verdict.reason


def test_tries_during_an_outage_do_not_count_as_useless_answers(openai_server: OpenAIServer) -> None:
    call = ended(ASKED, ("callee", "Yes, I keep it."))
    Verdict.objects.filter(call=call).update(tries=50)  # the model was away for hours
    openai_server.fault(target="chat", times=2, kind="wrong_schema")  # and answers one repaired round with nonsense
    judge(call.pk, NOW)
    assert (row(call).status, row(call).refusals) == ("pending", 1)


def test_a_judge_who_comes_second_changes_nothing(openai_server: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> None:
    call = ended(ASKED, ("callee", "Yes, I keep it."))

    def judged_meanwhile(*args: Any) -> Any:
        Verdict.objects.filter(call=call).update(status="judged", judged_at=NOW, reason="The first.", method="model")
        return case_data(*args)

    monkeypatch.setattr("analysis.services.judge.case_data", judged_meanwhile)
    assert not judge(call.pk, NOW)
    assert row(call).reason == "The first."
    assert not OutboxEvent.objects.filter(topic="analysis.judged").exists()


def test_a_call_without_a_verdict_says_so() -> None:
    call = ended()
    assert verdict_of(call.pk) is None
    assert pending_reason(call.pk) == "Being judged."
