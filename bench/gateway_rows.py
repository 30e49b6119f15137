"""What is measured of a gateway: one function for each row."""

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType

from bench import gateway
from bench.gateway import Talked
from bench.row import Row
from bench.scratch import emptied

LATE_MS = 10.0
STEPS = (100, 200, 300, 400)
CALLS = 100
SECONDS = 20.0
CONDITIONS = (
    "20 ms frames both ways at 8 kHz against a GA stand-in without TLS, agent and callee take turns, every third time "
    f"the callee interrupts; {SECONDS:.0f} s; the gateway has one core, callers and model the other; no recording"
)


@cache
def _talked(calls: int, disturbed: bool = False) -> Talked:
    emptied()
    return gateway.talk(calls, SECONDS, disturbed=disturbed)


def _keeps_up(talked: Talked) -> bool:
    late = talked.figures["lateness_p99_ms"]
    return not talked.figures["lost"] and late is not None and late <= LATE_MS


def calls_per_core() -> Row:
    """The most calls, of those tried, that one process on one core serves in time."""
    held = 0
    more: dict[str, float] = {}
    for calls in STEPS:
        talked = _talked(calls)
        more |= {
            f"late_p99_ms_{calls}": talked.figures["lateness_p99_ms"],
            f"cpu_percent_{calls}": talked.cpu_percent,
            f"load_lag_p99_ms_{calls}": talked.figures["load_lag_p99_ms"],
        }
        if not _keeps_up(talked):
            break
        held = calls
    condition = f"p99 lateness of a frame at the caller <= {LATE_MS:.0f} ms; of {', '.join(map(str, STEPS))} calls; "
    return Row("gateway.calls_per_core", held, "", 300, condition + CONDITIONS, MappingProxyType(more), at_least=True)


def mb_per_call() -> Row:
    condition = f"resident memory of the process with {CALLS} calls less that without one; "
    return Row(
        "gateway.mb_per_call", _talked(CALLS).mb_per_call, "MB", 1.0, condition + CONDITIONS, MappingProxyType({})
    )


def added_delay() -> Row:
    ways = {way: _talked(CALLS).figures[f"{way}_p99_ms"] for way in ("to_model", "to_callee")}
    condition = (
        f"at {CALLS} calls, the worse way: from a callee's frame to its event at the model, and from the model's event "
        "to its frame at the callee beyond the 20 ms of a frame; the callers' own delay included; "
    )
    return Row(
        "gateway.added_delay_p99_ms", max(ways.values()), "ms", 5.0, condition + CONDITIONS, MappingProxyType(ways)
    )


def barge_in() -> Row:
    figures = _talked(CALLS).figures
    condition = f"speech_started sent to the last frame of the agent at the callee, {CALLS} calls; "
    more = MappingProxyType({"barge_ins": figures["barge_ins"]})
    return Row("gateway.barge_in_p99_ms", figures["barge_in_p99_ms"], "ms", 20.0, condition + CONDITIONS, more)


def first_audio() -> Row:
    late = _talked(CALLS).figures["first_audio_p99_ms"]
    condition = f"connection of AudioSocket to the first frame of the prepared greeting, {CALLS} calls; "
    return Row("gateway.first_audio_p99_ms", late, "ms", 100.0, condition + CONDITIONS, MappingProxyType({}))


def disturbed() -> Row:
    """The same load while the database is mostly locked and a busy process wants the cores."""
    talked = _talked(CALLS, disturbed=True)
    condition = (
        f"lateness of a frame at {CALLS} calls while the database's write lock is held 2 s of every 2.5 s and one "
        "process runs an endless loop; "
    )
    more = {"cpu_percent": talked.cpu_percent, "load_lag_p99_ms": talked.figures["load_lag_p99_ms"]}
    return Row(
        "gateway.disturbed_late_p99_ms",
        talked.figures["lateness_p99_ms"],
        "ms",
        LATE_MS,
        condition + CONDITIONS,
        MappingProxyType(more),
    )


MEASURES: Mapping[str, Callable[[], Row]] = {
    "gateway.calls_per_core": calls_per_core,
    "gateway.mb_per_call": mb_per_call,
    "gateway.added_delay_p99_ms": added_delay,
    "gateway.barge_in_p99_ms": barge_in,
    "gateway.first_audio_p99_ms": first_audio,
    "gateway.disturbed_late_p99_ms": disturbed,
}
