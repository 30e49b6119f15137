"""Claims due tasks within free capacity, and asks for their calls.

Turns go round the organizations, the longest unserved first; within each, its campaigns get theirs by priority (see
campaigns.planning.turns). One tick reads one row for each running campaign and one for each claim, however many tasks
wait.
"""

import heapq
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F, OuterRef, QuerySet, Subquery

from calls.facade import FreeLines
from campaigns.keys import campaign_group_key
from campaigns.models import Campaign
from campaigns.planning.turns import WEIGHTS, finish_tag, start_tag
from campaigns.services.claims import Claims, claim_due, due_tasks
from campaigns.states import CampaignStatus

CLAIMS_PER_TICK_AT_MOST = 500
ROUNDS_PER_TICK_AT_MOST = 20
"""Each gives out the lines that are left to those who may have something due yet."""
CLAIMED_AT_ONCE = 25
LOOKS_AT_MOST = 50
"""In a round: what is due may have to wait for its hour, hundreds at a time."""


def dispatch_due(at: datetime) -> int:
    """Claims what is due at `at`. Safe to run twice at once. Returns how many calls were asked for."""
    lines = FreeLines(at)
    if not lines.left():
        return 0
    turns = _turns(at)
    _read_caps(lines, turns)
    served: list[_Claimant] = []
    for _ in range(ROUNDS_PER_TICK_AT_MOST):
        order = _share_out(turns, lines, CLAIMS_PER_TICK_AT_MOST - len(served))
        if not order:
            break
        served += _claim_shares(order, turns, lines, at)
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
        self.start = self.finish = finish_tag(self.start, self.priority)


@dataclass(slots=True)
class _Turn:
    """An organization and its claimants, as a heap."""

    organization_id: UUID
    claimants: list[_Claimant]


def _turns(at: datetime) -> list[_Turn]:
    """The longest unserved organization first."""
    found: dict[UUID, list[Campaign]] = {}
    for campaign in _running(at):
        found.setdefault(campaign.organization_id, []).append(campaign)
    turns = [
        (max(_last_claim(campaign) for campaign in campaigns), _Turn(organization_id, _claimants(campaigns)))
        for organization_id, campaigns in found.items()
    ]
    return [turn for _, turn in sorted(turns, key=lambda entry: entry[0]) if turn.claimants]


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


def _read_caps(lines: FreeLines, turns: Iterable[_Turn]) -> None:
    groups = [campaign_group_key(claimant.campaign_id) for turn in turns for claimant in turn.claimants]
    lines.read_caps([turn.organization_id for turn in turns], groups)


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


def _share_out(turns: Sequence[_Turn], lines: FreeLines, at_most: int) -> list[UUID]:
    """The campaigns to which the free lines go, in their order, were there something due for each of them."""
    waiting = deque(_Turn(turn.organization_id, [replace(one) for one in turn.claimants]) for turn in turns)
    order: list[UUID] = []
    while waiting and lines.left() and len(order) < at_most:
        turn = waiting.popleft()
        if not turn.claimants or not lines.left(turn.organization_id):
            continue
        first = heapq.heappop(turn.claimants)
        group = campaign_group_key(first.campaign_id)
        if lines.left(turn.organization_id, group):
            lines.take(turn.organization_id, group)
            order.append(first.campaign_id)
            first.step_on()
            heapq.heappush(turn.claimants, first)
        waiting.append(turn)
    return order


def _claim_shares(order: Sequence[UUID], turns: Sequence[_Turn], lines: FreeLines, at: datetime) -> list[_Claimant]:
    """Claims for each campaign what `order` gives it. Returns the claimants as they were served.

    Those that have nothing more due lose their place, and what they did not take is free again.
    """
    shares = Counter(order)
    claims = _claim(shares, at)
    places = {one.campaign_id: one for turn in turns for one in turn.claimants}
    for turn in turns:
        for claimant in [one for one in turn.claimants if one.campaign_id in shares]:
            claimed, more = claims[claimant.campaign_id].claimed, claims[claimant.campaign_id].more
            for _ in range(claimed):
                claimant.step_on()
            unused = shares[claimant.campaign_id] - claimed
            lines.give_back(turn.organization_id, campaign_group_key(claimant.campaign_id), unused)
            if not more:
                turn.claimants.remove(claimant)
        heapq.heapify(turn.claimants)
    return [places[campaign_id] for campaign_id in _served(order, claims)]


def _claim(shares: Mapping[UUID, int], at: datetime) -> dict[UUID, Claims]:
    claims = dict.fromkeys(shares, Claims(0, more=True))
    for _ in range(LOOKS_AT_MOST):
        wanted = _some_of({pk: shares[pk] - claims[pk].claimed for pk in shares if claims[pk].more})
        if not wanted:
            break
        for campaign_id, new in claim_due(wanted, at).items():
            claims[campaign_id] = Claims(claims[campaign_id].claimed + new.claimed, new.more)
    return claims


def _some_of(shares: Mapping[UUID, int]) -> dict[UUID, int]:
    """As many as are claimed in one transaction."""
    left, some = CLAIMED_AT_ONCE, {}
    for campaign_id, share in shares.items():
        some[campaign_id] = min(share, left)
        left -= some[campaign_id]
    return {campaign_id: share for campaign_id, share in some.items() if share}


def _served(order: Sequence[UUID], claims: Mapping[UUID, Claims]) -> Iterator[UUID]:
    """`order` without those who found nothing to claim."""
    left = {campaign_id: found.claimed for campaign_id, found in claims.items()}
    for campaign_id in order:
        if left[campaign_id]:
            left[campaign_id] -= 1
            yield campaign_id


def _remember(served: Sequence[_Claimant], at: datetime) -> None:
    """The order within one tick counts, too: its number is in the microseconds."""
    last = {claimant.campaign_id: (number, claimant.finish) for number, claimant in enumerate(served)}
    Campaign.objects.bulk_update(
        [
            Campaign(pk=campaign_id, last_claimed_at=at + timedelta(microseconds=number), dispatch_turn=finish)
            for campaign_id, (number, finish) in sorted(last.items())
        ],
        ["last_claimed_at", "dispatch_turn"],
    )
