"""How often is tried, and how long is waited."""

from hypothesis import given
from hypothesis import strategies as st

from audiogateway.patience import (
    FORCED_ROTATION_SECONDS,
    GIVE_UP_SECONDS,
    MAX_FAILURES,
    QUIET_ROTATION_SECONDS,
    RATE_LIMIT_WAIT_MS,
    SESSION_SECONDS,
    TRY_AFTER_SECONDS,
    Failures,
    Rotation,
    rotation,
    session_seconds,
    try_seconds,
    wait_before_try,
)


def test_the_first_try_is_made_at_once_and_the_next_ones_after_fractions_of_a_second() -> None:
    assert wait_before_try(0, 0.0) == 0.0
    assert [wait_before_try(tries, 0.5) for tries in (1, 2, 3)] == [0.1, 0.2, 0.4]


def test_a_slow_try_leaves_time_for_a_second_one_within_two_seconds_and_an_open_session() -> None:
    assert try_seconds(0) + TRY_AFTER_SECONDS[1] < 2


@given(seconds=st.lists(st.floats(0, 3), min_size=20, max_size=20))
def test_nobody_waits_for_a_voice_for_ever(seconds: list[float]) -> None:
    """However long the tries take, within their limits."""
    away, tries = 0.0, 0
    while (wait := wait_before_try(tries, away)) is not None:
        away += wait + min(seconds[tries], try_seconds(tries))
        tries += 1
    assert tries <= len(TRY_AFTER_SECONDS)
    assert away <= GIVE_UP_SECONDS + max(map(try_seconds, range(10)))


def test_an_old_session_is_replaced_when_it_is_quiet_and_a_very_old_one_at_once() -> None:
    quiet, forced = SESSION_SECONDS - 3 * FORCED_ROTATION_SECONDS, SESSION_SECONDS - FORCED_ROTATION_SECONDS
    assert quiet >= SESSION_SECONDS - QUIET_ROTATION_SECONDS
    ages = (0, quiet - 1, quiet, forced - 1, forced)
    wanted = [Rotation.NOT_YET, Rotation.NOT_YET, Rotation.WHEN_QUIET, Rotation.WHEN_QUIET, Rotation.NOW]
    assert [rotation(age) for age in ages] == wanted


@given(lives=st.floats(1, SESSION_SECONDS), age=st.floats(0, SESSION_SECONDS))
def test_every_session_is_replaced_before_its_end_and_none_when_it_is_young(lives: float, age: float) -> None:
    if age < lives * 0.6:
        assert rotation(age, lives) is Rotation.NOT_YET
    if age >= lives * 0.95:
        assert rotation(age, lives) is Rotation.NOW


def test_a_session_that_tells_nonsense_of_its_end_lives_as_long_as_all() -> None:
    assert [session_seconds(told) for told in (None, -5.0, 1e9, 0.0)] == [SESSION_SECONDS] * 4
    assert session_seconds(12.0) == 12.0


def test_a_response_that_failed_is_asked_for_again_at_once_and_once() -> None:
    failures = Failures()
    failures.failed("server_error", 1000)
    assert failures.is_waiting
    assert (failures.take_due(1000), failures.take_due(1000)) == (True, False)


def test_after_a_rate_limit_it_is_waited_longer_each_time() -> None:
    failures = Failures()
    for wait_ms in RATE_LIMIT_WAIT_MS[:MAX_FAILURES]:
        failures.failed("rate_limit_exceeded", 0)
        assert not failures.take_due(wait_ms - 1)
        assert failures.take_due(wait_ms)


def test_a_model_that_fails_again_and_again_is_given_up_unless_it_succeeds_between() -> None:
    failures = Failures()
    for _ in range(MAX_FAILURES):
        failures.failed("server_error", 0)
    assert not failures.has_given_up
    failures.succeeded()
    for _ in range(MAX_FAILURES + 1):
        assert not failures.has_given_up
        failures.refused("server_error")
    assert (failures.has_given_up, failures.is_fatal) == (True, False)


def test_an_account_without_money_is_given_up_at_once() -> None:
    failures = Failures()
    failures.failed("insufficient_quota", 0)
    assert (failures.has_given_up, failures.is_fatal, failures.take_due(10_000)) == (True, True, False)
