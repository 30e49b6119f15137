"""Jobs: sweeps that are kicked, and the connections of the processes that do them."""

from datetime import timedelta
from typing import Any

import pytest
from celery.signals import task_prerun
from django.db import connection as database
from django.db import transaction

from opendeep.accounts.models import Organization
from opendeep.core import jobs as core_jobs
from opendeep.core.jobs import alone, kick_at_on_commit, kick_on_commit
from opendeep.core.redis import connection
from tests.factories import NOW


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch, redis_url: str) -> list[tuple[str, float]]:
    """The sweeps that were queued, and after how many seconds they begin."""
    found: list[tuple[str, float]] = []

    def enqueue(task_name: str, *args: Any, **options: float) -> bool:
        found.append((task_name, round(options.get("countdown_seconds", 0.0), 3)))
        return True

    monkeypatch.setattr(core_jobs, "enqueue", enqueue)
    return found


class Clock:
    """In place of `time`."""

    seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.mark.django_db(transaction=True)
def test_all_who_wait_for_about_the_same_moment_are_found_by_one_sweep_behind_it(
    queued: list[tuple[str, float]],
) -> None:
    with transaction.atomic():
        for ms in (1_810, 1_900, 1_990, 3_000):
            kick_at_on_commit("tests.sweep", NOW + timedelta(milliseconds=ms), at=NOW)
    assert queued == [("tests.sweep", 2.0), ("tests.sweep", 3.0)]


@pytest.mark.django_db(transaction=True)
def test_a_moment_that_has_passed_is_now(queued: list[tuple[str, float]]) -> None:
    with transaction.atomic():
        kick_at_on_commit("tests.sweep", NOW - timedelta(seconds=5), at=NOW)
    assert queued == [("tests.sweep", 0.0)]


def lifetime_ms(key: str) -> int:
    ttl = connection().pttl(key)
    assert isinstance(ttl, int)
    return ttl


def two_ask_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """For one a sweep begins at once, for the other in a minute."""
    monkeypatch.setattr(core_jobs, "KICK_EVERY_SECONDS", 60.0)
    for _ in range(2):
        core_jobs._kick("tests.sweep")


def test_whoever_asks_when_a_sweep_for_its_moment_has_begun_gets_another_one(queued: list[tuple[str, float]]) -> None:
    core_jobs._kick_at("tests.sweep", NOW + timedelta(seconds=60), NOW)
    slot = int((NOW.timestamp() + 60) / core_jobs.KICK_EVERY_SECONDS)
    assert 50_000 < lifetime_ms(f"{core_jobs.KICK_KEY_PREFIX}tests.sweep:{slot}") <= 60_000, (
        "as long as the wait, and no longer"
    )


def test_nobody_is_covered_by_a_sweep_that_may_begin_before_he_asks(
    queued: list[tuple[str, float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    two_ask_at_once(monkeypatch)
    lives = lifetime_ms(core_jobs.KICK_AGAIN_KEY_PREFIX + "tests.sweep")
    assert 30_000 < lives <= 45_000, "the sweep begins in 60 s by the clock of its worker, which may be ahead"


def test_a_process_that_has_queued_a_sweep_for_later_asks_nobody_until_then(
    queued: list[tuple[str, float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    two_ask_at_once(monkeypatch)
    assert queued == [("tests.sweep", 0.0), ("tests.sweep", 60.0)]
    monkeypatch.setattr(core_jobs, "connection", lambda: pytest.fail("Redis was asked"))
    core_jobs._kick("tests.sweep")


def test_whoever_asks_when_that_sweep_may_have_begun_is_not_kept_from_asking(
    queued: list[tuple[str, float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core_jobs, "KICK_EVERY_SECONDS", 60.0)
    monkeypatch.setattr(core_jobs, "time", clock := Clock())
    for _ in range(2):
        core_jobs._kick("tests.sweep")
    connection().delete(core_jobs.KICK_KEY_PREFIX + "tests.sweep", core_jobs.KICK_AGAIN_KEY_PREFIX + "tests.sweep")
    clock.seconds += 60
    core_jobs._kick("tests.sweep")
    assert queued == [("tests.sweep", 0.0), ("tests.sweep", 60.0), ("tests.sweep", 0.0)]


def test_whoever_asks_behind_the_sweep_for_several_waits_for_the_next(
    queued: list[tuple[str, float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    two_ask_at_once(monkeypatch)
    assert lifetime_ms(core_jobs.KICK_KEY_PREFIX + "tests.sweep") > 60_000, "else he would begin one of his own at once"


@pytest.mark.django_db(transaction=True)
def test_no_sweep_is_asked_for_before_what_it_shall_find_is_committed(queued: list[tuple[str, float]]) -> None:
    with transaction.atomic():
        kick_on_commit("tests.sweep")
        assert queued == []
    assert queued == [("tests.sweep", 0.0)]


def test_a_sweep_that_could_not_be_queued_is_asked_for_again(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core_jobs, "enqueue", lambda *_, **__: False)
    for _ in range(2):
        core_jobs._kick("tests.sweep")
    assert not core_jobs._covered_until


def test_one_at_a_time_is_at_a_sweep_and_whoever_came_second_comes_again(queued: list[tuple[str, float]]) -> None:
    with alone("tests.sweep") as first, alone("tests.sweep") as second, alone("tests.sweep", part="b") as other_part:
        assert (first, second, other_part) == (True, False, True)
    with alone("tests.sweep") as later:
        assert later
    assert [name for name, _ in queued] == ["tests.sweep"]


def test_whoever_dies_in_a_sweep_keeps_nobody_from_it_for_long(queued: list[tuple[str, float]]) -> None:
    with alone("tests.sweep"):
        assert 0 < lifetime_ms(f"{core_jobs.ALONE_KEY_PREFIX}tests.sweep:") <= core_jobs.ALONE_FOR_SECONDS * 1000
    with pytest.raises(ZeroDivisionError), alone("tests.sweep"):
        raise ZeroDivisionError
    with alone("tests.sweep") as is_alone:
        assert is_alone


def test_whoever_took_too_long_does_not_end_the_turn_of_another(queued: list[tuple[str, float]]) -> None:
    key = f"{core_jobs.ALONE_KEY_PREFIX}tests.sweep:"
    with alone("tests.sweep"):
        connection().set(key, "another's turn")  # as it is when the own one is over
    assert connection().get(key) == "another's turn"


def test_without_redis_everybody_may_sweep() -> None:
    with alone("tests.sweep") as first, alone("tests.sweep") as second:
        assert (first, second) == (True, True)


@pytest.mark.django_db(transaction=True)
def test_a_job_finds_a_connection_although_the_one_of_the_last_job_was_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    if database.vendor != "postgresql":
        pytest.skip("SQLite has no server that could cut a connection")
    monkeypatch.setitem(database.settings_dict, "CONN_MAX_AGE", 60)
    database.close()
    Organization.objects.count()
    kept = database.connection
    task_prerun.send(sender=None)
    assert Organization.objects.count() == 0
    assert database.connection is kept
    kept.close()  # as the server does that is started again
    task_prerun.send(sender=None)
    assert Organization.objects.count() == 0
    database.close()
