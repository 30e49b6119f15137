"""What stands in the way of calls is said before anybody dials them."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import override_settings

from calls.contracts import Callee
from calls.models import CallingHours
from calls.services.do_not_call import add_do_not_call
from calls.services.outlook import hindrances, refusals
from calls.trunks.models import Trunk
from opendeep.accounts.models import Organization
from tests.factories import NOW, NUMBER, make_group, make_organization

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def test_an_ordinary_organization_has_nothing_in_its_way() -> None:
    assert hindrances(make_organization().pk, NOW) == ()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"max_concurrent_calls": 0}, "limit of calls at a time is zero"),
        ({"calls_per_second": 0.0}, "no calls per second"),
        ({"calling_paused": True}, "paused"),
        ({"calls_per_number_per_day": 0}, "no calls to one number within 24 hours"),
        ({"spending_cap_cents": 50}, "spending cap of $0.50"),
    ],
)
def test_settings_of_the_organization_that_stop_every_call_are_said(fields: dict[str, Any], words: str) -> None:
    (why,) = hindrances(make_organization(**fields).pk, NOW)
    assert words in why


@pytest.mark.parametrize("setting", ["MAX_CONCURRENT_CALLS", "TRUNK_LINES", "CALLS_PER_SECOND"])
def test_settings_of_the_installation_that_stop_every_call_are_said(setting: str) -> None:
    with override_settings(**{setting: 0}):
        (why,) = hindrances(make_organization().pk, NOW)
    assert setting in why
    assert "operator" in why


def test_without_a_trunk_that_is_switched_on_there_is_no_line() -> None:
    Trunk.objects.create(name="default", enabled=False)
    assert "no lines" in hindrances(make_organization().pk, NOW)[0]


def test_a_cap_of_zero_for_the_campaign_is_said() -> None:
    organization = make_organization()
    group = make_group(organization, max_concurrent_calls=0)
    assert "campaign's limit" in hindrances(organization.pk, NOW, group=group.key)[0]


def why(callee: Callee, organization: Organization | None = None, **given: Any) -> str:
    values: dict[str, Any] = {"requires_consent": False, "begins": NOW, "ends": None} | given
    (refusal,) = refusals((organization or make_organization()).pk, [callee], **values)
    return f"{refusal.rule}: {refusal.why}" if refusal else ""


@pytest.mark.parametrize(
    ("number", "rule"),
    [
        ("+19005550100", "destination"),  # premium
        ("+1911", "destination"),  # emergency
        ("+4930123456", "country"),
        ("+12", "destination"),  # no number
        (NUMBER, ""),
    ],
)
def test_numbers_that_can_never_be_called_are_told_with_their_rule(number: str, rule: str) -> None:
    assert why(Callee(number)).partition(":")[0] == rule


def test_somebody_who_said_no_or_gave_no_consent_is_told() -> None:
    organization = make_organization()
    assert why(Callee(NUMBER), organization, requires_consent=True).startswith("consent")
    assert not why(Callee(NUMBER, consent="shop, 3 May"), organization, requires_consent=True)
    add_do_not_call(None, NUMBER, source="owner", reason="", at=NOW)
    assert why(Callee(NUMBER), organization).startswith("do_not_call")


def test_somebody_without_a_zone_is_told_what_to_add() -> None:
    organization = make_organization(caller_id="")
    assert "time zone of this contact is unknown" in why(Callee("+870773111632"), organization)


def test_hours_that_open_only_after_the_end_are_told() -> None:
    late = NOW.replace(hour=2) + timedelta(days=1)  # nine in the evening in New York, eleven in the morning in Tokyo
    organization = make_organization(caller_id="")
    assert "after the campaign's end" in why(Callee(NUMBER), organization, begins=late, ends=late + 2 * HOUR)
    assert not why(Callee(NUMBER), organization, begins=late, ends=late + 24 * HOUR)
    assert not why(Callee("+81312345678"), organization, begins=late, ends=late + 2 * HOUR)


def test_hours_that_never_open_are_told() -> None:
    organization = make_organization()
    CallingHours.objects.create(organization=organization, weekday=6, opens_minute=130, closes_minute=131)
    assert not why(Callee(NUMBER), organization)
    # Of a number that may be in New York or in Los Angeles, one minute is never open in both.
    assert "never open" in why(Callee("+18005551234"), organization)
