"""The AMI action SandboxFault: reads what shall go wrong, and does it (see sandbox/pbx/faults.py)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sandbox.pbx.ami import Action
from sandbox.pbx.call import Call
from sandbox.pbx.faults import COUNTED, GARBAGE, HALF_A_MESSAGE, MAX_SECONDS, Faults
from sandbox.pbx.originate import AmiError
from sandbox.pbx.session import Session


@dataclass(frozen=True)
class Order:
    """`pause_s` is `seconds` in real time: they differ when the sandbox's clock runs fast."""

    kind: str
    times: int
    seconds: float
    pause_s: float


def read_order(action: Action, real_s: Callable[[float], float]) -> Order:
    """`real_s` turns milliseconds of sandbox time into real seconds. Raises AmiError."""
    kind, times, seconds = action.get("Fault"), action.get("Count", "1"), action.get("Seconds", "1")
    if kind not in KINDS:
        raise AmiError(f"Fault must be one of {', '.join(KINDS)}")
    if not times.removeprefix("-").isdecimal():
        raise AmiError("Count must be a number")
    if not seconds.replace(".", "", 1).isdecimal() or float(seconds) > MAX_SECONDS:
        raise AmiError(f"Seconds must be a number from 0 to {MAX_SECONDS}")
    return Order(kind, int(times), float(seconds), real_s(float(seconds) * 1000))


def commit(order: Order, faults: Faults, others: Iterable[Session], calls: Iterable[Call]) -> None:
    """`others`: every session but the one that gave the order."""
    if order.kind in COUNTED:
        faults.set(order.kind, order.times)
    elif order.kind == "StopAudio":
        for call in calls:
            call.lose_packets(round(order.seconds * 1000))
    else:
        for session in tuple(others):
            _TO_SESSIONS[order.kind](session, order)


_TO_SESSIONS: dict[str, Callable[[Session, Order], None]] = {
    "DropConnections": lambda session, order: session.cut(),
    "BreakOff": lambda session, order: session.break_off(HALF_A_MESSAGE),
    "Garbage": lambda session, order: session.write(GARBAGE),
    "HalfLines": lambda session, order: session.halve(order.times, order.pause_s),
    "DelayEvents": lambda session, order: session.delay_events(order.pause_s),
}
KINDS = (*COUNTED, *_TO_SESSIONS, "StopAudio")
