from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.compliance.hours import DEFAULT_HOURS, Window, is_open, next_opening
from campaigns.planning.next_step import Judged, TaskFacts, TryAgain, next_step
from campaigns.planning.retries import DAY, DEFAULT_TABLE, JITTER, JITTER_AT_MOST, PARTS_OF_DAY, retry_at

NEW_YORK = ZoneInfo("America/New_York")
MORNING = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)  # ten on the callee's clock
TRIED = sorted(outcome for outcome, minutes in DEFAULT_TABLE.items() if minutes)

DAYS_OF_NOTE = [  # clocks change in Berlin, New York and on Lord Howe Island; a leap day
    datetime(year, month, day, tzinfo=UTC)
    for year, month, day in [(2026, 3, 29), (2026, 10, 25), (2026, 3, 8), (2026, 11, 1), (2026, 4, 4), (2028, 2, 29)]
]
moments = st.one_of(
    st.integers(0, 3 * 366 * 24 * 3600).map(lambda s: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=s)),
    st.builds(
        lambda day, minutes: day + timedelta(minutes=minutes), st.sampled_from(DAYS_OF_NOTE), st.integers(-2880, 2880)
    ),
)
zones = st.sampled_from(["America/New_York", "Europe/Berlin", "Asia/Tokyo", "Australia/Lord_Howe", "UTC"]).map(ZoneInfo)
seeds = st.text(max_size=8)
attempts = st.integers(1, 12)
windows = st.lists(
    st.builds(
        lambda weekday, opens, minutes: Window(weekday, opens, opens + minutes),
        st.integers(0, 6),
        st.integers(0, 1439),
        st.integers(1, 1440),
    ),
    min_size=1,
    max_size=5,
)


def part_of_day(moment: datetime, zone: ZoneInfo) -> int:
    return sum(begins <= moment.astimezone(zone).time() for begins in PARTS_OF_DAY)


@pytest.mark.parametrize(
    ("outcome", "wait"),
    [
        ("busy", timedelta(minutes=10)),
        ("no_answer", timedelta(hours=2)),
        ("unreachable", DAY),
        ("voicemail", DAY),
        ("dropped", timedelta(minutes=2)),
        ("failed", timedelta(minutes=5)),
        ("lost", timedelta(minutes=10)),
    ],
)
def test_each_outcome_waits_its_time_give_or_take_a_tenth(outcome: str, wait: timedelta) -> None:
    at = retry_at(DEFAULT_TABLE, outcome, 1, MORNING + timedelta(minutes=30), NEW_YORK, "task")
    assert at is not None
    assert abs(at - MORNING - timedelta(minutes=30) - wait) <= min(wait * JITTER, JITTER_AT_MOST)


@pytest.mark.parametrize("outcome", ["rejected", "blocked", "cancelled", "unheard of"])
def test_what_is_not_in_the_table_is_not_tried_again(outcome: str) -> None:
    assert retry_at(DEFAULT_TABLE, outcome, 1, MORNING, NEW_YORK, "task") is None


def test_the_next_day_keeps_the_callees_clock_when_it_is_changed_at_night() -> None:
    before_the_change = datetime(2026, 10, 31, 14, 0, tzinfo=UTC)  # ten in the morning in New York
    at = retry_at(DEFAULT_TABLE, "voicemail", 1, before_the_change, NEW_YORK, "task")
    assert at is not None
    assert abs(at - datetime(2026, 11, 1, 15, 0, tzinfo=UTC)) <= JITTER_AT_MOST


def test_tasks_that_were_called_together_do_not_come_back_together() -> None:
    ats = {retry_at(DEFAULT_TABLE, "busy", 1, MORNING, NEW_YORK, f"task {n}") for n in range(50)}
    assert len(ats) == 50


@given(moments, zones, st.sampled_from(TRIED), attempts, seeds)
def test_the_same_attempt_of_the_same_task_waits_the_same(
    now: datetime, zone: ZoneInfo, outcome: str, attempt: int, seed: str
) -> None:
    first, again = (retry_at(DEFAULT_TABLE, outcome, attempt, now, zone, seed) for _ in range(2))
    assert first == again
    assert first is not None
    assert first > now


@given(moments, zones, st.sampled_from(sorted(set(TRIED) - {"no_answer"})), attempts, seeds)
def test_waits_grow_and_not_for_ever(now: datetime, zone: ZoneInfo, outcome: str, attempt: int, seed: str) -> None:
    early = retry_at(DEFAULT_TABLE, outcome, attempt, now, zone, seed)
    late = retry_at(DEFAULT_TABLE, outcome, attempt + 1, now, zone, seed)
    assert early is not None
    assert late is not None
    assert late - now >= (early - now) * ((1 - JITTER) / (1 + JITTER)) - timedelta(hours=2)  # a clock may be changed
    assert late - now <= DAY + JITTER_AT_MOST + timedelta(hours=2)


@given(moments, zones, attempts, seeds)
def test_who_did_not_answer_is_tried_at_another_time_of_day(
    now: datetime, zone: ZoneInfo, attempt: int, seed: str
) -> None:
    at = retry_at(DEFAULT_TABLE, "no_answer", attempt, now, zone, seed)
    assert at is not None
    assert part_of_day(at, zone) != part_of_day(now, zone)
    assert at - now <= 2 * DAY


@given(moments, zones, st.sampled_from(TRIED), st.integers(1, 2), seeds, windows | st.just(list(DEFAULT_HOURS)))
def test_no_retry_falls_outside_the_calling_hours(
    now: datetime, zone: ZoneInfo, outcome: str, attempt: int, seed: str, hours: list[Window]
) -> None:
    def opening(moment: datetime) -> datetime | None:
        return moment if is_open(hours, zone, moment) else next_opening(hours, [zone], moment)

    task = TaskFacts(attempts=attempt, max_attempts=3, time_zone=zone, seed=seed, opening=opening)
    step = next_step(task, Judged(outcome, "", False, "", next_call_needed=True), now)
    assert isinstance(step, TryAgain)
    assert is_open(hours, zone, step.at) or opening(step.at) is None
