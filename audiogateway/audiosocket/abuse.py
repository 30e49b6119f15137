"""Limits against peers that send more than any PBX does."""

from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)

MAX_AHEAD_SECONDS = 5.0
"""Sound that may come faster than it is spoken: more than a network holds up before the PBX ends the call."""
TOLD_PER_WINDOW = 20
WINDOW_SECONDS = 10.0


class Pace:
    """Whether what one connection brings can be real time. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._ahead_of = clock()

    def allows(self, seconds: float) -> bool:
        """`seconds` of a call have come now. False when that is far more than have passed."""
        now = self._clock()
        self._ahead_of = max(self._ahead_of, now) + seconds
        return self._ahead_of - now <= MAX_AHEAD_SECONDS


class Refusals:
    """Tells of refused connections, but not of thousands: those are counted, and told in one line."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._window = -1
        self._in_window = 0

    def tell(self, event: str, **fields: object) -> None:
        window = int(self._clock() / WINDOW_SECONDS)
        if window != self._window:
            if self._in_window > TOLD_PER_WINDOW:
                log.warning("audiosocket_refusals", untold=self._in_window - TOLD_PER_WINDOW)
            self._window, self._in_window = window, 0
        self._in_window += 1
        if self._in_window <= TOLD_PER_WINDOW:
            log.warning(event, **fields)
