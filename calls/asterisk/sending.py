"""Sends within a time or never, also when the process is stopped between the look at the clock and the send.

A stopped process (SIGSTOP, a frozen container, a suspended machine) sees no time pass: whatever it looked at before,
it may send an hour later. So a timer of the kernel runs while it sends: a process that is continued after its time
is ended by that timer before it runs on.
"""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class TooLate(Exception):
    """The time in which something might be sent is over; nothing was."""


def uptime() -> float:
    """Seconds on a clock that only goes forward, also while the process is stopped or the machine is suspended."""
    return time.clock_gettime(CLOCK)


@contextmanager
def sending_before(moment: float) -> Iterator[None]:
    """What is sent within leaves before `moment` (of uptime()). Raises TooLate; ends the process as a last resort.

    The last resort exists in the main thread of a process in which nobody else uses the alarm, as that of a worker.
    """
    seconds_left = moment - uptime()
    if seconds_left <= 0:
        raise TooLate
    if threading.current_thread() is not threading.main_thread() or not _is_free(signal.SIGALRM):
        yield
        return
    signal.setitimer(signal.ITIMER_REAL, seconds_left)
    try:
        if uptime() >= moment:  # it was stopped before the timer ran
            raise TooLate
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _is_free(number: signal.Signals) -> bool:
    return signal.getsignal(number) is signal.SIG_DFL and signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
