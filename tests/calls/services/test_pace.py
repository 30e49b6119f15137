"""Calls per second: never more than the rate and a burst of one second, and nobody waits for longer than needed."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from calls.models import Call, DialPace
from calls.services import pace
from calls.services.dialing import place_ready
from calls.services.pace import Bucket
from calls.states import State
from calls.trunks.models import Trunk
from opendeep.accounts.models import Organization
from tests.calls.conftest import make_gateway
from tests.calls.dialers import AbsentPbx, RecordingDialer
from tests.calls.steps import dial_call
from tests.factories import NOW, make_call, make_organization

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def redis_is_there(redis_url: str) -> Iterator[None]:
    yield


def ready(organization: Organization, count: int, first: int = 0) -> list[Call]:
    return [
        make_call(State.PREPARING, organization=organization, number=f"+120255501{first + n:02}", voice_ready_at=NOW)
        for n in range(count)
    ]


def dial(calls: list[Call], dialer: RecordingDialer | AbsentPbx, at: object = NOW) -> None:
    for call in calls:
        dial_call(call.id, clock=lambda: at, dialer=dialer)  # type: ignore[arg-type, return-value]
        call.refresh_from_db()


@given(
    rate=st.floats(0.05, 50),
    gaps_ms=st.lists(st.integers(0, 3000), min_size=1, max_size=200),
    window_s=st.floats(0.001, 20),
)
def test_no_window_has_more_dials_than_the_rate_and_one_burst(rate: float, gaps_ms: list[int], window_s: float) -> None:
    bucket, at, taken = Bucket("b", rate, None), NOW, []
    for gap in gaps_ms:
        at += timedelta(milliseconds=gap)
        if bucket.token_at(at, 0) <= at:
            bucket = replace(bucket, full_at=bucket.after_one(at))
            taken.append(at)
    window = timedelta(seconds=window_s)
    most = max((sum(start <= moment < start + window for moment in taken) for start in taken), default=0)
    assert most <= max(rate, 1) + rate * window_s + 1e-3 * rate + 1


@given(rate=st.floats(0.05, 50), ahead=st.integers(0, 30))
def test_whoever_comes_at_the_moment_that_was_named_finds_a_token(rate: float, ahead: int) -> None:
    bucket = Bucket("b", rate, None)
    moment = bucket.token_at(NOW, ahead)
    for _ in range(ahead):
        at = bucket.token_at(NOW, 0)
        bucket = replace(bucket, full_at=bucket.after_one(at))
    assert abs(bucket.token_at(NOW, 0) - moment) <= timedelta(milliseconds=1)


def test_a_call_without_a_token_keeps_its_voice_and_comes_back_in_time(
    jobs: list[tuple[str, ...]], django_capture_on_commit_callbacks: object
) -> None:
    first, second, third = calls = ready(make_organization(calls_per_second=1), 3)
    dialer = RecordingDialer()
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        dial(calls, dialer)
    assert [call.state for call in calls] == [State.DIALING, State.PREPARING, State.PREPARING]
    assert (second.waits_for, second.gateway) == (pace.RATE, "gateway-1")
    assert (second.not_before, third.not_before) == (NOW + SECOND, NOW + 2 * SECOND)
    assert jobs.count(("calls.place_ready",)) == 2  # in a second, and in two
    dial([second, third], dialer, NOW + SECOND)
    assert (second.state, third.state) == (State.DIALING, State.PREPARING)
    dial([third], dialer, NOW + 2 * SECOND)
    assert len(dialer.sent) == 3


def test_before_its_token_a_call_does_not_even_log_in_at_the_pbx() -> None:
    first, second = calls = ready(make_organization(calls_per_second=1), 2)
    dial(calls, RecordingDialer())
    dial([second], AbsentPbx(), NOW + SECOND / 2)
    assert second.state == State.PREPARING


def test_the_sweep_waits_for_the_token_too() -> None:
    make_call(State.PREPARING, voice_ready_at=NOW, not_before=NOW + 10 * SECOND, waits_for=pace.RATE)
    dialer = RecordingDialer()
    assert place_ready(lambda: NOW + 9 * SECOND, dialer=dialer) == 0
    assert place_ready(lambda: NOW + 10 * SECOND, dialer=dialer) == 1
    assert len(dialer.sent) == 1


def test_organizations_share_the_rate_of_the_system() -> None:
    calls = [*ready(make_organization(calls_per_second=9), 2), *ready(make_organization(calls_per_second=9), 2, 10)]
    with override_settings(CALLS_PER_SECOND=3):
        dial(calls, RecordingDialer())
    assert [call.state for call in calls].count(State.DIALING) == 3


def test_one_organization_at_its_limit_takes_nothing_from_the_others() -> None:
    slow, quick = make_organization(calls_per_second=1), make_organization(calls_per_second=9)
    with override_settings(CALLS_PER_SECOND=3):
        dial(ready(slow, 3), RecordingDialer())
        others = ready(quick, 2, 10)
        dial(others, RecordingDialer())
    assert [call.state for call in others] == [State.DIALING, State.DIALING]


def test_a_trunk_with_a_pace_of_its_own_holds_the_calls_of_all_to_it() -> None:
    calls = [*ready(make_organization(calls_per_second=9), 2), *ready(make_organization(calls_per_second=9), 2, 10)]
    Call.objects.update(trunk=Trunk.objects.create(name="slow", calls_per_second=1))
    with override_settings(CALLS_PER_SECOND=9):
        dial(calls, RecordingDialer())
    assert [call.state for call in calls].count(State.DIALING) == 1


def test_a_rate_of_zero_dials_nobody() -> None:
    (call,) = ready(make_organization(calls_per_second=0), 1)
    dialer = RecordingDialer()
    dial([call], dialer)
    assert (call.state, dialer.sent, call.not_before) == (State.PREPARING, [], NOW + pace.NO_RATE)


def test_a_dial_that_is_not_committed_takes_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    (call,) = ready(make_organization(calls_per_second=1), 1)

    def broken(*args: object, **fields: object) -> None:
        raise OperationalError("the database went away")

    monkeypatch.setattr("calls.services.placing.apply_together", broken)
    with pytest.raises(OperationalError):
        dial([call], RecordingDialer())
    assert not DialPace.objects.exists()


def test_no_voice_is_prepared_for_a_call_whose_token_is_far_away() -> None:
    make_gateway()
    organization = make_organization(calls_per_second=0.1)
    dial(ready(organization, 1), RecordingDialer())
    call = make_call(organization=organization, number="+12025550150")
    dial([call], RecordingDialer())
    assert (call.state, call.waits_for) == (State.QUEUED, pace.RATE)
    assert call.not_before == NOW + 10 * SECOND - pace.VOICE_WAITS_AT_MOST
    dial([call], RecordingDialer(), call.not_before)
    assert call.state == State.PREPARING


def test_a_cap_that_was_lowered_meanwhile_sends_the_call_back_undialled() -> None:
    organization = make_organization(max_concurrent_calls=2)
    first, second = ready(organization, 2)
    Organization.objects.update(max_concurrent_calls=1)
    dialer = RecordingDialer()
    dial([first], dialer)
    assert (first.state, first.waits_for, dialer.sent) == (State.QUEUED, "line", [])
    dial([second], dialer)
    assert second.state == State.DIALING


def test_a_trunk_whose_lines_were_lowered_meanwhile_sends_the_call_back_undialled() -> None:
    trunk = Trunk.objects.create(name="narrow", lines=1)
    first, second = calls = ready(make_organization(), 2)
    Call.objects.update(trunk=trunk)
    dialer = RecordingDialer()
    dial(calls, dialer)
    assert (first.state, first.waits_for) == (State.QUEUED, "line")
    assert [order.call_id for order in dialer.sent] == [second.id]


def test_the_trunk_has_its_own_number_of_lines() -> None:
    make_gateway()
    make_call(State.TALKING)
    call = make_call(number="+12025550150")
    with override_settings(TRUNK_LINES=1):
        dial([call], RecordingDialer())
    assert call.waits_for == "line"
