"""When a campaign is stopped for its owner to look: too many bad calls of late, or its first calls are done. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from campaigns.planning.fields import Value, complaint

Share = Annotated[float, Field(ge=0.01, le=1)]


class Brakes(Value):
    """The shares of the last `of_last` judged calls (at least `at_least`) at which a campaign stops; null: never.

    `failed`: failed, broke off or reached no number. `opted_out`: asked not to be called again. `silent`: answered, and
    nobody said a word.
    """

    of_last: Annotated[int, Field(ge=1, le=200)] = 20
    at_least: Annotated[int, Field(ge=1, le=200)] = 10
    failed: Share | None = 0.5
    opted_out: Share | None = 0.3
    silent: Share | None = 0.5

    @model_validator(mode="after")
    def _has_calls_enough(self) -> "Brakes":
        if self.at_least > self.of_last:
            raise complaint("at_least must not be more than of_last, or the campaign would never stop.")
        return self


class Mark(StrEnum):
    """What counts of a judged call."""

    FINE = "fine"
    FAILURE = "failure"
    OPT_OUT = "opt_out"
    SILENT = "silent"


WORDS: Mapping[Mark, str] = {
    Mark.OPT_OUT: "asked not to be called again. Look at what the agent says before you resume.",
    Mark.SILENT: "were answered and nobody said a word. Check whom these numbers reach, and the sound.",
    Mark.FAILURE: "failed, broke off or reached no number. Check the numbers and the line.",
}

FAILURES = frozenset({"failed", "lost", "dropped", "unreachable"})
NEVER_PLACED = frozenset({"blocked", "cancelled"})


def mark_of(outcome: str, *, opted_out: bool, callee_spoke: bool, trunk_fault: bool = False) -> Mark | None:
    """None for a call that was never placed, or failed by its trunk, which has a breaker of its own."""
    if opted_out:
        return Mark.OPT_OUT
    if outcome in NEVER_PLACED or trunk_fault:
        return None
    if outcome in FAILURES:
        return Mark.FAILURE
    return Mark.SILENT if outcome == "completed" and not callee_spoke else Mark.FINE


def why_stop(marks: Sequence[str], brakes: Brakes) -> str:
    """In words, from the marks of the last calls; empty when all is well."""
    last = marks[-brakes.of_last :]
    if len(last) < brakes.at_least:
        return ""
    counts = Counter(last)
    shares = {Mark.OPT_OUT: brakes.opted_out, Mark.SILENT: brakes.silent, Mark.FAILURE: brakes.failed}
    for mark, share in shares.items():
        if share is not None and counts[mark] >= share * len(last):
            return f"Stopped: {counts[mark]} of the last {len(last)} calls {WORDS[mark]}"
    return ""


def why_hold(calls: int) -> str:
    return f"The first {calls} calls of this large campaign are done. Look at them, then resume."
