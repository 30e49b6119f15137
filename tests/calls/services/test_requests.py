"""Wishes for calls, dialing policies, free lines."""

from datetime import timedelta

import pytest
from django.test import override_settings

from calls.contracts import Brief, CallGroupSpec
from calls.models import Call
from calls.services.capacity import free_lines
from calls.services.groups import put_group
from calls.services.requests import request_call
from calls.states import State
from opendeep.core.clock import now
from opendeep.core.errors import Conflict, DomainError
from tests.factories import NOW, make_call, make_group, make_organization, make_request

pytestmark = pytest.mark.django_db


def test_a_request_becomes_a_queued_call() -> None:
    request = make_request(make_organization())
    call = Call.objects.get(id=request_call(request, at=NOW))
    assert (call.state, call.number, call.not_before) == (State.QUEUED, request.number, NOW)
    assert Brief.from_json(call.brief) == request.brief


def test_an_origin_has_one_unfinished_call() -> None:
    organization = make_organization()
    first = request_call(make_request(organization, origin="tests.origin:x"), at=NOW)
    with pytest.raises(Conflict):
        request_call(make_request(organization, origin="tests.origin:x"), at=NOW)
    Call.objects.filter(id=first).update(state=State.ENDED, outcome="completed")
    assert request_call(make_request(organization, origin="tests.origin:x", attempt=2), at=NOW) != first


@pytest.mark.parametrize(
    "fields", [{"number": "nonsense"}, {"number": "+1 202 555 0100"}, {"group": "campaigns.campaign:none"}]
)
def test_a_request_that_cannot_be_kept_is_refused_in_words(fields: dict[str, str]) -> None:
    with pytest.raises(DomainError):
        request_call(make_request(make_organization(), **fields), at=NOW)
    assert not Call.objects.exists()


def test_a_group_of_another_organization_is_unknown() -> None:
    group = make_group(make_organization())
    with pytest.raises(DomainError, match="dialing policy"):
        request_call(make_request(make_organization(), group=group.key), at=NOW)


def test_free_lines_are_the_least_of_all_caps() -> None:
    organization = make_organization(max_concurrent_calls=5)
    group = make_group(organization, max_concurrent_calls=4)
    make_call(State.TALKING, organization=organization, group=group)
    make_call(organization=organization, not_before=now() - timedelta(minutes=1))
    make_call(organization=organization, not_before=now() + timedelta(days=1))
    with override_settings(MAX_CONCURRENT_CALLS=20):
        assert free_lines() == 18
        assert free_lines(organization.id) == 3
        assert free_lines(organization.id, group.key) == 3
    with override_settings(MAX_CONCURRENT_CALLS=3):
        assert free_lines(organization.id, group.key) == 1


def test_the_end_of_a_pause_wakes_the_calls_that_waited_for_it() -> None:
    organization = make_organization()
    group = make_group(organization, paused=True)
    ahead = now() + timedelta(hours=1)
    paused = make_call(organization=organization, group=group, waits_for="campaign_paused", not_before=ahead)
    asleep = make_call(organization=organization, group=group, waits_for="calling_hours", not_before=ahead)
    put_group(CallGroupSpec(group.key, organization.id, paused=False))
    paused.refresh_from_db()
    asleep.refresh_from_db()
    assert paused.not_before <= now()
    assert asleep.not_before == ahead
    group.refresh_from_db()
    assert not group.paused
