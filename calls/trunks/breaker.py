"""When a trunk counts as out of order, for how long, and how many calls try it again. Pure.

Closed: calls go out. Open: none does, until a moment. From that moment on it is half open: a few calls try it, and the
first that reaches the far end closes it, while one that meets the fault again opens it for longer.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

WINDOW = 20
JUDGED_AT_LEAST = 5
"""Fewer calls say nothing."""
OPENS_AT = 0.5
"""The share of the last calls that met a fault of the trunk."""
UNREACHABLE_TIMES = 3
"""Attempts in a row that did not reach the PBX. None of them used up a call."""

PROBES = 3
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=10)
PAUSE_WITHOUT_PBX = timedelta(seconds=15)
"""Asking whether the PBX is back costs no call."""


class Breaker(StrEnum):
    CLOSED = "in order"
    OPEN = "out of order"
    HALF_OPEN = "tried again"


def state_of(out_of_order_since: datetime | None, retry_at: datetime | None, at: datetime) -> Breaker:
    if out_of_order_since is None:
        return Breaker.CLOSED
    return Breaker.HALF_OPEN if retry_at is None or at >= retry_at else Breaker.OPEN


def why_open(faults: Sequence[bool], last_fault: str) -> str:
    """In words, from the last calls (True: a fault of the trunk); empty when all is well."""
    last = faults[:WINDOW]
    if len(last) < JUDGED_AT_LEAST or sum(last) < OPENS_AT * len(last):
        return ""
    return f"{sum(last)} of the last {len(last)} calls could not be placed. {last_fault}"


def pause(failed_tries: int) -> timedelta:
    """30 s, 1 min, 2 min ..., at most 10 min; `failed_tries` counts from 0."""
    return min(FIRST_PAUSE * (1 << min(failed_tries, 10)), LONGEST_PAUSE)


def room(state: Breaker, lines: int, live: int, probing: int) -> int:
    """How many more calls may take the trunk; `probing` are those of `live` that began since it is tried again."""
    match state:
        case Breaker.OPEN:
            return 0
        case Breaker.HALF_OPEN:
            return max(min(lines - live, PROBES - probing), 0)
    return max(lines - live, 0)
