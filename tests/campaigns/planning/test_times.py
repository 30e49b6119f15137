"""Start and end of a plan count on the user's clock, and every mistake of a plan is told at once."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from campaigns.planning.plan import Plan
from opendeep.core.errors import DomainError
from tests.factories import plan_data

NEW_YORK = ZoneInfo("America/New_York")
NOW = datetime(2026, 11, 22, 21, 30, tzinfo=UTC)


def test_a_start_counts_on_the_users_clock() -> None:
    plan = Plan.from_user(plan_data(start_at="2026-11-27T10:00"))
    assert plan.starts_at(NEW_YORK) == datetime(2026, 11, 27, 15, 0, tzinfo=UTC)


def test_a_start_with_an_offset_keeps_it() -> None:
    plan = Plan.from_user(plan_data(start_at="2026-11-27T10:00+01:00"))
    assert plan.starts_at(NEW_YORK) == datetime(2026, 11, 27, 9, 0, tzinfo=UTC)


def test_a_start_more_than_a_year_ahead_is_a_mistake() -> None:
    far = (NOW + timedelta(days=400)).isoformat()
    assert Plan.from_user(plan_data(start_at=far)).time_complaints(NEW_YORK, NOW).keys() == {"start_at"}
    assert Plan.from_user(plan_data(start_at="2020-01-01T10:00")).time_complaints(NEW_YORK, NOW) == {}


@pytest.mark.parametrize(
    ("start", "end", "wrong"),
    [
        (None, "2026-11-20T10:00", "The end lies in the past."),
        ("2026-12-24T10:00", "2026-12-23T10:00", "The end lies before the start."),
        ("2026-12-23T10:00", "2026-12-24T10:00", None),
        (None, "2026-12-24T10:00", None),
        ("2026-12-24T10:00+01:00", "2026-12-24T05:00", None),  # each on its clock: 9:00 and 10:00 UTC
        ("2026-12-24T10:00+01:00", "2026-12-24T03:00", "The end lies before the start."),
    ],
)
def test_an_end_lies_ahead_and_behind_the_start(start: str | None, end: str, wrong: str | None) -> None:
    plan = Plan.from_user(plan_data(start_at=start, end_at=end))
    assert plan.time_complaints(NEW_YORK, NOW) == ({"end_at": [wrong]} if wrong else {})


def wrong_fields(**changes: object) -> dict[str, list[str]]:
    with pytest.raises(DomainError) as caught:
        Plan.from_user(plan_data(**changes), zone=NEW_YORK, at=NOW)
    return {field: list(words) for field, words in caught.value.fields.items()}


def test_an_end_before_the_start_is_told_together_with_every_other_mistake() -> None:
    wrong = wrong_fields(title="", max_attempts=99, start_at="2026-12-24T10:00", end_at=" 2026-12-23T10:00 ")
    assert wrong == {
        "title": ["This must not be empty."],
        "max_attempts": ["This must be at most 10."],
        "end_at": ["The end lies before the start."],
    }


def test_a_start_that_cannot_be_read_and_an_end_in_the_past_are_told_together() -> None:
    wrong = wrong_fields(start_at="next week", end_at="2026-11-20T10:00")
    assert wrong == {
        "start_at": ["Write date and time like 2026-11-27T10:00."],
        "end_at": ["The end lies in the past."],
    }


def test_a_start_too_far_ahead_and_an_end_before_it_are_told_together() -> None:
    assert wrong_fields(start_at="2029-01-01T10:00", end_at="2028-01-01T10:00") == {
        "start_at": ["The start lies more than a year ahead."],
        "end_at": ["The end lies before the start."],
    }


@pytest.mark.parametrize("value", [7, ["2026-11-27T10:00"], {"at": 1}])
def test_an_end_that_is_no_text_is_named_as_such(value: object) -> None:
    assert wrong_fields(end_at=value) == {"end_at": ["This must be a text."]}
