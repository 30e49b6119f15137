"""Spoken times."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.openai.realtime.agent.moments import said, spoken_moment

SUNDAY = datetime(2026, 11, 22, 16, 30)  # noqa: DTZ001 - the callee's local time


@pytest.mark.parametrize(
    ("words", "moment"),
    [
        ("Please call me tomorrow at ten.", "2026-11-23T10:00"),
        ("Tomorrow at ten, please.", "2026-11-23T10:00"),
        ("the day after tomorrow at 3 pm", "2026-11-24T15:00"),
        ("tomorrow", "2026-11-23T10:00"),
        ("tomorrow afternoon", "2026-11-23T14:00"),
        ("on Monday at half past two", "2026-11-23T14:30"),
        ("Sunday at nine", "2026-11-29T09:00"),
        ("at quarter to five", "2026-11-22T16:45"),
        ("at eight", "2026-11-23T08:00"),
        ("at 9:15 a.m.", "2026-11-23T09:15"),
        ("at seven in the evening", "2026-11-22T19:00"),
        ("in an hour", "2026-11-22T17:30"),
        ("in two days", "2026-11-24T16:30"),
        ("in half an hour", "2026-11-22T17:00"),
        ("next week", "2026-11-29T10:00"),
        ("this evening", "2026-11-22T18:00"),
    ],
)
def test_a_spoken_time_is_computed_from_now(words: str, moment: str) -> None:
    found = spoken_moment(words, SUNDAY)
    assert found is not None
    assert found.isoformat(timespec="minutes") == moment


def test_words_without_a_time_give_none() -> None:
    assert spoken_moment("this is a bad moment", SUNDAY) is None


@given(st.text(), st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1)))  # noqa: DTZ001
def test_no_words_break_it(words: str, now: datetime) -> None:
    spoken_moment(words, now)


@given(
    st.sampled_from(["tomorrow", "today", "on friday", "next week", ""]),
    st.sampled_from(["one", "seven", "8", "twelve", "half past three", "quarter to one"]),
    st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1)),  # noqa: DTZ001
)
def test_a_wanted_time_is_always_to_come(day: str, clock: str, now: datetime) -> None:
    found = spoken_moment(f"{day} at {clock}", now)
    assert found is not None
    assert found > now


def test_a_time_is_said_as_people_say_it() -> None:
    assert said(datetime(2026, 11, 23, 10, 0)) == "on Monday, November 23 at 10 AM"  # noqa: DTZ001
    assert said(datetime(2026, 11, 23, 14, 30)) == "on Monday, November 23 at 2:30 PM"  # noqa: DTZ001
