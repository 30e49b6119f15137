"""What stands in the way of calls before anybody dials them, said early and where their owner looks.

The gate decides when a call is dialled, and this never allows what the gate would not: it only asks earlier.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from calls.compliance import rules
from calls.compliance.callee_clock import zones_of
from calls.compliance.decisions import DialFacts, Spending
from calls.compliance.facts import RESERVATION_MICROCENTS, group_facts, organization_facts
from calls.compliance.gate import Allow, Deny
from calls.contracts import Callee, Refusal
from calls.models import CallGroup, DoNotCall
from calls.selectors import next_calling_time
from calls.trunks.ways_out import WaysOut, lines_of
from opendeep.accounts.models import Organization

NO_LINES = (
    "This installation has no lines for calls (MAX_CONCURRENT_CALLS, TRUNK_LINES or its trunks). Ask its operator."
)
NO_PACE = "This installation may make no calls per second. Ask its operator (CALLS_PER_SECOND)."
NO_OWN_PACE = "The organization may make no calls per second. Raise it in the organization's settings."
NEVER_OPEN = "The calling hours never open for this number. Change them in the organization's settings."
OPENS_TOO_LATE = "The calling hours at the callee's place open only after the campaign's end."

OF_THE_SETTINGS = (rules.organization_paused, rules.line, rules.frequency, rules.spending_cap)
OF_THE_NUMBER = (rules.destination, rules.country, rules.do_not_call, rules.consent)
AREA_DIGITS = 5
"""Numbers that begin alike, "+1202", have the same clocks."""


def hindrances(organization_id: UUID, at: datetime, *, group: str | None = None) -> tuple[str, ...]:
    """Why no call of the organization, or of the batch `group`, goes out until somebody changes a setting."""
    organization = Organization.objects.get(pk=organization_id)
    row = CallGroup.objects.filter(key=group).first() if group else None
    facts = _facts(organization, group=row)
    found = [decision.why for rule in OF_THE_SETTINGS if not isinstance(decision := rule(facts, at), Allow)]
    if organization.calls_per_second <= 0:
        found.append(NO_OWN_PACE)
    return tuple(found + list(_of_the_installation(organization_id)))


def _of_the_installation(organization_id: UUID) -> Iterator[str]:
    if min(settings.MAX_CONCURRENT_CALLS, sum(map(lines_of, WaysOut.now().pool_of(organization_id).trunks))) <= 0:
        yield NO_LINES
    if settings.CALLS_PER_SECOND <= 0:
        yield NO_PACE


def refusals(
    organization_id: UUID,
    callees: Sequence[Callee],
    *,
    requires_consent: bool,
    begins: datetime,
    ends: datetime | None,
) -> Iterator[Refusal | None]:
    """For each of `callees`, in order: why they can never be called between the two moments, or None."""
    organization = Organization.objects.get(pk=organization_id)
    listed = _listed(organization_id, [callee.number for callee in callees])
    group = CallGroup(requires_consent=requires_consent)
    openings: dict[tuple[str, str], datetime | None] = {}
    for callee in callees:
        facts = _facts(organization, callee=callee, group=group, is_listed=callee.number in listed)
        denied = [decision for rule in OF_THE_NUMBER if isinstance(decision := rule(facts, begins), Deny)]
        if denied:
            yield Refusal(denied[0].rule, denied[0].why)
            continue
        clock = (callee.number[:AREA_DIGITS], callee.time_zone)
        if clock not in openings:
            openings[clock] = next_calling_time(organization_id, callee.time_zone, begins, number=callee.number)
        yield _of_the_clock(callee, openings[clock], ends)


def _of_the_clock(callee: Callee, opening: datetime | None, ends: datetime | None) -> Refusal | None:
    if opening is None:
        has_zone = zones_of(callee.number, callee.time_zone)
        return Refusal("calling_hours", NEVER_OPEN if has_zone else rules.UNKNOWN_ZONE)
    return Refusal("calling_hours", OPENS_TOO_LATE) if ends is not None and opening >= ends else None


def _listed(organization_id: UUID, numbers: Sequence[str]) -> set[str]:
    own_or_global = Q(organization=organization_id) | Q(organization=None)
    return set(DoNotCall.objects.filter(own_or_global, number__in=numbers).values_list("number", flat=True))


def _facts(
    organization: Organization,
    *,
    callee: Callee | None = None,
    group: CallGroup | None = None,
    is_listed: bool = False,
) -> DialFacts:
    """What is known before there is a call."""
    cap = organization.spending_cap_cents
    nothing_spent = Spending((cap or 0) * 1_000_000, 0, 0, RESERVATION_MICROCENTS, organization.created_at)
    return DialFacts(
        number=callee.number if callee else "",
        time_zone=callee.time_zone if callee else "",
        consent=callee.consent if callee else "",
        organization=organization_facts(organization),
        group=group_facts(group),
        do_not_call="organization" if is_listed else "",
        hours=(),
        has_live_call=False,
        dialled_at=(),
        spending=None if cap is None else nothing_spent,
    )
