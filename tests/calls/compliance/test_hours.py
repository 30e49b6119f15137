"""Calling hours against a clock that walks minute by minute."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calls.compliance.hours import DEFAULT_HOURS, Window, is_open, next_opening

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
ODD_ZONES = ["Europe/Berlin", "America/New_York", "Africa/Cairo", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]


def every_day(opens: int, closes: int) -> list[Window]:
    return [Window(weekday, opens, closes) for weekday in range(7)]


windows = st.builds(
    lambda weekday, opens, length: Window(weekday, opens, min(opens + length, 2880)),
    st.integers(0, 6),
    st.integers(0, 1439),
    st.integers(1, 1440),
)
CHANGES = [  # in Berlin, New York, Cairo and on Lord Howe Island
    datetime(2026, month, day, tzinfo=UTC)
    for month, day in [(3, 29), (10, 25), (3, 8), (11, 1), (4, 23), (10, 29), (4, 4), (10, 3)]
] + [datetime(2028, 2, 29, tzinfo=UTC)]
moments = st.one_of(
    st.integers(0, 2 * 365 * 1440).map(lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)),
    st.builds(lambda day, minutes: day + timedelta(minutes=minutes), st.sampled_from(CHANGES), st.integers(-600, 2000)),
)


def walk(hours: list[Window], zone: ZoneInfo, now: datetime) -> datetime:
    moment = now + timedelta(minutes=1)
    while not is_open(hours, zone, moment):
        moment += timedelta(minutes=1)
    return moment


@given(hours=st.lists(windows, min_size=1, max_size=4), zone=st.sampled_from(ODD_ZONES).map(ZoneInfo), now=moments)
@settings(max_examples=60, deadline=None)
def test_the_next_opening_is_what_a_walk_along_the_clock_finds(
    hours: list[Window], zone: ZoneInfo, now: datetime
) -> None:
    if not is_open(hours, zone, now):
        assert next_opening(hours, [zone], now) == walk(hours, zone, now)


def test_hours_are_those_of_the_callee() -> None:
    three_in_the_afternoon_in_berlin = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
    assert is_open(every_day(9 * 60, 17 * 60), BERLIN, three_in_the_afternoon_in_berlin)
    assert not is_open(every_day(9 * 60 + 30, 17 * 60), NEW_YORK, three_in_the_afternoon_in_berlin)


def test_the_closing_minute_is_closed() -> None:
    hours = every_day(540, 1200)
    assert is_open(hours, BERLIN, datetime(2026, 11, 24, 18, 59, 59, tzinfo=UTC))
    assert not is_open(hours, BERLIN, datetime(2026, 11, 24, 19, 0, tzinfo=UTC))


def test_a_window_may_cross_midnight_into_a_day_that_has_none() -> None:
    friday_night = [Window(4, 22 * 60, 26 * 60)]
    assert is_open(friday_night, BERLIN, datetime(2026, 11, 28, 0, 30, tzinfo=UTC))
    assert not is_open(friday_night, BERLIN, datetime(2026, 11, 27, 0, 30, tzinfo=UTC))


def test_a_window_in_the_skipped_hour_opens_a_week_later() -> None:
    hours = [Window(6, 130, 170)]  # Sundays 02:10 to 02:50; the clock jumps from 02:00 to 03:00 on 29 March
    saturday = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)
    assert next_opening(hours, [BERLIN], saturday) == datetime(2026, 4, 5, 0, 10, tzinfo=UTC)


def test_the_repeated_hour_counts_twice() -> None:
    hours = [Window(6, 120, 150)]  # Sundays 02:00 to 02:30; on 25 October the clock shows them twice
    between = datetime(2026, 10, 25, 0, 45, tzinfo=UTC)
    assert not is_open(hours, BERLIN, between)
    assert next_opening(hours, [BERLIN], between) == datetime(2026, 10, 25, 1, 0, tzinfo=UTC)


def test_without_windows_nothing_ever_opens() -> None:
    assert next_opening([], [BERLIN], datetime(2026, 1, 1, tzinfo=UTC)) is None


@pytest.mark.parametrize("weekday", range(7))
def test_by_default_nobody_is_called_on_a_sunday_or_at_night(weekday: int) -> None:
    midnight = datetime(2026, 11, 23, 0, 0, tzinfo=UTC) + timedelta(days=weekday)
    assert not is_open(DEFAULT_HOURS, ZoneInfo("UTC"), midnight)
    assert is_open(DEFAULT_HOURS, ZoneInfo("UTC"), midnight + timedelta(hours=12)) == (weekday != 6)
