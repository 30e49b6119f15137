"""The gate over random facts, zones and instants."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import holidays
import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import timezone as number_timezone

from calls.compliance.decisions import FrequencyCaps, GroupFacts, OrganizationFacts, Spending
from calls.compliance.gate import Allow, Defer, Deny, DialFacts, may_dial
from calls.compliance.hours import DEFAULT_HOURS, Window
from calls.compliance.rules import RULES, Rule
from tests.calls.compliance.examples import FINE, MINUTE, Owner, acme

CHANGES = [  # of the clock, Lord Howe's by half an hour, Cairo's at midnight; and a leap day, and the turn of a year
    datetime(year, month, day, tzinfo=UTC)
    for year, month, day in [
        (2026, 3, 8), (2026, 11, 1), (2026, 3, 29), (2026, 10, 25), (2026, 4, 4), (2026, 10, 3), (2026, 4, 23),
        (2026, 10, 29), (2028, 2, 28), (2028, 2, 29), (2026, 12, 31), (2026, 11, 26),
    ]
]  # fmt: skip
instants = st.integers(0, 3 * 365 * 1440).map(lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + minutes * MINUTE) | (
    st.builds(
        lambda day, seconds: day + timedelta(seconds=seconds), st.sampled_from(CHANGES), st.integers(-90000, 180000)
    )
)
NUMBERS = ["+12025550100", "+4915112345678", "+61412345678", "+79161234567", "+18005551234", "+201001234567"]
ZONES = ["", "America/New_York", "Europe/Berlin", "Africa/Cairo", "Australia/Lord_Howe", "Asia/Kathmandu"]
night_windows = st.builds(
    lambda day, opens, length: Window(day, opens, min(opens + length, 2880)),
    st.integers(0, 6),
    st.integers(0, 1439),
    st.integers(1, 1440),
)
settings_of_organizations = st.builds(
    OrganizationFacts,
    paused=st.booleans(),
    caller_id=st.sampled_from(["", "+12025550199", "+4930123456"]),
    allowed_countries=st.just(()) | st.lists(st.sampled_from(["US", "DE", "AU", "RU", "EG"]), max_size=4),
    calls_on_holidays=st.booleans(),
    caps=st.builds(FrequencyCaps, st.integers(0, 4), st.integers(0, 8), st.integers(0, 12)),
    max_concurrent_calls=st.integers(0, 2),
)
any_facts = st.builds(
    DialFacts,
    number=st.sampled_from([*NUMBERS, "+1911", "+19005551234", ""]) | st.text(max_size=16),
    time_zone=st.sampled_from([*ZONES, "No/Where"]),
    consent=st.sampled_from(["", "yes"]),
    organization=settings_of_organizations,
    group=st.none()
    | st.builds(
        GroupFacts, st.booleans(), st.none() | instants, st.none() | instants, st.booleans(), st.none() | st.just(0)
    ),
    do_not_call=st.sampled_from(["", "", "organization", "global"]),
    hours=st.just(DEFAULT_HOURS) | st.lists(night_windows, max_size=3),
    has_live_call=st.booleans(),
    dialled_at=st.lists(instants, max_size=14),
    spending=st.none()
    | st.builds(
        Spending,
        st.integers(0, 900),
        st.integers(0, 900),
        st.integers(0, 900),
        st.just(100),
        st.just(datetime(2029, 2, 1, tzinfo=UTC)),
    ),
)
harmless_facts = st.builds(  # only the clock, the calendar and earlier calls say anything
    lambda number, zone, hours, dials, holidays: acme(
        replace(FINE, number=number, time_zone=zone, hours=hours, dialled_at=dials),
        caller_id="",
        calls_on_holidays=holidays,
    ),
    st.sampled_from(NUMBERS),
    st.sampled_from(ZONES),
    st.just(DEFAULT_HOURS) | st.lists(night_windows, max_size=4),
    st.lists(instants, max_size=2),
    st.booleans(),
)


def shows_open_wall_clock(hours: Sequence[Window], zone: str, now: datetime) -> bool:
    """Whether a window holds what the wall shows there; written another way than the gate does it."""
    wall = now.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    monday = datetime.combine(wall.date(), time()) - timedelta(days=wall.weekday())
    minutes = (wall - monday).total_seconds() / 60
    week = 7 * 1440
    return any(
        window.weekday * 1440 + window.opens <= minutes + lap < window.weekday * 1440 + window.closes
        for window in hours
        for lap in (0, week)
    )


@given(facts=harmless_facts | any_facts, now=instants)
@settings(deadline=None)
def test_nobody_is_rung_outside_the_hours_of_any_zone_or_on_a_holiday(facts: DialFacts, now: datetime) -> None:
    if not isinstance(may_dial(facts, now), Allow):
        return
    number = phonenumbers.parse(facts.number)
    spans = number_timezone.time_zones_for_number(number)
    for zone in [facts.time_zone] if facts.time_zone in spans else [*filter(None, [facts.time_zone]), *spans]:
        assert shows_open_wall_clock(facts.hours, zone, now)
        if not facts.organization.calls_on_holidays:
            calendar = holidays.country_holidays(phonenumbers.region_code_for_number(number) or "")
            assert now.astimezone(ZoneInfo(zone)).date() not in calendar


LASTING_RULES = [rule for rule in RULES if rule.__name__ in {
    "calling_hours", "public_holiday", "campaign_window", "minimum_gap", "frequency"
}]  # fmt: skip


@given(facts=harmless_facts | any_facts, now=instants, rule=st.sampled_from(LASTING_RULES))
@settings(deadline=None, max_examples=200)
def test_when_a_deferral_is_over_its_rule_is_content(facts: DialFacts, now: datetime, rule: Rule) -> None:
    decision = rule(facts, now)
    if isinstance(decision, Defer):
        assert decision.until > now
        assert not isinstance(rule(facts, decision.until), Defer)


@given(facts=harmless_facts, now=instants)
@settings(deadline=None)
def test_waiting_comes_to_an_end(facts: DialFacts, now: datetime) -> None:
    """Whoever looks again when told so is let through, or told never, after few looks: no endless deferral."""
    for _ in range(6):
        decision = may_dial(facts, now)
        if not isinstance(decision, Defer):
            return
        now = decision.until
    pytest.fail("It was deferred again and again.")


UNKNOWN: list[tuple[str, DialFacts]] = [
    ("destination", replace(FINE, number="")),
    ("calling_hours", replace(FINE, time_zone="No/Where")),
    ("calling_hours", replace(FINE, hours=())),
    ("consent", replace(FINE, group=GroupFacts(False, None, None, requires_consent=True))),
]


@pytest.mark.parametrize(("rule", "facts"), UNKNOWN)
@given(now=instants)
@settings(deadline=None, max_examples=25)
def test_what_is_not_known_is_denied_at_any_moment(rule: str, facts: DialFacts, now: datetime) -> None:
    decision = may_dial(facts, now)
    assert isinstance(decision, Deny)
    assert decision.rule == rule


@given(facts=any_facts, now=instants)
@settings(deadline=None)
def test_allowed_means_that_every_rule_allows(facts: DialFacts, now: datetime) -> None:
    decision = may_dial(facts, now)
    assert isinstance(decision, Allow) == all(isinstance(rule(facts, now), Allow) for rule in RULES)


@given(facts=any_facts, now=instants)
@settings(deadline=None)
def test_a_deferral_lies_ahead_and_says_why(facts: DialFacts, now: datetime) -> None:
    decision = may_dial(facts, now)
    if isinstance(decision, Defer):
        assert decision.until > now
    if not isinstance(decision, Allow):
        assert decision.rule
        assert decision.why.endswith(".")


@given(facts=any_facts, now=instants, owner=st.sampled_from(["organization", "global"]))
@settings(deadline=None)
def test_no_other_fact_outweighs_a_no(facts: DialFacts, now: datetime, owner: Owner) -> None:
    assert isinstance(may_dial(replace(facts, do_not_call=owner), now), Deny)
