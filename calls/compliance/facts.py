"""The only queries behind the gate. Call them inside the dialing transaction."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from django.db.models import Q

from calls.compliance.hours import DEFAULT_HOURS, Window
from calls.compliance.rules import DialFacts, GroupFacts
from calls.models import Call, CallGroup, CallingHours, DoNotCall
from calls.states import LIVE
from opendeep.accounts.models import Organization

HISTORY = timedelta(days=2)
"""Covers the callee's calendar day in every zone."""


def facts_of(call: Call, at: datetime) -> DialFacts:
    others = Call.objects.filter(organization=call.organization_id, number=call.number).exclude(id=call.id)
    paused = Organization.objects.values_list("calling_paused", flat=True).get(id=call.organization_id)
    return DialFacts(
        number=call.number,
        time_zone=call.time_zone,
        organization_paused=paused,
        group=_group(call),
        do_not_call=_do_not_call(call),
        hours=hours_of(call.organization_id),
        has_live_call=others.filter(state__in=LIVE).exists(),
        dialled_at=_dialled(call, at),
    )


def _group(call: Call) -> GroupFacts | None:
    if call.group_id is None:
        return None
    group = CallGroup.objects.get(key=call.group_id)
    return GroupFacts(group.paused, group.not_before, group.not_after)


def _do_not_call(call: Call) -> Literal["", "organization", "global"]:
    own_or_global = Q(organization=call.organization_id) | Q(organization=None)
    owners = list(DoNotCall.objects.filter(own_or_global, number=call.number).values_list("organization", flat=True))
    if not owners:
        return ""
    return "global" if None in owners else "organization"


def hours_of(organization_id: UUID) -> Sequence[Window]:
    rows = CallingHours.objects.filter(organization=organization_id)
    windows = [Window(row.weekday, row.opens_minute, row.closes_minute) for row in rows]
    return windows or DEFAULT_HOURS


def _dialled(call: Call, at: datetime) -> Sequence[datetime]:
    rows = Call.objects.filter(
        organization=call.organization_id, number=call.number, dialing_at__gt=at - HISTORY
    ).exclude(id=call.id)
    return [moment for moment in rows.order_by().values_list("dialing_at", flat=True) if moment is not None]
