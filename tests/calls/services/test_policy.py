"""Settings of organization, campaign and contact, from their rows through the gate."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from calls.compliance.decisions import Allow, Decision, Defer
from calls.compliance.facts import RESERVATION_MICROCENTS, Facts, facts_of, month_of
from calls.compliance.gate import may_dial
from calls.models import Call, CallingHours, DoNotCall
from calls.services.policy import look_again
from calls.states import State
from opendeep.accounts.models import Organization
from tests.factories import NOW, NUMBER, make_call, make_group, make_organization

pytestmark = pytest.mark.django_db

OTHER = "+12025550104"
CENT = 1_000_000


def decide(call: Call, at: datetime = NOW) -> Decision:
    return may_dial(facts_of(call, at), at)


def rule_of(call: Call, at: datetime = NOW) -> str:
    decision = decide(call, at)
    return "" if isinstance(decision, Allow) else decision.rule


def test_countries_of_the_organization_count() -> None:
    abroad: dict[str, Any] = {"number": "+4915112345678", "time_zone": "Europe/Berlin"}
    assert rule_of(make_call(**abroad)) == "country"
    assert rule_of(make_call(organization=make_organization(allowed_countries=["DE"]), **abroad)) == ""


def test_the_guess_of_a_time_zone_does_not_count_alone() -> None:
    organization = make_organization(caller_id="")
    noon_in_sydney = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)  # nine in Perth, earlier on the islands
    facts: dict[str, Any] = {"organization": organization, "number": "+61412345678", "time_zone": "Australia/Sydney"}
    assert rule_of(make_call(**facts), noon_in_sydney) == "calling_hours"
    assert rule_of(make_call(time_zone_told=True, **facts), noon_in_sydney) == ""


def test_hours_of_the_organization_count_in_place_of_the_usual_ones() -> None:
    organization = make_organization()
    CallingHours.objects.create(organization=organization, weekday=1, opens_minute=11 * 60, closes_minute=12 * 60)
    call = make_call(organization=organization)
    assert (rule_of(call), rule_of(call, NOW + timedelta(hours=1)), rule_of(make_call())) == ("calling_hours", "", "")


def test_holidays_count_unless_the_organization_calls_on_them() -> None:
    thanksgiving = NOW + timedelta(days=2)
    assert rule_of(make_call(), thanksgiving) == "public_holiday"
    assert rule_of(make_call(organization=make_organization(calls_on_holidays=True)), thanksgiving) == ""


def test_a_dial_that_our_own_trunk_failed_rang_nobody_and_does_not_count() -> None:
    organization = make_organization(calls_per_number_per_day=1)
    failed = {"outcome": "failed", "trunk_fault": True}
    make_call(State.ENDED, organization=organization, dialing_at=NOW - timedelta(hours=1), **failed)
    assert rule_of(make_call(organization=organization)) == ""


def test_while_a_call_to_the_number_goes_on_another_one_of_the_organization_waits() -> None:
    organization = make_organization()
    make_call(State.PREPARING, organization=organization)
    assert rule_of(make_call(organization=organization)) == "one_live_call"
    assert rule_of(make_call()) == ""


def test_dials_of_all_campaigns_of_the_organization_count() -> None:
    organization = make_organization(calls_per_number_per_day=2)
    for hours in (2, 5):
        make_call(State.ENDED, organization=organization, dialing_at=NOW - timedelta(hours=hours))
    assert rule_of(make_call(organization=organization)) == "frequency"
    assert rule_of(make_call(organization=organization, number=OTHER)) == ""
    assert rule_of(make_call()) == ""


def test_when_a_number_may_be_called_again_is_told_by_its_latest_dials() -> None:
    organization = make_organization(calls_per_number_per_day=1, calls_per_number_per_7_days=1)
    Organization.objects.update(calls_per_number_per_30_days=2)
    for days in (20, 10, 1):
        make_call(State.ENDED, organization=organization, dialing_at=NOW - timedelta(days=days))
    decision = decide(make_call(organization=Organization.objects.get()))
    assert isinstance(decision, Defer)
    assert decision.until == NOW + timedelta(days=20)


@pytest.mark.parametrize(("whose", "rule"), [("own", "do_not_call"), ("everybody's", "do_not_call"), ("another's", "")])
def test_a_number_on_a_list_is_not_called_however_the_call_came_to_be_asked_for(whose: str, rule: str) -> None:
    organization = make_organization()
    owners = {"own": organization, "everybody's": None, "another's": make_organization()}
    DoNotCall.objects.create(organization=owners[whose], number=NUMBER, created_at=NOW)
    assert rule_of(make_call(organization=organization)) == rule


def test_what_one_organization_did_with_a_number_says_nothing_about_the_calls_of_others_beside_it() -> None:
    once = {"calls_per_number_per_day": 1}
    busy, refused, free = (make_organization(**once) for _ in range(3))
    make_call(State.ENDED, organization=busy, dialing_at=NOW - timedelta(hours=1))
    DoNotCall.objects.create(organization=refused, number=NUMBER, created_at=NOW)
    calls = [make_call(organization=organization) for organization in (busy, refused, free)]
    facts = Facts(calls, NOW)
    rules = [may_dial(facts.of(call), NOW) for call in calls]
    assert [getattr(decision, "rule", "") for decision in rules] == ["frequency", "do_not_call", ""]
    facts.went_live(calls[0])
    assert isinstance(may_dial(facts.of(calls[2]), NOW), Allow)


def test_a_campaign_that_requires_consent_reads_it_of_the_call() -> None:
    organization = make_organization()
    group = make_group(organization, requires_consent=True)
    assert rule_of(make_call(organization=organization, group=group)) == "consent"
    agreed = make_call(organization=organization, group=group, consent="Web form, 2026-10-01")
    assert rule_of(agreed) == ""


def test_spending_of_the_month_and_calls_in_flight_count_against_the_cap() -> None:
    organization = make_organization(spending_cap_cents=300)
    last_month = datetime(2026, 11, 1, 3, 59, tzinfo=UTC)  # still October in New York
    make_call(State.ENDED, organization=organization, number=OTHER, ended_at=last_month, cost_microcents=999 * CENT)
    make_call(State.ENDED, organization=organization, number=OTHER, cost_microcents=100 * CENT)
    make_call(State.ENDED, organization=make_organization(), cost_microcents=999 * CENT)
    call = make_call(organization=organization)
    assert rule_of(call) == ""
    flying = make_call(State.TALKING, organization=organization, number=OTHER)
    assert rule_of(call) == ""
    Call.objects.filter(id=flying.id).update(cost_microcents=RESERVATION_MICROCENTS + 1)
    assert rule_of(call) == "spending_cap"
    assert rule_of(make_call()) == ""


def test_a_month_is_that_of_the_organizations_wall() -> None:
    begins, ends = month_of(datetime(2027, 1, 1, 2, 0, tzinfo=UTC), ZoneInfo("America/New_York"))
    assert (begins, ends) == (datetime(2026, 12, 1, 5, tzinfo=UTC), datetime(2027, 1, 1, 5, tzinfo=UTC))


def test_the_facts_cost_a_handful_of_queries_however_much_there_is() -> None:
    organization = make_organization(spending_cap_cents=10_000)
    call = make_call(organization=organization, group=make_group(organization))
    costs = set()
    for _ in range(3):
        with CaptureQueriesContext(connection) as queries:
            facts_of(call, NOW)
        costs.add(len(queries))
        make_call(State.ENDED, organization=organization)
        make_call(State.ENDED, organization=organization, number=OTHER)
    assert len(costs) == 1
    assert costs.pop() <= 8


def test_changed_settings_wake_what_waits_for_them(jobs: list[tuple[str, str]]) -> None:
    organization = make_organization()
    later = NOW + timedelta(days=900)
    waiting = make_call(organization=organization, waits_for="spending_cap", not_before=later)
    others = [
        make_call(organization=organization, waits_for="voice", not_before=later),
        make_call(waits_for="spending_cap", not_before=later),
    ]
    assert look_again(organization.pk, at=NOW) == 1
    waiting.refresh_from_db()
    assert waiting.not_before == NOW
    assert {Call.objects.get(pk=call.pk).not_before for call in others} == {later}


@pytest.mark.parametrize("change", ["organization", "hours"])
def test_saving_settings_wakes_by_itself(
    change: str,
    jobs: list[tuple[str, str]],
    django_capture_on_commit_callbacks: "pytest.FixtureRequest",
    redis_url: str,
) -> None:
    organization = make_organization()
    make_call(organization=organization, waits_for="calling_hours", not_before=NOW + timedelta(days=900))
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        if change == "organization":
            organization.save()
        else:
            CallingHours.objects.create(organization=organization, weekday=0, opens_minute=0, closes_minute=60)
    assert [name for name, *_ in jobs] == ["calls.prepare_due"]
