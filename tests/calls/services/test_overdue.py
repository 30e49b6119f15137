"""Calls that got stuck."""

from datetime import timedelta
from typing import Any

import pytest

from calls.models import Call
from calls.services import endings, waiting
from calls.services.hangup import cancel_call, hang_up
from calls.services.overdue import end_overdue
from calls.states import Outcome, State
from opendeep.core.errors import NotFound
from tests.calls.conftest import make_gateway
from tests.factories import NOW, make_call

pytestmark = [pytest.mark.django_db]

MINUTE = timedelta(minutes=1)


def look(call: Call, after: timedelta = MINUTE) -> Call:
    end_overdue(NOW + after)
    call.refresh_from_db()
    return call


def test_a_voice_that_is_never_ready_costs_no_attempt() -> None:
    call = look(make_call(State.PREPARING, deadline_at=NOW))
    assert (call.state, call.waits_for, call.setbacks) == (State.QUEUED, "voice", 1)
    assert call.not_before == NOW + MINUTE + waiting.FIRST_WAIT


def test_a_voice_whose_gateway_has_gone_is_not_waited_for(redis_url: str) -> None:
    make_gateway("gateway-2")
    orphan = make_call(State.PREPARING, deadline_at=NOW + MINUTE)
    kept = make_call(State.PREPARING, deadline_at=NOW + MINUTE, gateway="gateway-2")
    end_overdue(NOW + timedelta(seconds=7))
    orphan.refresh_from_db()
    kept.refresh_from_db()
    assert (orphan.state, kept.state) == (State.QUEUED, State.PREPARING)


def test_one_of_which_something_is_wrong_keeps_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    over = {"hung_up_at": NOW, "deadline_at": NOW - timedelta(seconds=1)}
    calls = [make_call(State.TALKING, number=f"+1202555010{n}", **over) for n in range(2)]
    conclude = endings.conclude

    def fails_for_the_first(call: Call, **fields: Any) -> Any:
        if call == calls[0]:
            raise KeyError("no such zone")
        return conclude(call, **fields)

    monkeypatch.setattr(endings, "conclude", fails_for_the_first)
    end_overdue(NOW)
    assert [Call.objects.get(id=call.id).state for call in calls] == [State.TALKING, State.ENDED]


def test_the_waits_for_a_voice_grow_up_to_a_limit() -> None:
    waits = [waiting.backoff(setbacks).total_seconds() for setbacks in range(1, 12)]
    assert waits[:5] == [2, 4, 8, 16, 32]
    assert waits == sorted(waits)
    assert waiting.backoff(10_000) == waiting.LONGEST_WAIT_FOR_VOICE


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        (State.DIALING, Outcome.LOST),
        (State.RINGING, Outcome.LOST),
        (State.ANSWERED, Outcome.CANCELLED),
        (State.TALKING, Outcome.DROPPED),
    ],
)
def test_a_call_at_the_pbx_is_hung_up_first_and_given_up_second(state: State, outcome: Outcome) -> None:
    call = look(make_call(state, deadline_at=NOW))
    assert call.state == state
    assert call.hang_up_requested_at == NOW + MINUTE
    look(call, 2 * MINUTE)
    assert (call.state, call.outcome) == (State.ENDED, outcome)


def test_every_overdue_call_ends_whatever_is_away() -> None:
    calls = [make_call(state, deadline_at=NOW) for state in State if state not in (State.QUEUED, State.ENDED)]
    for call in calls[1:]:
        Call.objects.filter(id=call.id).update(number=f"+1202555{call.origin[-4:].replace(':', '0')}")
    for minutes in range(1, 4):
        end_overdue(NOW + minutes * MINUTE)
    assert set(Call.objects.values_list("state", flat=True)) == {State.QUEUED, State.ENDED}


def test_calls_within_their_time_are_left_alone() -> None:
    call = make_call(State.RINGING, deadline_at=NOW + 2 * MINUTE)
    assert end_overdue(NOW + MINUTE) == 0
    assert not call.events.exists()


@pytest.mark.parametrize("state", [State.QUEUED, State.PREPARING])
def test_a_call_that_was_not_dialled_is_cancelled_at_once(state: State) -> None:
    call = make_call(state)
    cancel_call(call.id, reason="The campaign was cancelled.", at=NOW)
    call.refresh_from_db()
    assert (call.state, call.outcome, call.end_reason) == (
        State.ENDED,
        Outcome.CANCELLED,
        "The campaign was cancelled.",
    )


def test_cancelling_a_call_at_the_pbx_asks_once_for_its_end() -> None:
    call = make_call(State.TALKING)
    for _ in range(2):
        cancel_call(call.id, reason="Stop.", at=NOW)
    call.refresh_from_db()
    assert (call.state, call.hang_up_requested_at) == (State.TALKING, NOW)
    assert [event.kind for event in call.events.all()] == ["hang_up_requested"]


def test_an_ended_call_stays_as_it_is() -> None:
    call = make_call(State.ENDED)
    cancel_call(call.id, reason="Stop.", at=NOW)
    call.refresh_from_db()
    assert call.outcome == Outcome.COMPLETED


def test_nobody_can_hang_up_what_does_not_exist() -> None:
    with pytest.raises(NotFound):
        hang_up(make_call().organization_id, reason="Stop.", at=NOW)
