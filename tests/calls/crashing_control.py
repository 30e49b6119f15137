"""`python -m tests.calls.crashing_control`: a callcontrol that dies where it is told to, and is started again.

Each line of standard input is a fault: the present callcontrol is killed, and the next one dies at that fault, and is
followed by one that lives. Lines of standard output say at which fault one has died, or that one is ready. All ends
with the input.
"""

import asyncio
import os
import signal
import sys
import threading
from typing import Any

import django

from tests.calls.crashing_worker import AT_A_MOMENT, die, die_after, die_before, say

READY = "ready"
CONTROL_FAULTS = (
    "before_the_first_news",
    "before_the_end_is_written",
    "before_the_end_is_committed",
    "after_the_end",
    "in_the_middle_of_reconciling",
    "before_a_hangup",
    "after_a_hangup",
)
"""What a fault waits for may never come; then the process lives until the next fault is told."""


def arm(fault: str) -> None:
    from calls.asterisk.ami_client import AmiClient  # noqa: PLC0415 - after django.setup()
    from calls.services import channels, endings, transitions  # noqa: PLC0415 - as above

    def is_hangup(_: object, action: str, *__: object) -> bool:
        return action == "Hangup"

    match fault:
        case "before_the_first_news":
            die_before(channels, "appeared")
        case "before_the_end_is_written":
            die_before(endings, "hung_up")
        case "before_the_end_is_committed":
            die_after(transitions, "_publish_end")
        case "after_the_end":
            die_after(endings, "hung_up")
        case "in_the_middle_of_reconciling":
            die_after(channels, "unwanted")
        case "before_a_hangup":
            die_before(AmiClient, "request", is_hangup)
        case "after_a_hangup":  # on the wire, its answer not read
            die_when_sent(AmiClient, b"Action: Hangup")
        case "none":
            return
        case _:
            signal.setitimer(signal.ITIMER_REAL, float(fault.removeprefix(AT_A_MOMENT)) / 1000)


def die_when_sent(client: Any, action: bytes) -> None:
    send = client._send

    async def send_and_die(self: object, data: bytes) -> None:
        await send(self, data)
        if action in data:
            die()

    client._send = send_and_die


def run(fault: str) -> None:
    from calls.asterisk.pbx import pbx_named  # noqa: PLC0415 - after django.setup()
    from calls.control.process import CallControl  # noqa: PLC0415 - as above
    from tests.calls.control.test_process import QUICK  # noqa: PLC0415 - as above

    arm(fault)
    control = CallControl(pbx_named("default").events_account(), QUICK)
    reconcile = control._logged_in

    async def reconcile_and_say() -> None:
        await reconcile()
        say(READY)

    control._logged_in = reconcile_and_say  # type: ignore[method-assign]
    asyncio.run(control.run(asyncio.Event()))


class Keeper:
    """Keeps one callcontrol alive. Faults come from another thread, which kills the one that lives."""

    def __init__(self) -> None:
        self._next = "none"
        self._child = 0
        self._lock = threading.Lock()
        self._over = False
        self._replaced = False

    def keep(self) -> None:
        while (fault := self._start()) is not None:
            _, status = os.waitpid(self._child, 0)
            died_alone = os.WIFSIGNALED(status) and not self._replaced
            if died_alone:
                say(fault)

    def _start(self) -> str | None:
        """The fault of the one that was started; None when it is over."""
        with self._lock:
            if self._over:
                return None
            fault, self._next, self._replaced = self._next, "none", False
            self._child = os.fork()
        if self._child == 0:
            run(fault)
            os._exit(0)
        return fault

    def replace(self, fault: str, *, over: bool = False) -> None:
        with self._lock:
            self._next, self._over, self._replaced = fault, over, True
            if self._child:  # to kill process 0 is to kill everybody of this group, the test run among them
                os.kill(self._child, signal.SIGKILL)


def main() -> None:
    django.setup()
    keeper = Keeper()

    def listen() -> None:
        for line in sys.stdin:
            keeper.replace(line.strip())
        keeper.replace("none", over=True)

    threading.Thread(target=listen, daemon=True).start()
    keeper.keep()


if __name__ == "__main__":
    main()
