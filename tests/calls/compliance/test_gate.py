"""The gate: what it lets through, and what it says when it does not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.compliance.gate import Allow, Defer, Deny, DialFacts, may_dial
from calls.compliance.hours import DEFAULT_HOURS, Window
from calls.compliance.rules import MAX_DIALS_PER_DAY, MIN_GAP, RULES, GroupFacts

Owner = Literal["organization", "global"]

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)  # ten in the morning in New York
FINE = DialFacts(
    number="+12025550100",
    time_zone="America/New_York",
    organization_paused=False,
    group=GroupFacts(paused=False, not_before=None, not_after=None),
    do_not_call="",
    hours=DEFAULT_HOURS,
    has_live_call=False,
    dialled_at=(),
)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def rule_of(facts: DialFacts, now: datetime = NOW) -> str:
    decision = may_dial(facts, now)
    return "" if isinstance(decision, Allow) else decision.rule


def test_a_harmless_call_may_be_dialled() -> None:
    assert isinstance(may_dial(FINE, NOW), Allow)


@pytest.mark.parametrize(
    "number",
    ["", "nonsense", "12025550100", "+1202555", "+1911", "+112", "+19005551234", "+447012345678", "+49900123456",
     "+999123456789", "+1 202 555 0100", "sip:me@example.com"],
)  # fmt: skip
def test_numbers_that_are_none_or_cost_more_are_denied(number: str) -> None:
    decision = may_dial(replace(FINE, number=number), NOW)
    assert isinstance(decision, Deny)
    assert decision.rule == "destination"


@pytest.mark.parametrize("number", ["+12025550100", "+442079460000", "+4915112345678", "+18005551234"])
def test_ordinary_numbers_pass(number: str) -> None:
    assert rule_of(replace(FINE, number=number)) == ""


@pytest.mark.parametrize("owner", ["organization", "global"])
def test_somebody_who_said_no_is_never_called(owner: Owner) -> None:
    decision = may_dial(replace(FINE, do_not_call=owner), NOW)
    assert isinstance(decision, Deny)
    assert decision.rule == "do_not_call"


def test_a_no_counts_more_than_a_later() -> None:
    facts = replace(FINE, do_not_call="organization", organization_paused=True, has_live_call=True)
    assert isinstance(may_dial(facts, NOW), Deny)


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "America", "../../etc/passwd", "EST5EDT4"])
def test_without_a_time_zone_nobody_is_called(zone: str) -> None:
    decision = may_dial(replace(FINE, time_zone=zone), NOW)
    assert isinstance(decision, Deny)
    assert "time zone" in decision.why


def test_a_pause_of_organization_or_campaign_defers() -> None:
    paused = GroupFacts(paused=True, not_before=None, not_after=None)
    assert rule_of(replace(FINE, organization_paused=True)) == "organization_paused"
    assert rule_of(replace(FINE, group=paused)) == "campaign_paused"


def test_a_campaign_calls_within_its_window_only() -> None:
    window = GroupFacts(paused=False, not_before=NOW, not_after=NOW + HOUR)
    facts = replace(FINE, group=window)
    assert may_dial(facts, NOW - HOUR / 2) == Defer(NOW, "campaign_window", "The campaign has not begun yet.")
    assert rule_of(facts, NOW) == ""
    assert isinstance(may_dial(facts, NOW + HOUR), Deny)


def test_the_longest_wait_counts() -> None:
    window = GroupFacts(paused=True, not_before=NOW + 3 * HOUR, not_after=None)
    decision = may_dial(replace(FINE, group=window), NOW)
    assert isinstance(decision, Defer)
    assert decision.until == NOW + 3 * HOUR


def test_at_night_it_waits_for_the_morning_at_the_callee() -> None:
    night = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)  # ten in the evening in New York
    decision = may_dial(FINE, night)
    assert isinstance(decision, Defer)
    assert decision.until == datetime(2026, 11, 25, 14, 0, tzinfo=UTC)
    assert "America/New_York" in decision.why


def test_hours_that_never_open_are_denied_with_words() -> None:
    decision = may_dial(replace(FINE, hours=()), NOW)
    assert isinstance(decision, Deny)
    assert "never open" in decision.why


def test_one_call_to_a_number_at_a_time() -> None:
    assert rule_of(replace(FINE, has_live_call=True)) == "one_live_call"


def test_the_gap_between_two_calls_is_kept() -> None:
    facts = replace(FINE, dialled_at=[NOW - 2 * HOUR, NOW])
    assert may_dial(facts, NOW + MIN_GAP / 2) == Defer(
        NOW + MIN_GAP, "minimum_gap", "This number was called a moment ago."
    )
    assert rule_of(facts, NOW + MIN_GAP) == ""


def test_calls_of_a_day_are_counted_by_the_callees_calendar() -> None:
    eleven_pm_yesterday = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
    assert rule_of(replace(FINE, dialled_at=[eleven_pm_yesterday] * MAX_DIALS_PER_DAY)) == ""
    decision = may_dial(replace(FINE, dialled_at=[NOW - HOUR] * MAX_DIALS_PER_DAY), NOW)
    assert isinstance(decision, Defer)
    assert decision.until == datetime(2026, 11, 25, 5, 0, tzinfo=UTC)


instants = st.integers(0, 2 * 365 * 1440).map(lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + minutes * MINUTE)
any_facts = st.builds(
    DialFacts,
    number=st.sampled_from(["+12025550100", "+4915112345678", "+1911", "+19005551234", ""]) | st.text(max_size=16),
    time_zone=st.sampled_from(["America/New_York", "Europe/Berlin", "Africa/Cairo", "Asia/Kathmandu", "", "No/Where"]),
    organization_paused=st.booleans(),
    group=st.none() | st.builds(GroupFacts, st.booleans(), st.none() | instants, st.none() | instants),
    do_not_call=st.sampled_from(["", "", "organization", "global"]),
    hours=st.just(DEFAULT_HOURS)
    | st.lists(
        st.builds(lambda day, opens: Window(day, opens, opens + 90), st.integers(0, 6), st.integers(0, 1439)),
        max_size=3,
    ),
    has_live_call=st.booleans(),
    dialled_at=st.lists(instants, max_size=12),
)


@given(facts=any_facts, now=instants)
def test_allowed_means_that_every_rule_allows(facts: DialFacts, now: datetime) -> None:
    decision = may_dial(facts, now)
    assert isinstance(decision, Allow) == all(isinstance(rule(facts, now), Allow) for rule in RULES)


@given(facts=any_facts, now=instants)
def test_a_deferral_lies_ahead_and_says_why(facts: DialFacts, now: datetime) -> None:
    decision = may_dial(facts, now)
    if isinstance(decision, Defer):
        assert decision.until > now
    if not isinstance(decision, Allow):
        assert decision.rule
        assert decision.why.endswith(".")


@given(facts=any_facts, now=instants, owner=st.sampled_from(["organization", "global"]))
def test_no_other_fact_outweighs_a_no(facts: DialFacts, now: datetime, owner: Owner) -> None:
    assert isinstance(may_dial(replace(facts, do_not_call=owner), now), Deny)
