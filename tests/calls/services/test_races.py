"""Two at the same moment: threads with connections of their own, on SQLite and on PostgreSQL alike."""

import threading
from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.test import override_settings

from calls.contracts import CALL_ENDED
from calls.endings import Ending
from calls.models import Call, CallGroup
from calls.services import capacity, endings, placing, talk, transitions
from calls.services.do_not_call import add_do_not_call
from calls.services.endings import Hangup
from calls.services.requests import request_call
from calls.services.transitions import apply
from calls.states import LIVE, Outcome, Signal, State
from opendeep.accounts.models import Organization
from opendeep.core.errors import Conflict
from opendeep.core.models import OutboxEvent
from tests.calls.conftest import make_gateway
from tests.calls.dialers import RecordingDialer
from tests.calls.steps import dial_call
from tests.factories import NOW, NUMBER, make_call, make_group, make_organization, make_request, open_at_any_hour

pytestmark = [pytest.mark.django_db(transaction=True)]

T = TypeVar("T")
HELD_SECONDS = 0.3
"""Long enough for somebody who does not wait to read what is not committed yet."""


def at_once(*jobs: Callable[[], T]) -> list[T]:
    """Runs all jobs at the same moment, each in a thread with its own connection. Raises what one of them raised."""
    start = threading.Barrier(len(jobs))
    results: list[T] = []
    errors: list[Exception] = []

    def run(job: Callable[[], T]) -> None:
        start.wait()
        try:
            results.append(job())
        except Exception as error:  # noqa: BLE001 - raised again below, in the thread of the test
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results


def test_of_many_ends_one_counts() -> None:
    call = make_call(State.RINGING)
    outcomes = [Outcome.BUSY, Outcome.LOST, Outcome.CANCELLED, Outcome.NO_ANSWER]
    changes = at_once(
        *(
            lambda outcome=outcome: apply(call.id, Signal.END, at=NOW, source="t", ending=Ending(outcome, "It ended."))
            for outcome in outcomes
        )
    )
    assert sum(change is not None for change in changes) == 1
    assert OutboxEvent.objects.filter(topic=CALL_ENDED).count() == 1
    call.refresh_from_db()
    assert call.events.get(kind="end").detail["outcome"] == call.outcome


def test_both_halves_of_an_ending_at_once_end_the_call_once() -> None:
    for _ in range(5):
        call = make_call(State.TALKING)

        def pbx(call_id: UUID = call.id) -> None:
            endings.hung_up(call_id, Hangup(16), at=NOW)

        def gateway(call_id: UUID = call.id) -> None:
            talk.talk_over(call_id, gateway_id="gateway-1", cause="callee_hung_up", at=NOW)

        at_once(pbx, gateway)
        call.refresh_from_db()
        assert (call.state, call.outcome) == (State.ENDED, Outcome.COMPLETED)
        assert OutboxEvent.objects.filter(key=str(call.id)).count() == 1


def test_duplicate_jobs_dial_once(redis_url: str) -> None:
    organization = make_organization()
    open_at_any_hour(organization)
    call = make_call(State.PREPARING, organization=organization, voice_ready_at=NOW)
    dialer = RecordingDialer()
    at_once(*(lambda: dial_call(call.id, clock=lambda: NOW, dialer=dialer) for _ in range(4)))
    assert [order.call_id for order in dialer.sent] == [call.id]


def of_one_organization(count: int, **limits: int) -> list[Organization]:
    organization = make_organization(**limits)
    open_at_any_hour(organization)
    return [organization] * count


def of_many_organizations(count: int, **limits: int) -> list[Organization]:
    """Nothing but the dialing lock keeps them from each other."""
    return [each for _ in range(count) for each in of_one_organization(1)]


OWNERS = pytest.mark.parametrize("owners", [of_one_organization, of_many_organizations])


@OWNERS
def test_many_workers_never_exceed_a_cap(owners: Callable[..., list[Organization]], redis_url: str) -> None:
    make_gateway()
    calls = [
        make_call(organization=owner, number=f"+120255501{n:02}")
        for n, owner in enumerate(owners(6, max_concurrent_calls=2))
    ]
    dialer = RecordingDialer()
    with override_settings(MAX_CONCURRENT_CALLS=2):
        at_once(*(lambda call=call: dial_call(call.id, clock=lambda: NOW, dialer=dialer) for call in calls))
    assert Call.objects.filter(state__in=LIVE).count() == 2


