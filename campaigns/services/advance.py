"""What happens to a task when its call has ended, and when that call is judged."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from django.db import transaction
from django.db.models import QuerySet

from analysis.contracts import VerdictView
from analysis.facade import verdict_of
from calls.contracts import CalleeKind, CallEnded, CallView
from calls.facade import add_do_not_call, call_view, calls_of_origin, drop_questions, is_do_not_call, next_calling_time
from campaigns.keys import task_of_origin
from campaigns.models import Campaign, Contact, Task
from campaigns.planning.next_step import (
    AskOwner,
    Cancel,
    Complete,
    Fail,
    Judged,
    NextStep,
    TaskFacts,
    TryAgain,
    next_step,
)
from campaigns.planning.retries import DEFAULT_TABLE
from campaigns.services import brakes, owner
from campaigns.services.finishing import finish_if_done
from campaigns.services.transitions import lock_campaign, move_task, move_tasks
from campaigns.states import CampaignStatus, TaskSignal, TaskStatus

log = structlog.get_logger(__name__)


def note_calls_ended(facts: Sequence[CallEnded], at: datetime) -> None:
    """The tasks wait for the judgement of their calls. Says nothing of those of which that is known already."""
    ended = {(task_of_origin(fact.origin), fact.call_id): fact.outcome for fact in facts}
    with transaction.atomic():
        rows = Task.objects.filter(pk__in=[pk for pk, _ in ended if pk is not None]).order_by("pk")
        found = rows.select_for_update(no_key=True)
        tasks = {task: ended[key] for task in found if (key := (task.pk, task.current_call_id)) in ended}
        told = {task.pk: {"call_id": str(task.current_call_id), "outcome": told} for task, told in tasks.items()}
        move_tasks(list(tasks), TaskSignal.CALL_ENDED, at=at, details=told)


def note_call_judged(call_id: UUID, origin: str, at: datetime) -> None:
    """Completes the task, fails it, cancels it or lets it try again. Says nothing when that was done already."""
    with transaction.atomic():
        task = _tasks_of(call_id, origin).select_related("contact").first()
        if task is None:
            return
        campaign = lock_campaign(task.campaign_id)
        task.refresh_from_db(fields=["status", "current_call_id"])
        verdict = verdict_of(call_id)
        if verdict is None or task.current_call_id != call_id:
            return
        if task.status == TaskStatus.IN_PROGRESS:  # this fact has overtaken the end of the call
            move_task(task, TaskSignal.CALL_ENDED, at=at, detail={"call_id": str(call_id)})
        call = call_view(call_id)
        step = next_step(_facts(task, campaign, call), _judged(call, verdict), at)
        _apply(step, task, campaign, call, verdict, at)
        brakes.note_judged(campaign, task, call, verdict, at)


def _tasks_of(call_id: UUID, origin: str) -> QuerySet[Task]:
    """The task that waits for this call, or none."""
    task_id = task_of_origin(origin)
    return Task.objects.filter(pk=task_id, current_call_id=call_id) if task_id else Task.objects.none()


def _facts(task: Task, campaign: Campaign, call: CallView) -> TaskFacts:
    return TaskFacts(
        attempts=task.attempts,
        max_attempts=task.max_attempts,
        time_zone=ZoneInfo(task.contact.time_zone),
        trunk_faults=sum(each.trunk_fault for each in calls_of_origin(call.origin)) if call.trunk_fault else 0,
        listed=is_do_not_call(task.organization_id, task.contact.number),
        campaign_cancelled=campaign.status == CampaignStatus.CANCELLED,
        campaign_ends_at=campaign.ends_at,
        retries={**DEFAULT_TABLE, **campaign.plan.get("retries", {})},
        seed=str(task.pk),
        voicemail=campaign.plan.get("voicemail", "as_instructed"),
        needs_answer=bool(campaign.plan.get("result_fields")),
        opening=partial(next_calling_time, task.organization_id, task.contact.time_zone, number=task.contact.number),
    )


def _judged(call: CallView, verdict: VerdictView) -> Judged:
    return Judged(
        outcome=verdict.outcome,
        end_reason=call.end_reason,
        task_completed=verdict.task_completed,
        reason=verdict.reason,
        next_call_needed=verdict.next_call_needed,
        next_call_at=verdict.next_call_at,
        do_not_call_requested=verdict.do_not_call_requested,
        is_fax=call.callee_kind == CalleeKind.FAX,
        message_left=call.message_left,
        trunk_fault=call.trunk_fault,
        question=owner.part_of(call),
    )


def _apply(step: NextStep, task: Task, campaign: Campaign, call: CallView, verdict: VerdictView, at: datetime) -> None:
    changes: dict[str, Any] = {"current_call_id": None, "result": _result(task, campaign, call, verdict)}
    detail = {"call_id": str(call.id), "outcome": call.outcome}
    if isinstance(step, AskOwner):
        owner.wait_for_answer(task, call, at=at, detail=detail, **changes)
        return
    if isinstance(step, TryAgain):
        _try_again(step, task, at, detail, changes)
        return
    if isinstance(step, Fail) and step.list_number:
        _list_number(task.contact, campaign, step.conclusion, at)
    signal = {Complete: TaskSignal.COMPLETE, Fail: TaskSignal.FAIL, Cancel: TaskSignal.CANCEL}[type(step)]
    moved = move_task(
        task,
        signal,
        at=at,
        detail={**detail, "code": step.code},
        conclusion_code=step.code,
        conclusion=step.conclusion,
        next_action_at=None,
        next_action_reason="",
        **changes,
    )
    if moved:
        drop_questions(origin=call.origin, at=at)
        finish_if_done(campaign, at)


def _try_again(step: TryAgain, task: Task, at: datetime, detail: dict[str, Any], changes: dict[str, Any]) -> None:
    detail = {**detail, "why": step.why, "next_action_at": step.at.isoformat()}
    if not step.uses_attempt:
        detail["uses_attempt"] = False
        changes["attempts"] = max(task.attempts - 1, 0)
    changes |= {"next_action_at": step.at, "next_action_reason": step.why}
    move_task(task, TaskSignal.TRY_AGAIN, at=at, detail=detail, **changes)


def _list_number(contact: Contact, campaign: Campaign, reason: str, at: datetime) -> None:
    """The agent does this during the call; here it is made sure of."""
    if not is_do_not_call(campaign.organization_id, contact.number):
        add_do_not_call(campaign.organization_id, contact.number, source="verdict", reason=reason[:200], at=at)


def _result(task: Task, campaign: Campaign, call: CallView, verdict: VerdictView) -> dict[str, Any]:
    """What is known now: a later call's fields replace those of earlier ones, one by one."""
    labels = {field["name"]: field["label"] for field in campaign.plan["result_fields"]}
    fields = {field["field"]: field for field in task.result.get("fields", [])}
    for result in verdict.results:
        fields[result.field] = {
            "field": result.field,
            "label": labels.get(result.field, result.field),
            "value": result.value,
            "verified": result.verified,
            "evidence_turns": list(result.evidence_turns),
            "call_id": str(call.id),
        }
    return {"call_id": str(call.id), "summary": verdict.summary, "fields": list(fields.values())}
