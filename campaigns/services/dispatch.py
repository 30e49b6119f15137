"""Claims due tasks within free capacity, and asks for their calls.

Turns go round the organizations, and within each round its campaigns; whoever was served longest ago comes first. One
tick reads one row for each running campaign and one for each claim, however many tasks wait.
"""

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet

from calls.contracts import CallRequest
from calls.facade import free_lines, request_call
from campaigns.keys import campaign_group_key, task_origin
from campaigns.models import Campaign, Task
from campaigns.selectors import attempts_of
from campaigns.services.briefs import brief_for
from campaigns.services.transitions import move_task
from campaigns.states import CampaignStatus, TaskSignal, TaskStatus
from opendeep.core.errors import Conflict, DomainError

log = structlog.get_logger(__name__)

CLAIMS_PER_TICK_AT_MOST = 500
AFTER_REFUSAL = timedelta(minutes=1)


def dispatch_due(at: datetime) -> int:
    """Claims what is due at `at`. Safe to run twice at once. Returns how many calls were asked for."""
    lines = _Lines(at)
    if not lines.left(None, None):
        return 0
    served: list[UUID] = []
    turns = _turns(at)
    while turns and len(served) < CLAIMS_PER_TICK_AT_MOST and lines.left(None, None):
        turn = turns.popleft()
        if not lines.left(turn.organization_id, None):
            continue
        campaign_id = turn.campaigns.popleft()
        group = campaign_group_key(campaign_id)
        if lines.left(turn.organization_id, group) and _claim_next(campaign_id, at):
            lines.take(turn.organization_id, group)
            served.append(campaign_id)
            turn.campaigns.append(campaign_id)
        if turn.campaigns:
            turns.append(turn)
    _remember(served, at)
    return len(served)


@dataclass(slots=True)
class _Turn:
    organization_id: UUID
    campaigns: deque[UUID]


def _turns(at: datetime) -> deque[_Turn]:
    """Organizations and their campaigns that have something due, the longest unserved first."""
    due = _due_tasks(OuterRef("pk"), at)
    rows = list(
        Campaign.objects.filter(Exists(due), status=CampaignStatus.RUNNING, organization__calling_paused=False)
        .order_by(F("last_claimed_at").asc(nulls_first=True), "created_at")
        .values_list("pk", "organization_id", "last_claimed_at")
    )
    turns: dict[UUID, _Turn] = {}
    last_served: dict[UUID, float] = {}
    for campaign_id, organization_id, last_claimed_at in rows:
        turns.setdefault(organization_id, _Turn(organization_id, deque())).campaigns.append(campaign_id)
        last_served[organization_id] = last_claimed_at.timestamp() if last_claimed_at else 0.0  # rows come in order
    return deque(sorted(turns.values(), key=lambda turn: last_served[turn.organization_id]))


def _due_tasks(campaign: Any, at: datetime) -> QuerySet[Task]:
    return Task.objects.filter(campaign=campaign, status=TaskStatus.PENDING, next_action_at__lte=at).order_by(
        "next_action_at", "position"
    )


class _Lines:
    """The free lines of the system, the organizations and the campaigns, read once and counted down."""

    def __init__(self, at: datetime) -> None:
        self._at = at
        self._left: dict[tuple[UUID | None, str | None], int] = {}

    def left(self, organization_id: UUID | None, group: str | None) -> bool:
        key = (organization_id, group)
        if key not in self._left:
            self._left[key] = free_lines(organization_id, group, at=self._at)
        return self._left[key] > 0

    def take(self, organization_id: UUID, group: str) -> None:
        for key in ((None, None), (organization_id, None), (organization_id, group)):
            self._left[key] -= 1


def _claim_next(campaign_id: UUID, at: datetime) -> bool:
    """Claims the campaign's next due task, unless another dispatcher is at this campaign right now."""
    task: Task | None = None
    try:
        with transaction.atomic():
            campaign = (
                Campaign.objects.select_for_update(no_key=True, skip_locked=True)
                .filter(pk=campaign_id, status=CampaignStatus.RUNNING)
                .first()
            )
            if campaign is None:
                return False
            task = _due_tasks(campaign_id, at).select_related("contact").first()
            return task is not None and _claim(task, campaign, at)
    except DomainError as error:
        assert task is not None
        log.warning("task_not_claimed", task=str(task.pk), reason=error.message)
        _postpone(task, at, error.message)
        return False


def _claim(task: Task, campaign: Campaign, at: datetime) -> bool:
    attempt = task.attempts + 1
    request = CallRequest(
        organization_id=campaign.organization_id,
        origin=task_origin(task.pk),
        group=campaign_group_key(campaign.pk),
        attempt=attempt,
        number=task.contact.number,
        contact_name=task.contact.name,
        time_zone=task.contact.time_zone,
        brief=brief_for(task, campaign, attempts_of(task.pk) if task.attempts else ()),
        not_before=at,
    )
    call_id = request_call(request, at=at)
    claimed = move_task(
        task,
        TaskSignal.CLAIM,
        at=at,
        detail={"call_id": str(call_id), "attempt": attempt},
        attempts=attempt,
        current_call_id=call_id,
        next_action_at=None,
        next_action_reason="",
    )
    if not claimed:
        raise Conflict("task_moved", "The task has moved on.")  # undoes the request, too
    return True


def _postpone(task: Task, at: datetime, reason: str) -> None:
    """A task that cannot be claimed must not keep those behind it from their turn."""
    Task.objects.filter(pk=task.pk, status=TaskStatus.PENDING).update(
        next_action_at=at + AFTER_REFUSAL, next_action_reason=reason[:200]
    )


def _remember(served: list[UUID], at: datetime) -> None:
    last_turn = {campaign_id: number for number, campaign_id in enumerate(served)}
    for campaign_id, number in last_turn.items():
        moment = at + timedelta(microseconds=number)
        Campaign.objects.filter(pk=campaign_id).update(last_claimed_at=moment)
