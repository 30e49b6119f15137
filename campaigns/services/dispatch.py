"""Claims due tasks within free capacity, and asks for their calls.

Turns go round the organizations, the longest unserved first; within each, its campaigns get theirs by priority (see
campaigns.planning.turns). One tick reads one row for each running campaign and one for each claim, however many tasks
wait.
"""

import heapq
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F, OuterRef, QuerySet, Subquery

from calls.facade import free_lines
from campaigns.keys import campaign_group_key
from campaigns.models import Campaign
from campaigns.planning.turns import WEIGHTS, finish_tag, start_tag
from campaigns.services.claims import Step, due_tasks, take_step
from campaigns.states import CampaignStatus

STEPS_PER_TICK_AT_MOST = 500


def dispatch_due(at: datetime) -> int:
    """Claims what is due at `at`. Safe to run twice at once. Returns how many calls were asked for."""
    lines = _Lines(at)
    if not lines.left(None, None):
        return 0
    served: list[_Claimant] = []
    turns = _turns(at)
    for _ in range(STEPS_PER_TICK_AT_MOST):
        if not turns or not lines.left(None, None):
            break
        turn = turns.popleft()
        if lines.left(turn.organization_id, None):
            served += _serve(turn, lines, at)
            turns.extend([turn] if turn.claimants else [])
    _remember(served, at)
    return len(served)


@dataclass(order=True, slots=True)
class _Claimant:
    """A campaign that may have something due; the smallest is served next. `finish` is where its last claim ended."""

    start: float
    rank: tuple[int, int]  # between equals the higher priority, then the longest unserved
    campaign_id: UUID = field(compare=False)
    priority: str = field(compare=False)
    finish: float = field(compare=False)

    def step_on(self) -> None:
        self.start = finish_tag(self.start, self.priority)


@dataclass(slots=True)
class _Turn:
    """An organization and its claimants, as a heap."""

    organization_id: UUID
    claimants: list[_Claimant]


def _turns(at: datetime) -> deque[_Turn]:
    """The longest unserved organization first."""
    found: dict[UUID, list[Campaign]] = {}
    for campaign in _running(at):
        found.setdefault(campaign.organization_id, []).append(campaign)
    turns = [
        (max(_last_claim(campaign) for campaign in campaigns), _Turn(organization_id, _claimants(campaigns)))
        for organization_id, campaigns in found.items()
    ]
    return deque(turn for _, turn in sorted(turns, key=lambda entry: entry[0]) if turn.claimants)


def _running(at: datetime) -> QuerySet[Campaign]:
    """With `first_due`, one of its due tasks or None; the longest unserved first.

    The first in order, not any: to find any, PostgreSQL reads through everybody's tasks.
    """
    running = Campaign.objects.filter(status=CampaignStatus.RUNNING, organization__calling_paused=False)
    return (
        running.annotate(first_due=Subquery(due_tasks(OuterRef("pk"), at).values("pk")[:1]))
        .order_by(F("last_claimed_at").asc(nulls_first=True), "created_at")
        .only("organization_id", "priority", "dispatch_turn", "last_claimed_at", "canary_left")
    )


def _last_claim(campaign: Campaign) -> float:
    return campaign.last_claimed_at.timestamp() if campaign.last_claimed_at else 0.0


def _claimants(campaigns: list[Campaign]) -> list[_Claimant]:
    latest = max(campaigns, key=_last_claim)
    served_last = latest.dispatch_turn - 1 / WEIGHTS[latest.priority] if latest.last_claimed_at else 0.0
    claimants = [
        _Claimant(
            start=start_tag(campaign.dispatch_turn, served_last),
            rank=(-WEIGHTS[campaign.priority], place),
            campaign_id=campaign.pk,
            priority=campaign.priority,
            finish=campaign.dispatch_turn,
        )
        for place, campaign in enumerate(campaigns)
        if campaign.first_due is not None and campaign.canary_left != 0  # type: ignore[attr-defined]
    ]
    heapq.heapify(claimants)
    return claimants


def _serve(turn: _Turn, lines: "_Lines", at: datetime) -> list[_Claimant]:
    """One step for the first campaign of `turn`, which then gets in line again. Returns it when it has claimed."""
    claimant = heapq.heappop(turn.claimants)
    group = campaign_group_key(claimant.campaign_id)
    if not lines.left(turn.organization_id, group):
        return []
    step = take_step(claimant.campaign_id, at)
    claimant.step_on()
    if step is not Step.NOTHING:
        heapq.heappush(turn.claimants, claimant)
    if step is not Step.CLAIMED:
        return []
    claimant.finish = claimant.start
    lines.take(turn.organization_id, group)
    return [claimant]


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


def _remember(served: list[_Claimant], at: datetime) -> None:
    last_turn = {claimant.campaign_id: (number, claimant.finish) for number, claimant in enumerate(served)}
    for campaign_id, (number, finish) in last_turn.items():
        moment = at + timedelta(microseconds=number)  # so that the order within one tick counts, too
        Campaign.objects.filter(pk=campaign_id).update(last_claimed_at=moment, dispatch_turn=finish)
