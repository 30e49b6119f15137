"""The gate: what it lets through, and what it says when it does not."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from calls.compliance.decisions import FrequencyCaps, GroupFacts, Spending
from calls.compliance.gate import Allow, Defer, Deny, DialFacts, may_dial
from calls.compliance.hours import Window
from calls.compliance.rules import MIN_GAP
from tests.calls.compliance.examples import ALL_DAY, DAY, FINE, HOUR, NOW, Owner, acme, rule_of


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
    facts = acme(replace(FINE, number=number, time_zone="", hours=ALL_DAY), caller_id="")
    assert rule_of(facts) == ""


def test_without_a_list_of_countries_that_of_the_caller_id_counts() -> None:
    abroad = replace(FINE, number="+4915112345678", time_zone="Europe/Berlin")
    decision = may_dial(abroad, NOW)
    assert isinstance(decision, Deny)
    assert decision.why == "Numbers of the country DE are not among the organization's allowed countries (US)."
    assert rule_of(acme(abroad, allowed_countries=("DE",))) == ""
    assert rule_of(acme(allowed_countries=("DE",))) == "country"
    assert rule_of(acme(abroad, caller_id="")) == ""


@pytest.mark.parametrize("owner", ["organization", "global"])
def test_somebody_who_said_no_is_never_called(owner: Owner) -> None:
    decision = may_dial(replace(FINE, do_not_call=owner), NOW)
    assert isinstance(decision, Deny)
    assert decision.rule == "do_not_call"


def test_a_no_counts_more_than_a_later() -> None:
    facts = acme(replace(FINE, do_not_call="organization", has_live_call=True), paused=True)
    assert isinstance(may_dial(facts, NOW), Deny)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "America", "../../etc/passwd", "EST5EDT4"])
def test_a_time_zone_that_is_none_is_denied(zone: str) -> None:
    decision = may_dial(replace(FINE, time_zone=zone), NOW)
    assert isinstance(decision, Deny)
    assert "time zone" in decision.why


def test_without_a_zone_of_contact_or_number_nobody_is_called() -> None:
    nowhere = acme(
        replace(FINE, number="+80012345678", time_zone="", hours=ALL_DAY), caller_id="", calls_on_holidays=True
    )
    decision = may_dial(nowhere, NOW)
    assert isinstance(decision, Deny)
    assert "time zone" in decision.why
    assert rule_of(replace(nowhere, time_zone="Europe/Berlin")) == ""


def test_without_a_calendar_of_the_country_there_may_be_a_holiday() -> None:
    worldwide = acme(replace(FINE, number="+80012345678", time_zone="Europe/Berlin", hours=ALL_DAY), caller_id="")
    assert rule_of(worldwide) == "public_holiday"


def test_a_number_that_spans_zones_is_called_when_all_of_them_allow_it() -> None:
    australia = acme(replace(FINE, number="+61412345678", time_zone=""), caller_id="")
    morning_in_sydney = datetime(2026, 11, 23, 22, 30, tzinfo=UTC)  # 09:30 there, 05:00 on the Cocos Islands
    decision = may_dial(australia, morning_in_sydney)
    assert isinstance(decision, Defer)
    assert decision.until == datetime(2026, 11, 24, 2, 30, tzinfo=UTC)  # nine there
    assert rule_of(replace(australia, time_zone="Australia/Sydney"), morning_in_sydney) == ""


def test_a_contact_elsewhere_than_its_number_is_called_when_both_clocks_allow_it() -> None:
    moved = replace(FINE, time_zone="America/Los_Angeles")
    decision = may_dial(moved, NOW)  # seven in the morning there
    assert isinstance(decision, Defer)
    assert decision.until == NOW + 2 * HOUR


def test_a_pause_of_organization_or_campaign_defers() -> None:
    paused = GroupFacts(paused=True, not_before=None, not_after=None)
    assert rule_of(acme(paused=True)) == "organization_paused"
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


def test_nobody_is_called_on_a_holiday_of_the_country() -> None:
    thanksgiving = datetime(2026, 11, 26, 15, 0, tzinfo=UTC)
    decision = may_dial(FINE, thanksgiving)
    assert isinstance(decision, Defer)
    assert (decision.rule, decision.until) == ("public_holiday", datetime(2026, 11, 27, 14, 0, tzinfo=UTC))
    assert "(Thanksgiving Day)" in decision.why
    assert rule_of(acme(calls_on_holidays=True), thanksgiving) == ""


def test_the_evening_before_a_holiday_waits_until_after_it() -> None:
    evening_before_thanksgiving = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)
    decision = may_dial(FINE, evening_before_thanksgiving)
    assert isinstance(decision, Defer)
    assert decision.until == datetime(2026, 11, 27, 14, 0, tzinfo=UTC)


def test_two_holidays_on_the_only_calling_days_are_waited_for() -> None:
    fridays = replace(FINE, hours=[Window(4, 540, 1200)])  # Christmas and New Year are Fridays
    decision = may_dial(fridays, datetime(2026, 12, 19, 12, 0, tzinfo=UTC))
    assert isinstance(decision, Defer)
    assert decision.until == datetime(2027, 1, 8, 14, 0, tzinfo=UTC)


def test_a_night_window_ends_where_the_holiday_begins() -> None:
    nights = replace(FINE, hours=[Window(2, 22 * 60, 26 * 60)])  # Wednesdays until two; Thanksgiving is a Thursday
    assert rule_of(nights, datetime(2026, 11, 26, 4, 59, tzinfo=UTC)) == ""
    assert rule_of(nights, datetime(2026, 11, 26, 5, 0, tzinfo=UTC)) == "public_holiday"


@pytest.mark.parametrize(("calls", "days", "words"), [(3, 1, "24 hours"), (7, 7, "7 days"), (20, 30, "30 days")])
def test_a_number_is_not_called_too_often(calls: int, days: int, words: str) -> None:
    oldest = NOW - days * DAY + HOUR
    dials = [oldest + n * (days * DAY - 2 * HOUR) / calls for n in range(calls)]
    decision = may_dial(replace(FINE, dialled_at=dials, hours=ALL_DAY), NOW)
    assert isinstance(decision, Defer)
    assert (decision.rule, decision.until) == ("frequency", oldest + days * DAY)
    assert f"{calls} times within {words}" in decision.why
    assert rule_of(replace(FINE, dialled_at=dials[1:])) == ""


def test_a_cap_of_zero_is_said_in_words() -> None:
    never = may_dial(acme(caps=FrequencyCaps(0, 7, 20)), NOW)
    assert isinstance(never, Deny)
    assert never.why.startswith("The organization allows no calls to one number within 24 hours.")
    no_lines = may_dial(acme(max_concurrent_calls=0), NOW)
    assert isinstance(no_lines, Defer)
    assert "limit of calls at a time is zero" in no_lines.why
    group = GroupFacts(paused=False, not_before=None, not_after=None, max_concurrent_calls=0)
    assert rule_of(replace(FINE, group=group)) == "line"


def test_a_campaign_that_requires_consent_calls_only_who_gave_it() -> None:
    strict = replace(FINE, group=GroupFacts(paused=False, not_before=None, not_after=None, requires_consent=True))
    for nothing in ("", "  "):
        assert rule_of(replace(strict, consent=nothing)) == "consent"
    assert rule_of(replace(strict, consent="Web form, 2026-10-01")) == ""


def test_a_campaign_that_ends_before_it_begins_may_never_call() -> None:
    group = GroupFacts(paused=False, not_before=NOW + 2 * HOUR, not_after=NOW + HOUR)
    decision = may_dial(replace(FINE, group=group), NOW)
    assert isinstance(decision, Deny)
    assert "ends before it begins" in decision.why


MONTH_ENDS = datetime(2026, 12, 1, 5, 0, tzinfo=UTC)


def spending(cap: int, spent: int = 0, in_flight: int = 0, call: int = 100) -> DialFacts:
    return replace(FINE, spending=Spending(cap, spent, in_flight, call, MONTH_ENDS))


def test_calls_in_flight_count_as_spent() -> None:
    assert rule_of(spending(300, spent=100, in_flight=100)) == ""
    decision = may_dial(spending(300, spent=100, in_flight=101), NOW)
    assert isinstance(decision, Defer)
    assert decision.until < NOW + HOUR


def test_a_month_that_has_used_up_its_money_is_over() -> None:
    decision = may_dial(spending(300, spent=201), NOW)
    assert isinstance(decision, Defer)
    assert (decision.rule, decision.until) == ("spending_cap", MONTH_ENDS)


def test_a_cap_that_no_call_fits_into_is_denied() -> None:
    for cap in (0, 99):
        decision = may_dial(spending(cap), NOW)
        assert isinstance(decision, Deny)
        assert "Raise it" in decision.why