@OWNERS
def test_many_workers_never_exceed_the_calls_per_second(owners: Callable[..., list[Organization]]) -> None:
    calls = [
        make_call(State.PREPARING, organization=owner, number=f"+120255501{n:02}", voice_ready_at=NOW)
        for n, owner in enumerate(owners(6, calls_per_second=2, max_concurrent_calls=9))
    ]
    dialer = RecordingDialer()
    with override_settings(CALLS_PER_SECOND=2):
        at_once(*(lambda call=call: dial_call(call.id, clock=lambda: NOW, dialer=dialer) for call in calls))
    assert len(dialer.sent) == 2
    assert Call.objects.filter(state=State.DIALING).count() == 2
    assert Call.objects.filter(state=State.PREPARING, waits_for="rate", not_before__gt=NOW).count() == 4


def test_a_number_has_one_live_call_of_an_organization(redis_url: str) -> None:
    make_gateway()
    organization = make_organization()
    open_at_any_hour(organization)
    calls = [make_call(organization=organization) for _ in range(4)]
    at_once(*(lambda call=call: dial_call(call.id, clock=lambda: NOW, dialer=RecordingDialer()) for call in calls))
    assert Call.objects.filter(state__in=LIVE, number=NUMBER).count() == 1


def test_a_no_at_the_same_moment_comes_before_or_after_the_dial_and_nowhere_else(redis_url: str) -> None:
    for n in range(5):
        number = f"+120255501{n:02}"
        organization = make_organization()
        open_at_any_hour(organization)
        call = make_call(State.PREPARING, organization=organization, number=number, voice_ready_at=NOW)
        dialer = RecordingDialer()

        def refuse(organization_id: UUID = organization.id, number: str = number) -> None:
            add_do_not_call(organization_id, number, source="t", reason="", at=NOW)

        def dial(call: Call = call, dialer: RecordingDialer = dialer) -> None:
            dial_call(call.id, clock=lambda: NOW, dialer=dialer)

        at_once(refuse, dial)
        call.refresh_from_db()
        assert (call.state, len(dialer.sent)) in {(State.DIALING, 1), (State.ENDED, 0)}


def test_a_no_waits_for_the_dial_that_it_meets_in_the_middle_and_hangs_it_up() -> None:
    call = make_call(State.PREPARING, number=NUMBER, voice_ready_at=NOW)
    dials, listed = threading.Event(), threading.Event()

    def dial() -> None:
        with transaction.atomic():
            capacity.lock_lines()
            assert apply(call.id, Signal.DIAL, at=NOW, source="engine")
            dials.set()
            assert not listed.wait(HELD_SECONDS)

    def refuse() -> None:
        dials.wait()
        add_do_not_call(call.organization_id, NUMBER, source="t", reason="", at=NOW)
        listed.set()

    at_once(dial, refuse)
    call.refresh_from_db()
    assert (call.state, call.hang_up_requested_at) == (State.DIALING, NOW)


@pytest.mark.parametrize("whose", ["organization", "group"])
def test_a_pause_waits_for_the_dial_that_has_asked_the_gate_already(
    whose: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    organization = make_organization()
    group = make_group(organization)
    call = make_call(State.PREPARING, organization=organization, group=group, voice_ready_at=NOW)
    has_asked, paused, dialer = threading.Event(), threading.Event(), RecordingDialer()

    def slowly(*args: Any, **changes: Any) -> None:
        has_asked.set()
        assert not paused.wait(HELD_SECONDS)
        transitions.apply_together(*args, **changes)

    def pause() -> None:
        has_asked.wait()
        if whose == "organization":
            Organization.objects.filter(pk=organization.pk).update(calling_paused=True)
        else:
            CallGroup.objects.filter(pk=group.pk).update(paused=True)
        paused.set()

    monkeypatch.setattr(placing, "apply_together", slowly)
    at_once(lambda: dial_call(call.id, clock=lambda: NOW, dialer=dialer), pause)
    call.refresh_from_db()
    assert (call.state, len(dialer.sent)) == (State.DIALING, 1)


def test_two_requests_for_one_origin_make_one_call() -> None:
    organization = make_organization()
    request = make_request(organization, origin="tests.origin:same")

    def ask() -> str:
        try:
            return str(request_call(request, at=NOW))
        except Conflict as conflict:
            return conflict.code

    assert at_once(ask, ask, ask).count("call_unfinished") == 2
    assert Call.objects.count() == 1


def test_the_lines_that_are_free_are_never_negative() -> None:
    make_call(State.TALKING)
    with override_settings(MAX_CONCURRENT_CALLS=0):
        assert capacity.free_lines() == 0
