"""The demo user of `make run`, and the hours of its organization."""

import pytest

from calls.models import CallingHours
from opendeep.supervise import demo

pytestmark = pytest.mark.django_db


def hours() -> list[tuple[int, int, int]]:
    return list(CallingHours.objects.values_list("weekday", "opens_minute", "closes_minute"))


def test_with_the_sandbox_any_hour_will_do_and_another_start_changes_nothing() -> None:
    for _ in range(2):
        demo.ensure("a password", any_hour=True)
    assert hours() == [(day, 0, 1440) for day in range(7)]


def test_with_real_phones_any_hour_is_over_and_hours_that_somebody_has_set_stay() -> None:
    demo.ensure("a password", any_hour=True)
    organization = CallingHours.objects.values_list("organization", flat=True)[0]
    CallingHours.objects.create(organization_id=organization, weekday=0, opens_minute=600, closes_minute=660)
    demo.ensure("a password", any_hour=False)
    assert hours() == [(0, 600, 660)]
