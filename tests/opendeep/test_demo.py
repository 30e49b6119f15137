"""The demo organization: no limits towards the sandbox, the ordinary ones towards real phones."""

import pytest

from calls.compliance.facts import hours_of
from opendeep.accounts.models import Organization
from opendeep.supervise import demo

pytestmark = pytest.mark.django_db


def limits() -> tuple[bool, int]:
    organization = Organization.objects.get()
    return organization.calls_on_holidays, organization.calls_per_number_per_day


def test_towards_the_sandbox_it_calls_at_any_hour_as_often_as_it_likes() -> None:
    demo.ensure("correct horse", any_hour=True)
    assert limits() == (True, demo.AS_OFTEN_AS_IT_LIKES)
    pk = Organization.objects.get().pk
    assert len(hours_of([pk])[pk]) == 7


def test_towards_real_phones_the_ordinary_limits_are_back() -> None:
    for any_hour in (True, False):
        demo.ensure("correct horse", any_hour=any_hour)
    assert limits() == (False, 3)
    assert not hours_of([Organization.objects.get().pk])


def test_limits_that_its_owner_chose_stay() -> None:
    demo.ensure("correct horse", any_hour=False)
    Organization.objects.update(calls_on_holidays=True, calls_per_number_per_day=5)
    demo.ensure("correct horse", any_hour=False)
    assert limits() == (True, 5)
