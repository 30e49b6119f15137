"""Claims due tasks within free capacity, and asks for their calls.

Turns go round the organizations, and within each round its campaigns; whoever was served longest ago comes first. One
tick reads one row for each running campaign and one for each claim, however many tasks wait.
"""

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Exists, F, OuterRef

from calls.facade import free_lines
from campaigns.keys import campaign_group_key
from campaigns.models import Campaign
from campaigns.services.claims import Step, due_tasks, take_step
from campaigns.states import CampaignStatus

STEPS_PER_TICK_AT_MOST = 500


def dispatch_due(at: datetime) -> int:
    """Claims what is due at `at`. Safe to run twice at once. Returns how many calls were asked for."""
    lines = _Lines(at)
    if not lines.left(None, None):
        return 0
    served: list[UUID] = []
    turns = _turns(at)
    for _ in range(STEPS_PER_TICK_AT_MOST):
        if not turns or not lines.left(None, None):
            break
        turn = turns.popleft()
        if lines.left(turn.organization_id, None):
            served += _serve(turn, lines, at)
            turns.extend([turn] if turn.campaigns else [])
    _remember(served, at)
    return len(served)


@dataclass(slots=True)
class _Turn:
    """An organization and those of its campaigns that may have something due."""

    organization_id: UUID
    campaigns: deque[UUID]


def _turns(at: datetime) -> deque[_Turn]:
    """The longest unserved first, organizations as well as the campaigns of each."""
    rows = (
        Campaign.objects.filter(
            Exists(due_tasks(OuterRef("pk"), at)), status=CampaignStatus.RUNNING, organization__calling_paused=False
        )
        .exclude(canary_left=0)
        .order_by(F("last_claimed_at").asc(nulls_first=True), "created_at")
        .values_list("pk", "organization_id", "last_claimed_at")
    )
    turns: dict[UUID, _Turn] = {}
    last_served: dict[UUID, float] = {}
    for campaign_id, organization_id, last_claimed_at in rows:
        turns.setdefault(organization_id, _Turn(organization_id, deque())).campaigns.append(campaign_id)
        last_served[organization_id] = last_claimed_at.timestamp() if last_claimed_at else 0.0  # rows come in order
    return deque(sorted(turns.values(), key=lambda turn: last_served[turn.organization_id]))


def _serve(turn: _Turn, lines: "_Lines", at: datetime) -> list[UUID]:
    """One step for the first campaign of `turn`, which then gets in line again. Returns it when it has claimed."""
    campaign_id = turn.campaigns.popleft()
    group = campaign_group_key(campaign_id)
    if not lines.left(turn.organization_id, group):
        return []
    step = take_step(campaign_id, at)
    if step is not Step.NOTHING:
        turn.campaigns.append(campaign_id)
    if step is not Step.CLAIMED:
        return []
    lines.take(turn.organization_id, group)
    return [campaign_id]


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


def _remember(served: list[UUID], at: datetime) -> None:
    last_turn = {campaign_id: number for number, campaign_id in enumerate(served)}
    for campaign_id, number in last_turn.items():
        moment = at + timedelta(microseconds=number)  # so that the order within one tick counts, too
        Campaign.objects.filter(pk=campaign_id).update(last_claimed_at=moment)
