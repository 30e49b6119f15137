"""`python -m tests.calls.crashing_worker`: a dialing worker that dies or is stopped where it is told to.

Each line of standard input is "CALL-ID,CALL-ID... FAULT"; for each it forks a process, as Celery does, which dials
those calls and is killed with SIGKILL at FAULT, or stopped with SIGSTOP at "stop:FAULT". Each line of standard output
is how that process ended; "stopped PID" comes before it.
"""

import itertools
import os
import signal
import sys
from collections.abc import Callable
from typing import Any
from uuid import UUID

import django

AT_A_MOMENT = "at:"
"""And then milliseconds after the beginning, by a timer of the kernel, wherever the process is."""


STOP = "stop:"
WHEN_STOPPED_WITHIN_SECONDS = 0.5
"""In place of placing.ORIGINATE_WITHIN_SECONDS, so that an hour is over soon."""
LOCK_HOLDER_SILENT_MS = 500
fate = signal.SIGKILL


def die() -> None:
    os.kill(os.getpid(), fate)


def die_before(module: Any, name: str, condition: Callable[..., bool] = lambda *_, **__: True) -> None:
    """From now on the process dies (or stops) when `module.name` is called."""
    original = getattr(module, name)

    def call(*args: Any, **kwargs: Any) -> Any:
        if condition(*args, **kwargs):
            die()
        return original(*args, **kwargs)

    setattr(module, name, call)


def die_after(module: Any, name: str, condition: Callable[..., bool] = lambda *_, **__: True) -> None:
    """From now on the process dies (or stops) when `module.name` has returned."""
    original = getattr(module, name)

    def call(*args: Any, **kwargs: Any) -> Any:
        result = original(*args, **kwargs)
        if condition(*args, **kwargs):
            die()
        return result

    setattr(module, name, call)


def arm(fault: str) -> None:
    from calls.asterisk import originate  # noqa: PLC0415 - after django.setup()
    from calls.services import placing  # noqa: PLC0415 - as above

    def is_originate(_: object, action: Any) -> bool:
        return bool(action.name == "Originate")

    match fault:
        case "before_transaction":  # logged in at the PBX, nothing written
            die_before(placing, "_commit_dialing")
        case "before_commit":  # everything written, nothing committed
            die_after(placing, "_dial")
        case "after_commit":
            die_after(placing, "_commit_dialing")
        case "before_originate":
            die_before(originate.AmiSession, "originate")
        case "at_the_send":  # the last look at the clock is over
            die_before(originate._Client, "send", is_originate)
        case "after_originate":  # on the wire, its answer not read
            die_after(originate._Client, "send", is_originate)
        case "after_answer":  # read, not written down
            die_after(originate.AmiSession, "originate")
        case "between_originates":
            die_after(originate._Client, "send", nth(2, is_originate))
        case "after_note":
            die_after(placing, "_note")
        case "none":
            return
        case _:
            milliseconds = float(fault.removeprefix(AT_A_MOMENT))
            signal.setitimer(signal.ITIMER_REAL, milliseconds / 1000)  # SIGALRM ends a process as SIGKILL does


def nth(number: int, condition: Callable[..., bool]) -> Callable[..., bool]:
    """The `number`th time that `condition` holds, and no other."""
    counted = itertools.count(1)
    return lambda *args, **fields: condition(*args, **fields) and next(counted) == number


FAULTS = (
    "before_transaction",
    "before_commit",
    "after_commit",
    "before_originate",
    "at_the_send",
    "after_originate",
    "after_answer",
    "after_note",
)


def run(call_ids: str, fault: str) -> int:
    """The status of a child that does the job."""
    child = os.fork()
    if child == 0:
        from tests.calls.steps import dial_calls  # noqa: PLC0415 - after django.setup()

        if fault.startswith(STOP):
            stop_instead()
        arm(fault.removeprefix(STOP))
        dial_calls([UUID(call_id) for call_id in call_ids.split(",")])
        os._exit(0)
    while True:
        _, status = os.waitpid(child, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            return os.waitstatus_to_exitcode(status)
        say(f"stopped {child}")


def stop_instead() -> None:
    from calls.services import capacity, placing  # noqa: PLC0415 - after django.setup()

    global fate
    fate = signal.SIGSTOP
    placing.ORIGINATE_WITHIN_SECONDS = WHEN_STOPPED_WITHIN_SECONDS
    capacity.LOCK_HOLDER_SILENT_MS = LOCK_HOLDER_SILENT_MS


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    django.setup()
    for line in sys.stdin:
        say(str(run(*line.split())))


if __name__ == "__main__":
    main()
