"""The only queries behind the gate. Call them inside the dialing transaction."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q, Sum

from calls.compliance.decisions import DialFacts, FrequencyCaps, GroupFacts, OrganizationFacts, Spending
from calls.compliance.hours import DEFAULT_HOURS, Window
from calls.models import Call, CallGroup, CallingHours, DoNotCall
from calls.states import LIVE, State
from opendeep.accounts.models import Organization

HISTORY = timedelta(days=30)
RESERVATION_MICROCENTS = 100_000_000
"""What a call may cost when nobody knows yet: a dollar, which is several minutes of talk."""


def facts_of(call: Call, at: datetime) -> DialFacts:
    return Facts([call], at).of(call)


class Facts:
    """What the gate is told of each of some calls: read once for all of them, and counted on as they go live.

    A handful of queries by index. The calls were read in this transaction, with their organizations and groups.
    """

    def __init__(self, calls: Sequence[Call], at: datetime) -> None:
        self._at = at
        self._listed = _do_not_call(calls)
        self._hours = hours_of({call.organization_id for call in calls})
        self._others = _calls_to(calls, at)
        self._gone_live: set[tuple[UUID, str]] = set()

    def of(self, call: Call) -> DialFacts:
        to_the_number = self._others.get((call.organization_id, call.number), ())
        others = [other for other in to_the_number if other.id != call.id]
        went_live = (call.organization_id, call.number) in self._gone_live
        settings = organization_facts(call.organization)
        return DialFacts(
            number=call.number,
            time_zone=call.time_zone if call.time_zone_told else "",
            consent=call.consent,
            organization=settings,
            group=group_facts(call.group),
            do_not_call=self._whose_no(call),
            hours=self._hours.get(call.organization_id) or DEFAULT_HOURS,
            has_live_call=went_live or any(other.is_live for other in others),
            dialled_at=_latest_dials(others, self._at, settings.caps),
            spending=self._spending(call),
        )

    def went_live(self, call: Call) -> None:
        """The gate has let `call` pass, and its row says so: another one to its number waits."""
        self._gone_live.add((call.organization_id, call.number))

    def _spending(self, call: Call) -> Spending | None:
        went_live = sum(owner == call.organization_id for owner, _ in self._gone_live)
        return _spending(call.organization, call, went_live, self._at)

    def _whose_no(self, call: Call) -> Literal["", "organization", "global"]:
        if (None, call.number) in self._listed:
            return "global"
        return "organization" if (call.organization_id, call.number) in self._listed else ""


def organization_facts(organization: Organization) -> OrganizationFacts:
    return OrganizationFacts(
        paused=organization.calling_paused,
        caller_id=organization.caller_id,
        allowed_countries=tuple(organization.allowed_countries),
        calls_on_holidays=organization.calls_on_holidays,
        caps=FrequencyCaps(
            per_day=organization.calls_per_number_per_day,
            per_7_days=organization.calls_per_number_per_7_days,
            per_30_days=organization.calls_per_number_per_30_days,
        ),
        max_concurrent_calls=organization.max_concurrent_calls,
    )


def hours_of(organizations: Collection[UUID]) -> dict[UUID, list[Window]]:
    """Of those that have hours of their own; for the others DEFAULT_HOURS count."""
    rows = CallingHours.objects.filter(organization__in=organizations)
    hours: dict[UUID, list[Window]] = {}
    for owner, *window in rows.values_list("organization", "weekday", "opens_minute", "closes_minute"):
        hours.setdefault(owner, []).append(Window(*window))
    return hours


def group_facts(group: CallGroup | None) -> GroupFacts | None:
    if group is None:
        return None
    return GroupFacts(
        paused=group.paused,
        not_before=group.not_before,
        not_after=group.not_after,
        requires_consent=group.requires_consent,
        max_concurrent_calls=group.max_concurrent_calls,
    )


def _do_not_call(calls: Sequence[Call]) -> set[tuple[UUID | None, str]]:
    """The entries for the numbers of `calls`: whose (None: everybody's) and which number."""
    own_or_global = Q(organization__in={call.organization_id for call in calls}) | Q(organization=None)
    entries = DoNotCall.objects.filter(own_or_global, number__in={call.number for call in calls})
    return set(entries.values_list("organization", "number"))


@dataclass(frozen=True, slots=True)
class _OtherCall:
    id: UUID
    dialing_at: datetime | None
    is_live: bool


def _calls_to(calls: Sequence[Call], at: datetime) -> dict[tuple[UUID, str], list[_OtherCall]]:
    """Whatever is going on with the same numbers, and what was dialled lately."""
    same = Q(organization__in={call.organization_id for call in calls}, number__in={call.number for call in calls})
    lately = Call.objects.filter(same, dialing_at__gt=at - HISTORY, trunk_fault=False)  # else it rang nobody
    going_on = Call.objects.live().filter(same)
    columns = ("organization", "number", "id", "dialing_at", "state")
    found: dict[tuple[UUID, str], list[_OtherCall]] = {}
    for owner, number, call_id, dialing_at, state in (
        lately.order_by().values_list(*columns).union(going_on.order_by().values_list(*columns))
    ):
        found.setdefault((owner, number), []).append(_OtherCall(call_id, dialing_at, state in LIVE))
    return found


def _latest_dials(others: Sequence[_OtherCall], at: datetime, caps: FrequencyCaps) -> Sequence[datetime]:
    """The latest dials, as many as the rules may need."""
    needed = max(caps.per_day, caps.per_7_days, caps.per_30_days, 1)
    dials = [other.dialing_at for other in others if other.dialing_at is not None and other.dialing_at > at - HISTORY]
    return sorted(dials, reverse=True)[:needed]


def _spending(organization: Organization, call: Call, went_live: int, at: datetime) -> Spending | None:
    """`went_live` calls are in flight of which no row tells yet."""
    if organization.spending_cap_cents is None:
        return None
    begins, ends = month_of(at, ZoneInfo(organization.time_zone))
    calls = Call.objects.filter(organization=organization).exclude(id=call.id).order_by()
    ended = calls.filter(state=State.ENDED, ended_at__gte=begins, ended_at__lt=ends)
    in_flight = calls.live().values_list("cost_microcents", flat=True)
    reserved = went_live * RESERVATION_MICROCENTS
    return Spending(
        cap_microcents=organization.spending_cap_cents * 1_000_000,
        spent_microcents=ended.aggregate(cost=Sum("cost_microcents"))["cost"] or 0,
        in_flight_microcents=reserved + sum(max(cost, RESERVATION_MICROCENTS) for cost in in_flight),
        reservation_microcents=RESERVATION_MICROCENTS,
        month_ends=ends,
    )


def month_of(at: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Beginning and end of the calendar month of `at` on the wall of `zone`."""
    begins = at.astimezone(zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0)
    next_year, next_month = divmod(begins.year * 12 + begins.month, 12)
    return begins, begins.replace(year=next_year, month=next_month + 1)
