from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.openai.chat.language.moments import find_moment, names_a_time

SUNDAY = datetime.fromisoformat("2026-11-22T16:35")
WEDNESDAY = datetime.fromisoformat("2026-11-25T16:35")

local_times = st.datetimes(datetime.fromisoformat("2000-01-01"), datetime.fromisoformat("2100-01-01"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("call me tomorrow at ten", "2026-11-23T10:00"),
        ("Tomorrow at ten, please.", "2026-11-23T10:00"),
        ("tomorrow", "2026-11-23T10:00"),
        ("tomorrow morning", "2026-11-23T09:00"),
        ("tomorrow afternoon at four", "2026-11-23T16:00"),
        ("tomorrow evening at 8", "2026-11-23T20:00"),
        ("the day after tomorrow at 9:15", "2026-11-24T09:15"),
        ("next Monday at 3 pm", "2026-11-23T15:00"),
        ("on Monday at three", "2026-11-23T15:00"),
        ("Friday at half past ten", "2026-11-27T10:30"),
        ("Friday at quarter to one", "2026-11-27T12:45"),
        ("Friday at ten thirty", "2026-11-27T10:30"),
        ("Friday, 12 p.m.", "2026-11-27T12:00"),
        ("Friday, 12 am", "2026-11-27T00:00"),
        ("Sunday at ten", "2026-11-29T10:00"),
        ("Monday next week at 10 o'clock", "2026-11-23T10:00"),
        ("Monday in a week", "2026-11-30T10:00"),
        ("next week", "2026-11-23T10:00"),
        ("next month", "2026-12-01T10:00"),
        ("at six", "2026-11-22T18:00"),
        ("at nine", "2026-11-23T09:00"),
        ("after five", "2026-11-22T17:00"),
        ("around noon", "2026-11-23T12:00"),
        ("in two hours", "2026-11-22T18:35"),
        ("in half an hour", "2026-11-22T17:05"),
        ("in 20 minutes", "2026-11-22T16:55"),
        ("in three days at eleven", "2026-11-25T11:00"),
        ("in a week", "2026-11-29T10:00"),
        ("the 5th of December at 14:00", "2026-12-05T14:00"),
        ("December 5th at 2 pm", "2026-12-05T14:00"),
        ("March 3", "2027-03-03T10:00"),
        ("3 March 2028 at 8", "2028-03-03T08:00"),
        ("2026-12-01T08:30", "2026-12-01T08:30"),
        ("2026-12-01 at nine", "2026-12-01T09:00"),
        ("tonight", "2026-11-22T19:00"),
    ],
)
def test_a_moment_is_understood(text: str, expected: str) -> None:
    moment = find_moment(text, SUNDAY)

    assert moment is not None
    assert moment.iso() == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Friday", "2026-11-27T10:00"),
        ("this Friday", "2026-11-27T10:00"),
        ("next Friday", "2026-12-04T10:00"),
        ("next Monday", "2026-11-30T10:00"),
        ("Monday", "2026-11-30T10:00"),
    ],
)
def test_next_means_the_next_calendar_week(text: str, expected: str) -> None:
    moment = find_moment(text, WEDNESDAY)

    assert moment is not None
    assert moment.iso() == expected


@pytest.mark.parametrize(
    "text", ["", "yes, that works for me", "no more calls", "there are ten of us", "at your place", "February 31"]
)
def test_no_moment_is_invented(text: str) -> None:
    assert find_moment(text, SUNDAY) is None


def test_it_tells_which_part_was_said() -> None:
    day, clock = find_moment("tomorrow", SUNDAY), find_moment("at ten", SUNDAY)

    assert day is not None and (day.has_day, day.has_time) == (True, False)
    assert clock is not None and (clock.has_day, clock.has_time) == (False, True)


@pytest.mark.parametrize("text", ["mornings on weekdays", "any time", "as soon as possible", "on Fridays", "at 7 pm"])
def test_loose_times_are_times_too(text: str) -> None:
    assert names_a_time(text)


def test_a_goal_without_a_time_names_none() -> None:
    assert not names_a_time("Book an appointment with the dentist")


@given(st.text(), local_times)
def test_no_text_breaks_it(text: str, now: datetime) -> None:
    find_moment(text, now)


@given(
    st.sampled_from(["tomorrow at ten", "in two hours", "next monday", "at five", "friday at noon"]),
    local_times,
)
def test_moments_that_are_asked_for_lie_ahead(text: str, now: datetime) -> None:
    moment = find_moment(text, now)

    assert moment is not None
    assert moment.at > now.replace(second=0, microsecond=0)
