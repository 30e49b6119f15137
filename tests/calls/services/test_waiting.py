"""Calls that cannot be dialled yet."""

from datetime import timedelta
from typing import Any

import pytest

from calls.models import Call
from calls.services import waiting
from calls.states import State
from tests.factories import NOW, make_call

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(hours=1)


@pytest.mark.parametrize("state", [State.DIALING, State.TALKING, State.ENDED])
def test_a_call_that_has_moved_on_waits_for_nothing(state: State) -> None:
    call = make_call(state)
    waiting.until(call, LATER, waits_for="line", why="All lines are taken.", at=NOW)
    waiting.for_token(call, LATER, at=NOW)
    assert Call.objects.filter(state=state, not_before=call.not_before, waits_for="").exists()
    assert not call.events.exists()


@pytest.mark.parametrize(("wait", "sweeps"), [(timedelta(seconds=2), 1), (timedelta(hours=9), 0)])
def test_only_for_short_waits_a_sweep_is_queued(
    wait: timedelta,
    sweeps: int,
    jobs: list[tuple[str, ...]],
    redis_url: str,
    django_capture_on_commit_callbacks: Any,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        waiting.until(make_call(), NOW + wait, waits_for="calling_hours", at=NOW)
    assert jobs == [("calls.prepare_due",)] * sweeps
