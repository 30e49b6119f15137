"""One 20 ms clock for all calls, on absolute deadlines: lateness does not add up."""

import asyncio
import logging
from collections.abc import Callable

from sandbox.pbx.callee import TICK_MS

MAX_CATCH_UP_TICKS = 5
"""After a longer pause of the process the missed ticks are skipped, as a telephone line would lose them."""

log = logging.getLogger(__name__)


def next_deadline(deadline: float, now: float, interval: float) -> float:
    """When to tick again after the tick that was due at `deadline` and comes at `now`."""
    late = now - deadline
    if late > MAX_CATCH_UP_TICKS * interval:
        log.info("the clock stood still for %d ticks", late / interval)
        return now + interval
    return deadline + interval


class Clock:
    """Calls every listener once per tick. `speed` above 1 makes sandbox time pass faster than real time."""

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed
        self._listeners: dict[Callable[[], None], None] = {}
        self._wanted = asyncio.Event()

    def now_s(self) -> float:
        """Seconds of sandbox time since an arbitrary point."""
        return asyncio.get_running_loop().time() * self.speed

    def real_s(self, duration_ms: float) -> float:
        """How long a duration of sandbox time takes, in seconds."""
        return duration_ms / 1000 / self.speed

    def add(self, listener: Callable[[], None]) -> None:
        self._listeners[listener] = None
        self._wanted.set()

    def remove(self, listener: Callable[[], None]) -> None:
        self._listeners.pop(listener, None)

    async def run(self) -> None:
        """Tick for ever; sleeps without waking while nobody listens."""
        loop = asyncio.get_running_loop()
        interval = self.real_s(TICK_MS)
        while True:
            self._wanted.clear()
            if not self._listeners:
                await self._wanted.wait()
            deadline = loop.time() + interval
            while self._listeners:
                await asyncio.sleep(deadline - loop.time())
                deadline = next_deadline(deadline, loop.time(), interval)
                self._tick()

    def _tick(self) -> None:
        for listener in tuple(self._listeners):
            listener()
