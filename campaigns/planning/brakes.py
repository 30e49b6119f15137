"""When a campaign is stopped for its owner to look: too many bad calls of late, or its first calls are done. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum

WINDOW = 20
JUDGED_AT_LEAST = 10
"""Fewer calls say nothing."""


class Mark(StrEnum):
    """What counts of a judged call."""

    FINE = "fine"
    FAILURE = "failure"
    OPT_OUT = "opt_out"
    SILENT = "silent"


STOPS_AT: Mapping[Mark, float] = {Mark.OPT_OUT: 0.3, Mark.SILENT: 0.5, Mark.FAILURE: 0.5}
"""The share of the last calls at which the campaign stops."""

WORDS: Mapping[Mark, str] = {
    Mark.OPT_OUT: "asked not to be called again. Look at what the agent says before you resume.",
    Mark.SILENT: "were answered and nobody said a word. Check whom these numbers reach, and the sound.",
    Mark.FAILURE: "failed, broke off or reached no number. Check the numbers and the line.",
}

FAILURES = frozenset({"failed", "lost", "dropped", "unreachable"})
NEVER_PLACED = frozenset({"blocked", "cancelled"})


def mark_of(outcome: str, *, opted_out: bool, callee_spoke: bool) -> Mark | None:
    """None for a call that was never placed."""
    if opted_out:
        return Mark.OPT_OUT
    if outcome in NEVER_PLACED:
        return None
    if outcome in FAILURES:
        return Mark.FAILURE
    return Mark.SILENT if outcome == "completed" and not callee_spoke else Mark.FINE


def why_stop(marks: Sequence[str]) -> str:
    """In words, from the marks of the last calls; empty when all is well."""
    last = marks[-WINDOW:]
    if len(last) < JUDGED_AT_LEAST:
        return ""
    counts = Counter(last)
    for mark, share in STOPS_AT.items():
        if counts[mark] >= share * len(last):
            return f"Stopped: {counts[mark]} of the last {len(last)} calls {WORDS[mark]}"
    return ""


def why_hold(calls: int) -> str:
    return f"The first {calls} calls of this large campaign are done. Look at them, then resume."
