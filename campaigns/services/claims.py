"""One step of dispatch for one campaign: its next due task is claimed and its call asked for, in one transaction."""

from datetime import datetime, timedelta
from enum import Enum
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F, QuerySet

from calls.contracts import Brief, CallRequest
from calls.facade import next_calling_time, questions_of_origin, request_call
from campaigns.keys import campaign_group_key, task_origin
from campaigns.models import Campaign, Contact, Task
from campaigns.selectors import attempts_of
from campaigns.services.briefs import brief_for
from campaigns.services.finishing import finish_if_done
from campaigns.services.transitions import fail_pending_tasks, move_task
from campaigns.states import CampaignStatus, TaskSignal, TaskStatus
from opendeep.core.errors import Conflict, DomainError

log = structlog.get_logger(__name__)

AFTER_REFUSAL = timedelta(minutes=1)
POSTPONED_AT_ONCE = 500
AREA_DIGITS = 5
"""Numbers that begin alike, "+1202", are of one country and of the same time zones; the gate looks closer."""
CLOSED = "outside the calling hours"
OPENS_TOO_LATE = "The calling hours at this person's place open only after the campaign's end."


class Step(Enum):
    CLAIMED = "claimed"
    POSTPONED = "postponed"  # what was next cannot be called now; something behind it may
    NOTHING = "nothing"


def due_tasks(campaign: Any, at: datetime) -> QuerySet[Task]:
    """The due tasks of `campaign` (its id, or a reference of an outer query), the longest due first."""
    return Task.objects.filter(campaign=campaign, status=TaskStatus.PENDING, next_action_at__lte=at).order_by(
        "next_action_at", "position"
    )


def take_step(campaign_id: UUID, at: datetime) -> Step:
    """Claims the campaign's next due task, unless another dispatcher is at this campaign right now."""
    task: Task | None = None
    try:
        with transaction.atomic():
            campaign = (
                Campaign.objects.select_for_update(no_key=True, skip_locked=True)
                .filter(pk=campaign_id, status=CampaignStatus.RUNNING)
                .first()
            )
            if campaign is None or campaign.canary_left == 0:
                return Step.NOTHING
            task = due_tasks(campaign_id, at).select_related("contact").first()
            if task is None:
                return Step.NOTHING
            opening = _opening(task.contact, campaign, at)
            if opening is not None and opening > at:
                _wait_for_opening(task, campaign, opening, at)
                return Step.POSTPONED
            # Hours that never open are the gate's business: it says so in words.
            _claim(task, campaign, at)
    except DomainError as error:
        assert task is not None, "only claims are refused"
        log.warning("task_not_claimed", task=str(task.pk), reason=error.message)
        _postpone([task.pk], at + AFTER_REFUSAL, error.message)
        return Step.POSTPONED
    return Step.CLAIMED


def _claim(task: Task, campaign: Campaign, at: datetime) -> None:
    """Raises DomainError, which undoes everything."""
    attempt = task.attempts + 1
    request = CallRequest(
        organization_id=campaign.organization_id,
        origin=task_origin(task.pk),
        group=campaign_group_key(campaign.pk),
        attempt=attempt,
        number=task.contact.number,
        contact_name=task.contact.name,
        time_zone=task.contact.time_zone,
        time_zone_told=task.contact.time_zone_told,
        consent=task.contact.consent,
        brief=_brief(task, campaign),
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
        raise Conflict("task_moved", "The task has moved on.")
    Campaign.objects.filter(pk=campaign.pk, canary_left__gt=0).update(canary_left=F("canary_left") - 1)


def _brief(task: Task, campaign: Campaign) -> Brief:
    if not task.attempts:
        return brief_for(task, campaign, ())
    return brief_for(task, campaign, attempts_of(task.pk), questions_of_origin(task_origin(task.pk)))


def _opening(contact: Contact, campaign: Campaign, at: datetime) -> datetime | None:
    told = contact.time_zone if contact.time_zone_told else ""
    return next_calling_time(campaign.organization_id, told, at, number=contact.number)


def _wait_for_opening(task: Task, campaign: Campaign, opening: datetime, at: datetime) -> None:
    """At night a task waits as a task: as a queued call it would only stand in the way of others in the morning.

    One whose morning comes after the campaign's end is over now, so that its owner sees it now.
    """
    contact = task.contact
    same_clock = due_tasks(task.campaign_id, at).filter(
        contact__time_zone=contact.time_zone,
        contact__time_zone_told=contact.time_zone_told,
        contact__number__startswith=contact.number[:AREA_DIGITS],
    )
    ids = list(same_clock.values_list("pk", flat=True)[:POSTPONED_AT_ONCE])
    if campaign.ends_at is not None and opening >= campaign.ends_at:
        fail_pending_tasks(campaign, ids, at=at, code="campaign_over", why=OPENS_TOO_LATE)
        finish_if_done(campaign, at)
    else:
        _postpone(ids, opening, CLOSED)


def _postpone(task_ids: list[UUID], until: datetime, reason: str) -> None:
    """Tasks that cannot be called now must not keep those behind them from their turn."""
    Task.objects.filter(pk__in=task_ids, status=TaskStatus.PENDING).update(
        next_action_at=until, next_action_reason=reason[:200]
    )
