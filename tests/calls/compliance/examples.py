"""Facts that tests of the gate change one by one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from calls.compliance.decisions import FrequencyCaps, GroupFacts, OrganizationFacts
from calls.compliance.gate import Allow, DialFacts, may_dial
from calls.compliance.hours import DEFAULT_HOURS, Window

Owner = Literal["organization", "global"]

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)  # ten in the morning in New York
ACME = OrganizationFacts(
    paused=False,
    caller_id="+12025550199",
    allowed_countries=(),
    calls_on_holidays=False,
    caps=FrequencyCaps(per_day=3, per_7_days=7, per_30_days=20),
    max_concurrent_calls=5,
)
FINE = DialFacts(
    number="+12025550100",
    time_zone="America/New_York",
    consent="",
    organization=ACME,
    group=GroupFacts(paused=False, not_before=None, not_after=None),
    do_not_call="",
    hours=DEFAULT_HOURS,
    has_live_call=False,
    dialled_at=(),
    spending=None,
)
HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
ALL_DAY = [Window(weekday, 0, 1440) for weekday in range(7)]


def acme(facts: DialFacts = FINE, **changes: Any) -> DialFacts:
    """The facts when the organization has other settings."""
    return replace(facts, organization=replace(facts.organization, **changes))


def rule_of(facts: DialFacts, now: datetime = NOW) -> str:
    decision = may_dial(facts, now)
    return "" if isinstance(decision, Allow) else decision.rule
