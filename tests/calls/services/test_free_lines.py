"""A line that becomes free is used at once, and many at the same moment do not make as many sweeps."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import override_settings

from calls.models import Call
from calls.services import endings, waiting
from calls.services.capacity import sweep_when_a_line_frees
from calls.services.dialing import use_free_lines
from calls.services.endings import Hangup
from calls.states import State
from opendeep.core import jobs as core_jobs
from opendeep.core.jobs import KICK_AGAIN_KEY_PREFIX, KICK_KEY_PREFIX
from opendeep.core.redis import connection
from tests.calls.conftest import make_gateway
from tests.factories import NOW, make_call

pytestmark = pytest.mark.django_db
SWEEPS = {"calls.use_free_lines", "campaigns.dispatch_due"}


@pytest.fixture
def kicked(monkeypatch: pytest.MonkeyPatch, redis_url: str) -> list[tuple[str, float]]:
    """The sweeps that were queued, and after how many seconds they begin."""
    queued: list[tuple[str, float]] = []

    def enqueue(task_name: str, *args: Any, **options: float) -> bool:
        if task_name in SWEEPS:
            queued.append((task_name, options.get("countdown_seconds", 0.0)))
        return True

    monkeypatch.setattr(core_jobs, "enqueue", enqueue)
    return queued


def waiting_for_line(number: str, minutes_old: int = 0) -> Call:
    created = NOW - timedelta(minutes=minutes_old)
    return make_call(number=number, waits_for="line", not_before=NOW + timedelta(seconds=2), created_at=created)


def test_the_end_of_a_call_kicks_whoever_waits_for_lines(
    kicked: list[tuple[str, float]], django_capture_on_commit_callbacks: Any
) -> None:
    call = make_call(State.RINGING)
    with django_capture_on_commit_callbacks(execute=True):
        endings.hung_up(call.id, Hangup(17), at=NOW)
    assert set(kicked) == {(sweep, 0.0) for sweep in SWEEPS}


def test_a_call_that_goes_back_to_the_queue_kicks_too(
    kicked: list[tuple[str, float]], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        assert waiting.without_voice(make_call(State.PREPARING), reason="away", source="gateway", at=NOW)
    assert {sweep for sweep, _ in kicked} == SWEEPS


def end_one(last_digits: int) -> None:
    endings.hung_up(make_call(State.RINGING, number=f"+120255501{last_digits:02}").id, Hangup(17), at=NOW)


def the_time_passes(*prefixes: str) -> None:
    for prefix in prefixes:
        ttl = connection().pttl(f"{prefix}campaigns.dispatch_due")
        assert isinstance(ttl, int)
        assert 0 < ttl <= 120_000
        connection().delete(*(prefix + sweep for sweep in SWEEPS))
    core_jobs._covered_until.clear()


def test_many_ends_at_the_same_moment_make_one_sweep_at_once_and_one_for_all_the_others(
    kicked: list[tuple[str, float]], django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core_jobs, "KICK_EVERY_SECONDS", 60.0)  # however slow the machine
    for n in range(10):
        with django_capture_on_commit_callbacks(execute=True):
            end_one(n)
    assert sorted(kicked) == sorted((sweep, wait) for sweep in SWEEPS for wait in (0.0, 60.0))
    the_time_passes(KICK_AGAIN_KEY_PREFIX)
    with django_capture_on_commit_callbacks(execute=True):
        end_one(20)
    assert sorted(kicked[4:]) == [(sweep, 60.0) for sweep in sorted(SWEEPS)], "others have asked just now"
    the_time_passes(KICK_KEY_PREFIX, KICK_AGAIN_KEY_PREFIX)
    with django_capture_on_commit_callbacks(execute=True):
        end_one(30)
    assert sorted(kicked[6:]) == [(sweep, 0.0) for sweep in sorted(SWEEPS)]


def test_without_redis_the_end_of_a_call_is_an_end_all_the_same(django_capture_on_commit_callbacks: Any) -> None:
    call = make_call(State.RINGING)
    with django_capture_on_commit_callbacks(execute=True):
        assert endings.hung_up(call.id, Hangup(17), at=NOW)


def test_who_registers_twice_is_swept_once(
    kicked: list[tuple[str, float]], django_capture_on_commit_callbacks: Any
) -> None:
    sweep_when_a_line_frees("campaigns.dispatch_due")
    with django_capture_on_commit_callbacks(execute=True):
        endings.hung_up(make_call(State.RINGING).id, Hangup(17), at=NOW)
    assert len(kicked) == 2


def test_free_lines_go_to_those_who_have_waited_longest(redis_url: str) -> None:
    make_gateway()
    young = waiting_for_line("+12025550101")
    old = waiting_for_line("+12025550102", minutes_old=5)
    make_call(number="+12025550103", waits_for="gateway", not_before=NOW + timedelta(seconds=2))
    with override_settings(MAX_CONCURRENT_CALLS=1):
        assert use_free_lines(lambda: NOW) == 1
    old.refresh_from_db()
    young.refresh_from_db()
    assert (old.state, young.state) == (State.PREPARING, State.QUEUED)
    assert young.not_before == NOW + timedelta(seconds=2)


def test_a_free_line_wakes_nobody_who_waits_for_something_else(redis_url: str) -> None:
    make_gateway()
    later = NOW + timedelta(hours=1)
    make_call(number="+12025550101", waits_for="calling_hours", not_before=later)
    waiting_for_line("+12025550102")
    assert use_free_lines(lambda: NOW) == 1
    assert set(Call.objects.values_list("state", "not_before")) == {("queued", later), ("preparing", NOW)}


def test_without_a_free_line_nobody_is_woken() -> None:
    make_call(State.TALKING)
    waiting = waiting_for_line("+12025550101")
    with override_settings(MAX_CONCURRENT_CALLS=1):
        assert use_free_lines(lambda: NOW) == 0
    before = waiting.not_before
    waiting.refresh_from_db()
    assert waiting.not_before == before
