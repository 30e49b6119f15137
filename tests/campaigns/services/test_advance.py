from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from calls.contracts import CallEnded
from calls.models import Call, DoNotCall
from calls.states import Outcome
from campaigns.keys import task_origin
from campaigns.models import Campaign, Report, Task
from campaigns.services import advance
from campaigns.services.advance import note_call_judged, note_calls_ended
from campaigns.services.transitions import lock_campaign
from campaigns.states import CampaignStatus
from tests.factories import NOW, make_called_task, make_campaign, make_verdict, plan_data

pytestmark = pytest.mark.django_db

TOMORROW = NOW + timedelta(days=1)


def judged(task: Task, **verdict: Any) -> Task:
    """`task` after its call was judged."""
    assert task.current_call_id is not None
    make_verdict(task.current_call_id, **verdict)
    note_call_judged(task.current_call_id, task_origin(task.pk), NOW)
    return Task.objects.select_related("campaign").get(pk=task.pk)


def in_progress(**fields: Any) -> Task:
    return make_called_task(status="in_progress", **fields)


def ended(call_id: UUID, origin: str, task: Task) -> CallEnded:
    return CallEnded(call_id, task.organization_id, origin, "completed", NOW)


def test_the_end_of_its_call_makes_a_task_wait_for_the_verdict() -> None:
    task = in_progress()
    assert task.current_call_id is not None
    for _ in range(2):  # facts may come twice
        note_calls_ended([ended(task.current_call_id, task_origin(task.pk), task)], NOW)
    task.refresh_from_db()
    assert task.status == "pending_analysis"
    assert task.events.get().detail == {"call_id": str(task.current_call_id), "outcome": "completed"}


def test_facts_about_other_calls_are_ignored() -> None:
    task, other = in_progress(), make_called_task()
    assert other.current_call_id is not None
    note_calls_ended(
        [ended(other.current_call_id, origin, task) for origin in (task_origin(task.pk), "rehearsal:7")], NOW
    )
    note_call_judged(other.current_call_id, task_origin(task.pk), NOW)
    task.refresh_from_db()
    assert task.status == "in_progress"


def test_an_achieved_task_is_completed_with_its_results() -> None:
    result = {"field": "keeps_appointment", "value": "yes", "evidence_turns": [2], "verified": True}
    task = judged(make_called_task(), task_completed=True, reason="Keeps it.", results=[result])
    assert (task.status, task.conclusion_code, task.conclusion) == ("completed", "achieved", "Keeps it.")
    (field,) = task.result["fields"]
    assert (field["label"], field["value"], field["verified"]) == ("Keeps the appointment", "yes", True)
    assert task.current_call_id is None


def test_the_campaigns_own_table_and_the_calling_hours_decide_when_to_call_again() -> None:
    slow = make_campaign(plan=plan_data(retries={"busy": 12 * 60}))
    busy = judged(make_called_task(Outcome.BUSY, campaign=slow), next_call_needed=True)
    nine_next_morning = (NOW + timedelta(days=1)).replace(hour=14)
    assert (busy.status, busy.next_action_at) == ("pending", nine_next_morning)  # not at ten in the evening
    never = make_campaign(plan=plan_data(retries={"busy": None}))
    given_up = judged(make_called_task(Outcome.BUSY, campaign=never), next_call_needed=True)
    assert (given_up.status, given_up.conclusion_code) == ("failed_conclusive", "not_achieved")


def test_a_campaign_that_ends_before_the_next_call_says_so() -> None:
    campaign = make_campaign(ends_at=NOW + timedelta(minutes=1))
    task = judged(make_called_task(Outcome.BUSY, campaign=campaign), next_call_needed=True)
    assert (task.status, task.conclusion_code) == ("failed_conclusive", "campaign_over")


def test_a_callback_waits_until_the_time_that_was_named() -> None:
    task = judged(make_called_task(), next_call_needed=True, next_call_at=TOMORROW)
    assert (task.status, task.next_action_at) == ("pending", TOMORROW)
    assert task.next_action_reason == "asked to be called again"
    assert task.events.get().detail["why"] == "asked to be called again"
    assert task.campaign.status == CampaignStatus.RUNNING


def test_a_busy_line_is_tried_again_by_the_table() -> None:
    task = judged(make_called_task(Outcome.BUSY), next_call_needed=True, method="rule")
    assert task.next_action_at is not None
    assert abs(task.next_action_at - NOW - timedelta(minutes=10)) <= timedelta(minutes=1)
    assert task.next_action_reason == "was busy"


def test_a_fault_of_the_trunk_uses_up_no_attempt() -> None:
    task = make_called_task(Outcome.UNREACHABLE, attempts=1, max_attempts=1)
    Call.objects.filter(origin=task_origin(task.pk)).update(trunk_fault=True)
    task = judged(task, next_call_needed=True, method="rule")
    assert (task.status, task.attempts, task.next_action_reason) == ("pending", 0, "our line failed")
    assert task.next_action_at is not None
    assert task.next_action_at - NOW < timedelta(minutes=6)
    assert task.events.get().detail["uses_attempt"] is False


