"""The only queries behind the gate. Call them inside the dialing transaction."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q, Sum

from calls.compliance.decisions import DialFacts, FrequencyCaps, GroupFacts, OrganizationFacts, Spending
from calls.compliance.hours import DEFAULT_HOURS, Window
from calls.models import Call, CallGroup, CallingHours, DoNotCall
from calls.states import State
from opendeep.accounts.models import Organization

HISTORY = timedelta(days=30)
RESERVATION_MICROCENTS = 100_000_000
"""What a call may cost when nobody knows yet: a dollar, which is several minutes of talk."""


def facts_of(call: Call, at: datetime) -> DialFacts:
    """A handful of queries by index. `call` was read in this transaction, with its organization and its group."""
    organization = call.organization
    settings = organization_facts(organization)
    others = Call.objects.filter(organization=call.organization_id, number=call.number).exclude(id=call.id)
    return DialFacts(
        number=call.number,
        time_zone=call.time_zone if call.time_zone_told else "",
        consent=call.consent,
        organization=settings,
        group=group_facts(call.group),
        do_not_call=_do_not_call(call),
        hours=hours_of(call.organization_id),
        has_live_call=others.live().exists(),
        dialled_at=_dialled(call, at, settings.caps),
        spending=_spending(organization, call, at),
    )


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


def hours_of(organization_id: UUID) -> Sequence[Window]:
    rows = CallingHours.objects.filter(organization=organization_id)
    windows = [Window(row.weekday, row.opens_minute, row.closes_minute) for row in rows]
    return windows or DEFAULT_HOURS


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


def _do_not_call(call: Call) -> Literal["", "organization", "global"]:
    own_or_global = Q(organization=call.organization_id) | Q(organization=None)
    owners = list(DoNotCall.objects.filter(own_or_global, number=call.number).values_list("organization", flat=True))
    if not owners:
        return ""
    return "global" if None in owners else "organization"


def _dialled(call: Call, at: datetime, caps: FrequencyCaps) -> Sequence[datetime]:
    """The latest dials of this number, as many as the rules may need."""
    rows = Call.objects.filter(organization=call.organization_id, number=call.number, dialing_at__gt=at - HISTORY)
    needed = max(caps.per_day, caps.per_7_days, caps.per_30_days, 1)
    latest = rows.exclude(id=call.id).order_by("-dialing_at").values_list("dialing_at", flat=True)[:needed]
    return [moment for moment in latest if moment is not None]


def _spending(organization: Organization, call: Call, at: datetime) -> Spending | None:
    if organization.spending_cap_cents is None:
        return None
    begins, ends = month_of(at, ZoneInfo(organization.time_zone))
    calls = Call.objects.filter(organization=organization).exclude(id=call.id).order_by()
    ended = calls.filter(state=State.ENDED, ended_at__gte=begins, ended_at__lt=ends)
    in_flight = calls.live().values_list("cost_microcents", flat=True)
    return Spending(
        cap_microcents=organization.spending_cap_cents * 1_000_000,
        spent_microcents=ended.aggregate(cost=Sum("cost_microcents"))["cost"] or 0,
        in_flight_microcents=sum(max(cost, RESERVATION_MICROCENTS) for cost in in_flight),
        reservation_microcents=RESERVATION_MICROCENTS,
        month_ends=ends,
    )


def month_of(at: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Beginning and end of the calendar month of `at` on the wall of `zone`."""
    begins = at.astimezone(zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0)
    next_year, next_month = divmod(begins.year * 12 + begins.month, 12)
    return begins, begins.replace(year=next_year, month=next_month + 1)
