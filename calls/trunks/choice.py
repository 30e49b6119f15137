"""Which trunk a call takes. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from calls.contracts import LineOutage
from calls.trunks.breaker import Breaker

STEPS_BACK_FOR = timedelta(seconds=10)
"""A trunk whose PBX was out of reach is taken only when no other has room."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A trunk that is switched on and may be used by the call. `room`: how many more calls it takes."""

    name: str
    state: Breaker
    room: int
    retry_at: datetime | None
    since: datetime | None
    reason: str
    unreachable_at: datetime | None


@dataclass(frozen=True, slots=True)
class Full:
    """All are taken; or, with `lines` 0, there is none."""


def choose(candidates: Sequence[Candidate], at: datetime) -> str | Full | LineOutage:
    """The name of the first trunk in order that has room; one whose PBX was out of reach a moment ago comes last.

    When all are out of order, the outage of the one that is tried again first.
    """
    free = [candidate for candidate in candidates if candidate.room > 0]
    if free:
        return min(free, key=lambda candidate: _was_unreachable(candidate, at)).name
    broken = [candidate for candidate in candidates if candidate.state is not Breaker.CLOSED]
    if not broken or len(broken) < len(candidates):
        return Full()
    first = min(broken, key=lambda candidate: candidate.retry_at or at)
    return LineOutage(first.since or at, first.retry_at or at, first.reason)


def _was_unreachable(candidate: Candidate, at: datetime) -> bool:
    return candidate.unreachable_at is not None and candidate.unreachable_at > at - STEPS_BACK_FOR
