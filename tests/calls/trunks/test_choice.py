"""Which trunk a call takes."""

from dataclasses import replace
from datetime import timedelta

from calls.contracts import LineOutage
from calls.trunks.breaker import Breaker
from calls.trunks.choice import STEPS_BACK_FOR, Candidate, Full, choose
from tests.factories import NOW

FIRST = Candidate("first", Breaker.CLOSED, 2, None, None, "", None)
SECOND = replace(FIRST, name="second")
LATER = NOW + timedelta(seconds=30)


def broken(candidate: Candidate, seconds: int = 30) -> Candidate:
    retry_at = NOW + timedelta(seconds=seconds)
    return replace(candidate, state=Breaker.OPEN, room=0, retry_at=retry_at, since=NOW, reason="No line was free.")


def test_the_first_in_order_is_taken_while_it_has_room() -> None:
    assert choose([FIRST, SECOND], NOW) == "first"
    assert choose([replace(FIRST, room=0), SECOND], NOW) == "second"


def test_a_trunk_that_is_out_of_order_is_passed_over() -> None:
    assert choose([broken(FIRST), SECOND], NOW) == "second"


def test_one_whose_pbx_was_out_of_reach_a_moment_ago_comes_last() -> None:
    away = replace(FIRST, unreachable_at=NOW)
    assert choose([away, SECOND], NOW) == "second"
    assert choose([away, replace(SECOND, room=0)], NOW) == "first"
    assert choose([away, SECOND], NOW + STEPS_BACK_FOR) == "first"


def test_when_all_are_out_of_order_it_says_when_the_first_is_tried_again() -> None:
    found = choose([broken(FIRST, seconds=60), broken(SECOND)], NOW)
    assert found == LineOutage(NOW, LATER, "No line was free.")


def test_when_one_is_only_full_the_call_waits_for_a_line() -> None:
    assert choose([broken(FIRST), replace(SECOND, room=0)], NOW) == Full()


def test_without_any_trunk_there_is_no_line() -> None:
    assert choose([], NOW) == Full()
