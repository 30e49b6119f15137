"""The judgement of calls in which the callee said nothing: by outcome, without a model. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

TRY_AGAIN = frozenset({"completed", "no_answer", "busy", "unreachable", "voicemail", "dropped", "failed", "lost"})

MACHINES: Mapping[str, str] = {
    "fax": "This number is a fax machine.",
    "voicemail": "A voicemail answered.",
}
MESSAGE_LEFT = "A voicemail answered, and a message was left."

REASONS: Mapping[str, str] = {
    "completed": "The callee said nothing.",
    "no_answer": "Nobody answered.",
    "busy": "The line was busy.",
    "rejected": "The call was rejected.",
    "unreachable": "The number could not be reached.",
    "voicemail": "A voicemail answered.",
    "dropped": "The call broke off before the callee said anything.",
    "failed": "The call failed.",
    "blocked": "The call was not allowed.",
    "cancelled": "The call was cancelled.",
    "lost": "The call was lost.",
}
NAMING_THE_CAUSE = frozenset({"unreachable", "failed", "blocked", "cancelled", "lost"})


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a verdict says, whoever judged. Texts are for people; `next_call_at` is aware."""

    method: str  # "model" or "rule"
    task_completed: bool
    reason: str
    summary: str
    next_call_needed: bool
    next_call_at: datetime | None = None
    next_instructions: str = ""
    do_not_call_requested: bool = False
    results: tuple[Mapping[str, object], ...] = ()
    evidence_turns: tuple[int, ...] = ()


def by_outcome(
    outcome: str, end_reason: str, *, do_not_call_requested: bool = False, next_call_at: datetime | None = None
) -> Judgement:
    """`end_reason` says in words why the call ended; the rest is what the agent noted during the call."""
    reason = REASONS.get(outcome, "The call ended.")
    if end_reason and outcome in NAMING_THE_CAUSE:
        reason = f"{reason.removesuffix('.')}: {end_reason.removesuffix('.')}."
    return Judgement(
        method="rule",
        task_completed=False,
        reason=reason,
        summary=reason,
        next_call_needed=outcome in TRY_AGAIN and not do_not_call_requested,
        next_call_at=None if do_not_call_requested else next_call_at,
        do_not_call_requested=do_not_call_requested,
    )


def by_machine(kind: str, *, message_left: bool, do_not_call_requested: bool) -> Judgement:
    """A machine answered, and the plan says what that means: nothing that it played was said by anybody."""
    reason = MESSAGE_LEFT if message_left else MACHINES[kind]
    return Judgement(
        method="rule",
        task_completed=False,
        reason=reason,
        summary=reason,
        next_call_needed=kind != "fax" and not do_not_call_requested,
        do_not_call_requested=do_not_call_requested,
    )


def without_judge(why: str, *, do_not_call_requested: bool, next_call_at: datetime | None) -> Judgement:
    """The callee spoke, but no judge could be found: nothing is claimed, and a person must look."""
    reason = f"Nobody could judge this call ({why.removesuffix('.')}). Read its transcript."
    return Judgement(
        method="rule",
        task_completed=False,
        reason=reason,
        summary=reason,
        next_call_needed=next_call_at is not None and not do_not_call_requested,
        next_call_at=None if do_not_call_requested else next_call_at,
        do_not_call_requested=do_not_call_requested,
    )