def test_results_of_earlier_calls_stay_until_a_later_call_replaces_them() -> None:
    known = {
        "field": "keeps_appointment",
        "label": "Keeps",
        "value": "yes",
        "verified": True,
        "evidence_turns": [1],
        "call_id": "x",
    }
    task = judged(
        make_called_task(Outcome.BUSY, result={"fields": [known]}), next_call_needed=True, summary="Busy.", results=[]
    )
    assert task.result["fields"] == [known]
    assert task.result["summary"] == "Busy."


def test_a_no_fails_the_task_and_is_on_the_list_in_the_same_moment() -> None:
    task = judged(make_called_task(), do_not_call_requested=True, reason="Never call again.")
    assert (task.status, task.conclusion_code) == ("failed_conclusive", "do_not_call")
    listed = DoNotCall.objects.get()
    assert (listed.organization_id, listed.number) == (task.organization_id, task.contact.number)
    assert (listed.source, listed.reason) == ("verdict", "Never call again.")


def test_a_no_that_the_agent_has_listed_already_is_listed_once() -> None:
    task = make_called_task()
    DoNotCall.objects.create(
        organization_id=task.organization_id, number=task.contact.number, source="call", created_at=NOW
    )
    assert judged(task, do_not_call_requested=True).conclusion_code == "do_not_call"
    assert DoNotCall.objects.get().source == "call"


def test_a_blocked_call_ends_the_task() -> None:
    task = make_called_task(Outcome.BLOCKED)
    assert judged(task, method="rule").conclusion_code == "blocked"


def test_a_verdict_that_overtakes_the_end_of_its_call_counts_all_the_same() -> None:
    task = judged(in_progress(), task_completed=True)
    assert task.status == "completed"
    assert [event.kind for event in task.events.all()] == ["call_ended", "complete"]


def test_the_same_verdict_twice_moves_the_task_once() -> None:
    task = make_called_task()
    call_id = task.current_call_id
    assert call_id is not None
    judged(task, next_call_needed=True, next_call_at=TOMORROW)
    note_call_judged(call_id, task_origin(task.pk), NOW + timedelta(hours=1))
    assert task.events.count() == 1


def test_a_verdict_that_another_worker_applies_at_the_same_moment_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    task = make_called_task()
    assert task.current_call_id is not None
    make_verdict(task.current_call_id, task_completed=True)
    judge = partial(note_call_judged, task.current_call_id, task_origin(task.pk), NOW)

    def behind_another(campaign_id: UUID) -> Campaign:
        monkeypatch.setattr(advance, "lock_campaign", lock_campaign)
        judge()
        return lock_campaign(campaign_id)

    monkeypatch.setattr(advance, "lock_campaign", behind_another)
    judge()
    task.refresh_from_db()
    assert (task.status, task.events.count()) == ("completed", 1)
    assert len(Campaign.objects.get().recent_calls) == 1, "else it would count twice for the brakes"


def test_the_last_task_finishes_the_campaign_and_asks_for_its_final_report_once() -> None:
    campaign = make_campaign("+12025550100", "+12025550101")
    Task.objects.filter(campaign=campaign, position=1).update(status="on_hold")
    first = make_called_task(campaign=campaign)
    judged(first, task_completed=True)
    assert not Report.objects.exists()
    Task.objects.filter(campaign=campaign, position=1).update(status="pending")
    judged(make_called_task(campaign=campaign), task_completed=True)
    campaign.refresh_from_db()
    assert (campaign.status, campaign.finished_at) == ("finished", NOW)
    assert Report.objects.get().kind == "final"


def test_what_a_call_of_a_cancelled_campaign_achieved_counts() -> None:
    task = make_called_task(campaign=make_campaign(status=CampaignStatus.CANCELLED))
    assert judged(task, task_completed=True).status == "completed"
    assert Campaign.objects.get().status == "cancelled"
    assert Report.objects.get().kind == "final"


def test_the_calls_of_a_cancelled_campaign_are_not_repeated() -> None:
    task = make_called_task(Outcome.BUSY, campaign=make_campaign(status=CampaignStatus.CANCELLED))
    assert judged(task, next_call_needed=True).status == "cancelled"


def at_a_machine(outcome: Outcome, *, plan: dict[str, Any], **call: Any) -> Task:
    task = make_called_task(outcome, campaign=make_campaign(plan=plan_data(**plan)))
    assert task.current_call_id is not None
    Call.objects.filter(pk=task.current_call_id).update(**call)
    return judged(task, next_call_needed=True, reason="A machine answered.")


def test_a_message_that_was_left_completes_the_task() -> None:
    plan = {"voicemail": "leave_message", "result_fields": []}
    task = at_a_machine(Outcome.VOICEMAIL, plan=plan, message_left=True)
    assert (task.status, task.conclusion_code) == ("completed", "message_left")


def test_a_message_is_not_the_answer_that_the_plan_asks_for() -> None:
    task = at_a_machine(Outcome.VOICEMAIL, plan={"voicemail": "leave_message"}, message_left=True)
    assert (task.status, task.next_action_reason) == ("pending", "voicemail answered")


def test_a_fax_machine_is_given_up_for_good() -> None:
    task = at_a_machine(Outcome.UNREACHABLE, plan={}, callee_kind="fax")
    assert (task.status, task.conclusion_code) == ("failed_conclusive", "fax")
