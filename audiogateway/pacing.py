"""The clock of all calls of a process: 20 ms frames at absolute deadlines on the monotonic clock.

The calls are spread over PHASES points of each 20 ms, so that a hundred calls do not ask for their frames in the
same moment, and a new call waits 5 ms at most for its place. A call gets one frame at once when it joins and one
per period from then on: it is never more than two frames (40 ms) ahead of the ear.

After a pause of the process (a busy machine) overdue frames are sent in one burst of at most MAX_BURST frames; a
longer gap cannot be repaired, so the schedule starts anew with LEAD_FRAMES and the rest counts as skipped.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from audiogateway.playout import FRAME_MS, LEAD_FRAMES

log = structlog.get_logger(__name__)

PHASES = 4
PERIOD_SECONDS = FRAME_MS / 1000
STEP_SECONDS = PERIOD_SECONDS / PHASES
MAX_BURST = 3
LATE_SECONDS = 0.010
"""A frame that leaves so long after its deadline is late."""
LAG_SECONDS = 0.020
LAGGING_SHARE = 0.05
STALL_SECONDS = 0.200
"""A clock that is often behind by more than the lead leaves, or stands still so that everybody hears it, lags."""

MonotonicClock = Callable[[], float]


class Paced(Protocol):
    """A call that wants its frames."""

    def on_tick(self, frames: int, *, late: bool, skipped: int) -> None:
        """Hand out `frames` frames now. `skipped` frames were given up after a pause of the process."""

    def on_clock_lost(self) -> None:
        """`on_tick` raised: the member gets no more frames and must end."""


@dataclass(frozen=True, slots=True)
class Due:
    frames: int
    skipped: int


def due_frames(missed_periods: int) -> Due:
    """What to send when `missed_periods` deadlines (at least one) have passed since the last frame."""
    if missed_periods <= MAX_BURST:
        return Due(missed_periods, 0)
    return Due(LEAD_FRAMES, missed_periods - LEAD_FRAMES)


@dataclass(slots=True)
class _Phase:
    members: dict[Paced, None] = field(default_factory=dict)
    served_period: int = -1


class Ticker:
    """Steps through the phases. `run_due` does the work and needs no event loop; `run` is the loop around it."""

    def __init__(self, clock: MonotonicClock = time.monotonic) -> None:
        self._clock = clock
        self._origin = clock()
        self._next_step = 1
        self._phases = [_Phase() for _ in range(PHASES)]
        self._phase_of: dict[Paced, _Phase] = {}
        self._worst_seconds = 0.0
        self._steps = self._lagging_steps = 0

    def add(self, member: Paced) -> None:
        """The member gets its first frame now and the next one within a phase's time."""
        if member in self._phase_of:
            return
        self.run_due()  # so that what is overdue for others is not served to the new one
        phase = self._phases[self._next_step % PHASES]
        phase.members[member] = None
        self._phase_of[member] = phase
        self._serve(member, Due(1, 0), late=False)

    def remove(self, member: Paced) -> None:
        phase = self._phase_of.pop(member, None)
        if phase is not None:
            del phase.members[member]

    def run_due(self) -> float:
        """Serves every step whose deadline has passed. Returns the seconds until the next one."""
        while True:
            now = self._clock()
            deadline = self._origin + self._next_step * STEP_SECONDS
            if now < deadline:
                return deadline - now
            self._step(self._next_step, now - deadline)
            self._next_step += 1

    async def run(self) -> None:
        """Ticks until cancelled."""
        while True:  # noqa: ASYNC110 - it is the time that is waited for
            await asyncio.sleep(self.run_due())

    def take_lag(self) -> bool:
        """Whether the clock lagged since the last time this was asked: such a process should take no further calls.

        One hiccup, as any machine has it while something starts, is none.
        """
        often = self._lagging_steps > self._steps * LAGGING_SHARE and self._lagging_steps > 1
        lags = often or self._worst_seconds > STALL_SECONDS
        self._worst_seconds = 0.0
        self._steps = self._lagging_steps = 0
        return lags

    def _step(self, step: int, late_seconds: float) -> None:
        phase = self._phases[step % PHASES]
        period = step // PHASES
        if period <= phase.served_period:
            return
        self._worst_seconds = max(self._worst_seconds, late_seconds)
        self._steps += 1
        self._lagging_steps += late_seconds > LAG_SECONDS
        # Later deadlines of this phase may have passed too: they are served now, in one burst.
        missed = 1 + int(late_seconds / PERIOD_SECONDS)
        phase.served_period = period + missed - 1
        due = due_frames(missed)
        late = late_seconds > LATE_SECONDS
        for member in list(phase.members):
            self._serve(member, due, late=late)

    def _serve(self, member: Paced, due: Due, *, late: bool) -> None:
        try:
            member.on_tick(due.frames, late=late, skipped=due.skipped)
        except Exception:  # noqa: BLE001 - the clock of all calls outlives the fault of one
            log.exception("call_lost_its_clock")
            self.remove(member)
            self._tell_of_loss(member)

    def _tell_of_loss(self, member: Paced) -> None:
        try:
            member.on_clock_lost()
        except Exception:  # noqa: BLE001 - as above; the supervisor ends what cannot end itself
            log.exception("call_not_told_of_its_clock")
