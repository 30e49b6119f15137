from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.states import Outcome, State
from calls.web.words import LIVE_WORDS, OUTCOME_WORDS, call_pill, heard_and_unheard
from campaigns.states import CampaignStatus, TaskStatus
from campaigns.web.words import CAMPAIGN_PILLS, TASK_PILLS, start_button, task_pill
from opendeep.core import words

BERLIN, NEW_YORK, UTC_ZONE = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("UTC")
NOW = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)
TONES = {"ok", "wait", "stop", "info", "live", "still"}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (datetime(2026, 11, 22, 10, 42, tzinfo=UTC), "today 11:42"),
        (datetime(2026, 11, 23, 15, 0, tzinfo=UTC), "tomorrow 16:00"),
        (datetime(2026, 11, 22, 23, 30, tzinfo=UTC), "tomorrow 00:30"),
        (datetime(2026, 11, 21, 8, 10, tzinfo=UTC), "yesterday 09:10"),
        (datetime(2026, 11, 27, 9, 0, tzinfo=UTC), "Fri 27 Nov 10:00"),
        (datetime(2027, 3, 1, 9, 0, tzinfo=UTC), "Mon 1 Mar 2027 10:00"),
    ],
)
def test_moments_are_said_as_people_say_them(value: datetime, said: str) -> None:
    assert words.moment(value, now=NOW, zone=BERLIN) == said


def test_what_is_read_on_another_day_too_is_said_by_its_date() -> None:
    tomorrow = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
    assert words.dated(tomorrow, now=NOW, zone=BERLIN) == "Mon 23 Nov 16:00"
    assert words.dated(tomorrow.replace(year=2027), now=NOW, zone=BERLIN) == "Tue 23 Nov 2027 16:00"
    pill = task_pill("pending", "", "", tomorrow, NOW, BERLIN, by_date=True)
    assert pill == ("Mon 23 Nov 16:00", "info")


def test_a_time_without_a_zone_is_told_as_the_clock_on_the_wall_shows_it() -> None:
    assert words.local_time("2026-11-27T10:00") == "Fri 27 Nov 2026 10:00"
    assert words.local_time("2026-11-27T10:00+01:00") == "2026-11-27T10:00+01:00"


def test_the_same_moment_elsewhere_is_said_only_where_clocks_differ() -> None:
    tomorrow = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
    assert words.elsewhere(tomorrow, now=NOW, viewer=BERLIN, theirs=NEW_YORK) == "10:00 (New York)"
    assert (
        words.elsewhere(tomorrow, now=NOW, viewer=NEW_YORK, theirs=ZoneInfo("Asia/Tokyo")) == "Tue 24 Nov 00:00 (Tokyo)"
    )
    assert words.elsewhere(tomorrow, now=NOW, viewer=BERLIN, theirs=ZoneInfo("Europe/Paris")) == ""


@pytest.mark.parametrize(
    ("milliseconds", "said"), [(0, "0:00"), (24_900, "0:24"), (725_000, "12:05"), (3_729_000, "1:02:09")]
)
def test_lengths_are_said_like_a_clock(milliseconds: int, said: str) -> None:
    assert words.clock(milliseconds) == said


@pytest.mark.parametrize(
    ("microcents", "said"),
    [(0, "$0.00"), (400_000, "under $0.01"), (11_000_000, "$0.11"), (123_456_000_000, "$1,234.56")],
)
def test_costs_are_said_in_dollars(microcents: int, said: str) -> None:
    assert words.money(microcents) == said


def test_things_are_counted_in_their_own_plural() -> None:
    assert [words.counted(1, "call"), words.counted(2, "call"), words.counted(1204, "person", "people")] == [
        "1 call",
        "2 calls",
        "1,204 people",
    ]


# --- Heard and unheard ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "heard", "split"),
    [
        ("I would like to", "I would", ("I would ", "like to")),
        ("I would like to", "I wou", ("I ", "would like to")),
        ("I would like to", "", ("", "I would like to")),
        ("I would like to", "I would like to", ("I would like to", "")),
        ("Yes.", "Something else", ("Something else", "")),
        ("Word", "Wo", ("", "Word")),
    ],
)
def test_words_are_split_where_hearing_ended(text: str, heard: str, split: tuple[str, str]) -> None:
    assert heard_and_unheard(text, heard) == split


@given(st.text(max_size=80), st.integers(min_value=0, max_value=80))
def test_no_word_is_lost_or_invented_by_the_split(text: str, heard_characters: int) -> None:
    heard, unheard = heard_and_unheard(text, text[:heard_characters])
    assert heard + unheard == text


# --- States -----------------------------------------------------------------------------------------


def test_every_state_has_a_word_and_a_known_tone() -> None:
    assert set(LIVE_WORDS) | {State.ENDED} == set(State)
    assert set(OUTCOME_WORDS) == set(Outcome)
    assert set(TASK_PILLS) == set(TaskStatus)
    assert set(CAMPAIGN_PILLS) == set(CampaignStatus)
    tables = (LIVE_WORDS, OUTCOME_WORDS, TASK_PILLS, CAMPAIGN_PILLS)
    assert {pill.tone for table in tables for pill in table.values()} <= TONES
    assert call_pill("ended", "busy").word == "Busy"


@pytest.mark.parametrize(
    ("status", "code", "call_state", "due_in", "word"),
    [
        ("pending", "", "", timedelta(0), "Waiting"),
        ("pending", "", "", timedelta(hours=3), "Today 19:30"),
        ("in_progress", "", "queued", None, "Next"),
        ("in_progress", "", "queued", timedelta(hours=3), "Today 19:30"),
        ("in_progress", "", "ringing", None, "Ringing"),
        ("in_progress", "", "", None, "Under way"),
        ("failed_conclusive", "do_not_call", "ended", None, "Do not call"),
        ("failed_conclusive", "something_new", "ended", None, "Not done"),
        ("completed", "achieved", "ended", None, "Done"),
    ],
)
def test_a_task_says_its_state_in_a_word(
    status: str, code: str, call_state: str, due_in: timedelta | None, word: str
) -> None:
    due_at = None if due_in is None else NOW + due_in
    assert task_pill(status, code, call_state, due_at, NOW, BERLIN).word == word


@pytest.mark.parametrize(
    ("names", "when", "said"),
    [
        (["Anna"], "", "Call Anna now"),
        ([""], "", "Call now"),
        (["Anna"], "tomorrow 10:00", "Call Anna tomorrow 10:00"),
        (["Anna", "Ben", ""], "", "Start calling 3 people"),
        ([""] * 1204, "tomorrow 10:00", "Start calling 1,204 people tomorrow 10:00"),
    ],
)
def test_the_button_says_what_it_does(names: list[str], when: str, said: str) -> None:
    assert start_button(names, when) == said
