"""When a trunk is out of order, and how many calls try it again."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.trunks.breaker import LONGEST_PAUSE, PROBES, Breaker, pause, room, state_of, why_open
from tests.factories import NOW

FAULT = "The network was congested."


@pytest.mark.parametrize(
    ("faults", "opens"),
    [
        ([True] * 4, False),  # too few to say anything
        ([True] * 5, True),
        ([True, False] * 5, True),
        ([True] * 4 + [False] * 6, False),
        ([False] * 20 + [True] * 30, False),  # what lies behind the window counts no more
    ],
)
def test_half_of_the_last_calls_must_have_met_a_fault(faults: list[bool], opens: bool) -> None:
    assert bool(why_open(faults, FAULT)) is opens


def test_the_reason_says_how_many_and_why() -> None:
    said = why_open([True] * 12 + [False] * 8, FAULT)
    assert said == "12 of the last 20 calls could not be placed. The network was congested."


def test_an_open_breaker_is_half_open_from_its_moment_on() -> None:
    later = NOW + timedelta(seconds=30)
    assert state_of(None, None, NOW) is Breaker.CLOSED
    assert state_of(NOW, later, later - timedelta(microseconds=1)) is Breaker.OPEN
    assert state_of(NOW, later, later) is Breaker.HALF_OPEN


def test_pauses_grow_up_to_a_limit() -> None:
    assert [pause(tries).total_seconds() for tries in (0, 1, 2)] == [30, 60, 120]
    assert pause(1000) == LONGEST_PAUSE


@given(lines=st.integers(0, 50), live=st.integers(0, 60), probing=st.integers(0, 60))
def test_room_is_never_more_than_lines_and_half_open_never_more_than_the_probes(
    lines: int, live: int, probing: int
) -> None:
    assert room(Breaker.OPEN, lines, live, probing) == 0
    assert room(Breaker.CLOSED, lines, live, probing) == max(lines - live, 0)
    tried = room(Breaker.HALF_OPEN, lines, live, probing)
    assert 0 <= tried <= min(max(lines - live, 0), max(PROBES - probing, 0))


def test_talks_that_began_before_the_outage_leave_room_for_probes() -> None:
    assert room(Breaker.HALF_OPEN, 20, 10, 0) == PROBES
