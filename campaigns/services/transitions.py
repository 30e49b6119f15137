"""The only writer of Task.status and Campaign.status: compare-and-set, event and hint in the caller's transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Case, F, Value, When

from campaigns.models import Campaign, Task, TaskEvent
from campaigns.states import (
    TASK_TRANSITIONS,
    CampaignSignal,
    CampaignStatus,
    TaskSignal,
    TaskStatus,
    next_campaign_state,
    next_task_state,
)
from opendeep.core.live import campaign_group, hint_on_commit

BATCH = 500
WAITING = (TaskStatus.PENDING, TaskStatus.ON_HOLD, TaskStatus.PENDING_USER_INFO)
"""Without a call: nothing is under way that could still bring something."""


def lock_campaign(campaign_id: UUID) -> Campaign:
    """The campaign, held until the transaction ends. Whoever changes its tasks' fate holds it first, so that the
    last task is seen as the last one and nobody waits in a circle.
    """
    _require_transaction()
    return Campaign.objects.select_for_update(no_key=True).get(pk=campaign_id)


def move_task(
    task: Task, signal: TaskSignal, *, at: datetime, detail: Mapping[str, Any] | None = None, **changes: Any
) -> bool:
    """Moves `task` by `signal` and writes `changes` with it. `task` is updated too.

    False when the signal does not fit `task.status`, or the row has moved on since `task` was read.
    """
    _require_transaction()
    before = TaskStatus(task.status)
    after = next_task_state(before, signal)
    if after is None:
        return False
    fields = {**changes, "status": after, "updated_at": at}
    moved = Task.objects.filter(pk=task.pk, status=before, current_call_id=task.current_call_id).update(**fields)
    if not moved:
        return False
    for name, value in fields.items():
        setattr(task, name, value)
    TaskEvent.objects.create(
        task=task, at=at, kind=signal, from_status=before, to_status=after, detail=dict(detail or {})
    )
    hint_on_commit(campaign_group(task.campaign_id), f"task:{task.pk}")
    return True


def move_tasks(
    tasks: Sequence[Task], signal: TaskSignal, *, at: datetime, details: Mapping[UUID, Mapping[str, Any]]
) -> None:
    """Moves those of `tasks` that `signal` fits; all are held by this transaction. `details` by task."""
    _require_transaction()
    by_status: dict[TaskStatus, list[Task]] = {}
    for task in tasks:
        by_status.setdefault(TaskStatus(task.status), []).append(task)
    for before, moved in by_status.items():
        after = next_task_state(before, signal)
        if after is None:
            continue
        Task.objects.filter(pk__in=[task.pk for task in moved]).update(status=after, updated_at=at)
        TaskEvent.objects.bulk_create(
            TaskEvent(task=task, at=at, kind=signal, from_status=before, to_status=after, detail=dict(details[task.pk]))
            for task in moved
        )
        for task in moved:
            hint_on_commit(campaign_group(task.campaign_id), f"task:{task.pk}")


def claim_tasks(calls: Mapping[UUID, Task], *, at: datetime) -> bool:
    """Gives each task the call by whose id it is found in `calls`.

    False when one of them has moved on since it was read; then the transaction must be undone.
    """
    _require_transaction()
    before, after = TaskStatus.PENDING, TASK_TRANSITIONS[TaskStatus.PENDING][TaskSignal.CLAIM]
    claimed = Task.objects.filter(pk__in=[task.pk for task in calls.values()], status=before)
    moved = claimed.update(
        status=after,
        attempts=F("attempts") + 1,
        current_call_id=Case(*(When(pk=task.pk, then=Value(call_id)) for call_id, task in calls.items())),
        next_action_at=None,
        next_action_reason="",
        updated_at=at,
    )
    TaskEvent.objects.bulk_create(
        TaskEvent(
            task=task,
            at=at,
            kind=TaskSignal.CLAIM,
            from_status=before,
            to_status=after,
            detail={"call_id": str(call_id), "attempt": task.attempts + 1},
        )
        for call_id, task in calls.items()
    )
    for campaign_id in {task.campaign_id for task in calls.values()}:
        hint_on_commit(campaign_group(campaign_id), "tasks")
    return moved == len(calls)


def cancel_waiting_tasks(campaign: Campaign, *, at: datetime, conclusion: str) -> int:
    """Cancels every task of the locked `campaign` that has no call. Returns how many."""
    _require_transaction()
    cancelled = 0
    for before in WAITING:
        after = TASK_TRANSITIONS[before][TaskSignal.CANCEL]
        ids = list(Task.objects.filter(campaign=campaign, status=before).values_list("pk", flat=True))
        for start in range(0, len(ids), BATCH):
            batch = ids[start : start + BATCH]
            cancelled += Task.objects.filter(pk__in=batch, status=before).update(
                status=after,
                conclusion_code="cancelled",
                conclusion=conclusion,
                next_action_at=None,
                next_action_reason="",
                updated_at=at,
            )
            TaskEvent.objects.bulk_create(
                TaskEvent(task_id=pk, at=at, kind=TaskSignal.CANCEL, from_status=before, to_status=after)
                for pk in batch
            )
    hint_on_commit(campaign_group(campaign.pk), "tasks")
    return cancelled


def fail_pending_tasks(campaign: Campaign, task_ids: Sequence[UUID], *, at: datetime, code: str, why: str) -> None:
    """Fails those of `task_ids` that wait for their call; `campaign` must be locked."""
    _require_transaction()
    before, after = TaskStatus.PENDING, TASK_TRANSITIONS[TaskStatus.PENDING][TaskSignal.FAIL]
    Task.objects.filter(pk__in=task_ids, status=before).update(
        status=after, conclusion_code=code, conclusion=why, next_action_at=None, next_action_reason="", updated_at=at
    )
    TaskEvent.objects.bulk_create(
        TaskEvent(task_id=pk, at=at, kind=TaskSignal.FAIL, from_status=before, to_status=after, detail={"code": code})
        for pk in task_ids
    )
    hint_on_commit(campaign_group(campaign.pk), "tasks")


def move_campaign(campaign: Campaign, signal: CampaignSignal, *, at: datetime, reason: str = "") -> bool:
    """Moves `campaign` by `signal`. False when it does not fit, or the row has moved on."""
    _require_transaction()
    before = CampaignStatus(campaign.status)
    after = next_campaign_state(before, signal)
    if after is None:
        return False
    ends = {"finished_at": at} if after in (CampaignStatus.FINISHED, CampaignStatus.CANCELLED) else {}
    fields = {"status": after, "status_reason": reason, **ends}
    if not Campaign.objects.filter(pk=campaign.pk, status=before).update(**fields):
        return False
    for name, value in fields.items():
        setattr(campaign, name, value)
    hint_on_commit(campaign_group(campaign.pk), "campaign")
    return True


def _require_transaction() -> None:
    if not connection.in_atomic_block:
        raise RuntimeError("A status is changed inside a transaction, together with its event.")
