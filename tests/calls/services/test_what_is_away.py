"""The database, Redis or the PBX is away while calls are on their way: nothing is blamed on the calls."""

from typing import Any

import pytest
from django.db import InterfaceError, InternalError, OperationalError

from calls.models import Call
from calls.services import gate, waiting
from calls.services.overdue import end_overdue
from calls.services.placing import place
from calls.services.preparing import prepare
from calls.states import State
from calls.trunks.breaker import UNREACHABLE_TIMES
from calls.trunks.models import Trunk
from tests.calls.dialers import AbsentPbx, RecordingDialer
from tests.factories import NOW, make_call, make_organization

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("error", [OperationalError, InterfaceError, InternalError])
@pytest.mark.parametrize("state", [State.QUEUED, State.PREPARING])
def test_a_database_that_is_away_is_no_fault_of_the_calls(
    state: State, error: type[Exception], monkeypatch: pytest.MonkeyPatch, redis_url: str
) -> None:
    organization = make_organization()
    calls = [
        make_call(state, organization=organization, number=f"+120255501{n:02}", voice_ready_at=NOW) for n in range(2)
    ]
    dialer = RecordingDialer()

    def away(*_: Any) -> bool:
        raise error("the connection was cut")

    monkeypatch.setattr(gate, "passes", away)
    with pytest.raises(error):
        prepare([call.id for call in calls], NOW) if state is State.QUEUED else place(calls, lambda: NOW, dialer)
    assert set(Call.objects.values_list("state", "waits_for")) == {(state, "")}
    assert dialer.sent == []


def test_the_sweep_of_overdue_calls_comes_again_when_the_database_is_back(
    monkeypatch: pytest.MonkeyPatch, redis_url: str
) -> None:
    make_call(State.PREPARING, deadline_at=NOW)

    def away(*_: Any, **__: Any) -> bool:
        raise OperationalError("the connection was cut")

    monkeypatch.setattr(waiting, "without_voice", away)
    with pytest.raises(OperationalError):
        end_overdue(NOW)


def test_without_redis_a_call_waits_for_a_gateway() -> None:
    call = make_call()
    prepare([call.id], NOW)
    call.refresh_from_db()
    assert (call.state, call.waits_for) == (State.QUEUED, "gateway")


def test_a_pbx_that_was_reached_in_between_was_not_away_all_the_time(redis_url: str) -> None:
    trunk = Trunk.objects.create(name="default")
    away = [AbsentPbx()] * (UNREACHABLE_TIMES - 1)
    dialers: list[AbsentPbx | RecordingDialer] = [*away, RecordingDialer(), *away]
    for n, dialer in enumerate(dialers):
        place([make_call(State.PREPARING, number=f"+120255501{n:02}", voice_ready_at=NOW)], lambda: NOW, dialer)
    trunk.refresh_from_db()
    assert (trunk.out_of_order_since, trunk.unreachable_times) == (None, UNREACHABLE_TIMES - 1)
