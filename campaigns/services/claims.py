"""The next due tasks of campaigns are claimed and their calls asked for, in one transaction."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F, QuerySet

from calls.contracts import Brief, CallRequest
from calls.facade import CallingTimes, questions_of_origin, request_calls
from campaigns.keys import campaign_group_key, task_origin
from campaigns.models import Campaign, Contact, Task
from campaigns.selectors import attempts_of
from campaigns.services.briefs import brief_for
from campaigns.services.finishing import finish_if_done
from campaigns.services.transitions import claim_tasks, fail_pending_tasks
from campaigns.states import CampaignStatus, TaskStatus
from opendeep.core.batches import all_or_each
from opendeep.core.errors import Conflict, DomainError

log = structlog.get_logger(__name__)

AFTER_REFUSAL = timedelta(minutes=1)
POSTPONED_AT_ONCE = 500
AREA_DIGITS = 5
"""Numbers that begin alike, "+1202", are of one country and of the same time zones; the gate looks closer."""
CLOSED = "outside the calling hours"
OPENS_TOO_LATE = "The calling hours at this person's place open only after the campaign's end."


@dataclass(frozen=True, slots=True)
class Claims:
    """`claimed` tasks have a call now. Behind them there may be `more` that is due."""

    claimed: int
    more: bool


NOTHING = Claims(0, more=False)


def due_tasks(campaign: Any, at: datetime) -> QuerySet[Task]:
    """The due tasks of `campaign` (its id, or a reference of an outer query), the longest due first."""
    return Task.objects.filter(campaign=campaign, status=TaskStatus.PENDING, next_action_at__lte=at).order_by(
        "next_action_at", "position"
    )


def claim_due(shares: Mapping[UUID, int], at: datetime) -> dict[UUID, Claims]:
    """Claims the next due tasks of campaigns: of each at most its share, none while another dispatcher is at it.

    All at once; and when one task is refused, one by one, so that it keeps nobody else from his call.
    """
    slots = [campaign_id for campaign_id, share in shares.items() for _ in range(share)]
    claims = dict.fromkeys(shares, Claims(0, more=True))
    for new in all_or_each(slots, lambda some: _claim_next(Counter(some), at), partial(_put_off, at=at)):
        for campaign_id, found in new.items():
            claims[campaign_id] = Claims(claims[campaign_id].claimed + found.claimed, found.more)
    return claims


class _Refused(Exception):
    """Raised to undo the claims of `task_ids`."""

    def __init__(self, task_ids: list[UUID], reason: str) -> None:
        super().__init__(reason)
        self.task_ids = task_ids
        self.reason = reason


def _put_off(campaign_id: UUID, error: Exception, at: datetime) -> None:
    """The one task of the campaign that could not be claimed; when nothing else is known of it, the next one."""
    if isinstance(error, _Refused):
        task_ids, reason = error.task_ids, error.reason
        log.warning("task_not_claimed", campaign=str(campaign_id), reason=reason)
    else:
        task_ids = list(due_tasks(campaign_id, at).values_list("pk", flat=True)[:1])
        reason = "It could not be scheduled. Your operator finds the cause in the log."
        log.error("task_not_claimed", campaign=str(campaign_id), exc_info=error)
    _postpone(task_ids, at + AFTER_REFUSAL, reason)


def _claim_next(shares: Mapping[UUID, int], at: datetime) -> dict[UUID, Claims]:
    """In one transaction. Raises _Refused."""
    with transaction.atomic():
        running = Campaign.objects.filter(pk__in=shares, status=CampaignStatus.RUNNING)
        campaigns = list(running.select_for_update(no_key=True, skip_locked=True))
        times = CallingTimes({campaign.organization_id for campaign in campaigns})
        claims = dict.fromkeys(shares, NOTHING)
        ready: list[tuple[Task, Campaign]] = []
        for campaign in campaigns:
            share = shares[campaign.pk]
            if campaign.canary_left is not None:
                share = min(share, campaign.canary_left)
            tasks = list(due_tasks(campaign.pk, at).select_related("contact")[:share])
            open_now = _without_closed(tasks, campaign, times, at)
            ready += [(task, campaign) for task in open_now]
            claims[campaign.pk] = Claims(len(open_now), more=len(tasks) == share > 0 or len(open_now) < len(tasks))
        if ready:
            _claim(ready, at)
        return claims


def _without_closed(tasks: Sequence[Task], campaign: Campaign, times: CallingTimes, at: datetime) -> list[Task]:
    """Those that may be called at `at` as far as the clock goes; the others, and all like them, wait for their hour."""
    is_open: dict[tuple[str, str, bool], bool] = {}
    for task in tasks:
        clock = _clock_of(task.contact)
        if clock not in is_open:
            opening = _opening(task.contact, campaign, times, at)
            is_open[clock] = opening is None or opening <= at
            if opening is not None and opening > at:
                _wait_for_opening(task, campaign, opening, at)
            # Hours that never open are the gate's business: it says so in words.
    return [task for task in tasks if is_open[_clock_of(task.contact)]]


def _clock_of(contact: Contact) -> tuple[str, str, bool]:
    """The contacts of a campaign for whom this is the same have the same hours."""
    return contact.number[:AREA_DIGITS], contact.time_zone, contact.time_zone_told


def _opening(contact: Contact, campaign: Campaign, times: CallingTimes, at: datetime) -> datetime | None:
    told = contact.time_zone if contact.time_zone_told else ""
    return times.next(campaign.organization_id, told, at, number=contact.number)


def _claim(ready: Sequence[tuple[Task, Campaign]], at: datetime) -> None:
    """Raises _Refused."""
    tasks = [task for task, _ in ready]
    try:
        call_ids = request_calls([_request(task, campaign, at) for task, campaign in ready], at=at)
        if not claim_tasks(dict(zip(call_ids, tasks, strict=True)), at=at):
            raise Conflict("task_moved", "The task has moved on.")
    except DomainError as error:
        raise _Refused([task.pk for task in tasks], error.message) from error
    for campaign_id, claimed in Counter(task.campaign_id for task, campaign in ready if campaign.canary_left).items():
        Campaign.objects.filter(pk=campaign_id).update(canary_left=F("canary_left") - claimed)


def _request(task: Task, campaign: Campaign, at: datetime) -> CallRequest:
    return CallRequest(
        organization_id=campaign.organization_id,
        origin=task_origin(task.pk),
        group=campaign_group_key(campaign.pk),
        attempt=task.attempts + 1,
        number=task.contact.number,
        contact_name=task.contact.name,
        time_zone=task.contact.time_zone,
        time_zone_told=task.contact.time_zone_told,
        consent=task.contact.consent,
        brief=_brief(task, campaign),
        not_before=at,
    )


def _brief(task: Task, campaign: Campaign) -> Brief:
    if not task.attempts:
        return brief_for(task, campaign, ())
    return brief_for(task, campaign, attempts_of(task.pk), questions_of_origin(task_origin(task.pk)))


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
