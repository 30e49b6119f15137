"""What becomes of a task when one of its calls is judged: the whole decision, pure.

A retry happens while attempts are left. A callback that the callee asked for at a certain time may exceed
`max_attempts` by one: somebody who says "call me tomorrow at ten" in the last attempt is not let down, and a callee
who always says so is still not called for ever.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

CALLBACKS_BEYOND_MAX_ATTEMPTS = 1

NEXT_DAY = timedelta(days=1)
RETRY_AFTER: Mapping[str, timedelta] = {
    "busy": timedelta(minutes=10),
    "no_answer": timedelta(hours=2),
    "unreachable": NEXT_DAY,
    "voicemail": NEXT_DAY,
    "dropped": timedelta(minutes=2),
    "failed": timedelta(minutes=5),
    "lost": timedelta(minutes=10),
    "completed": timedelta(hours=2),
}
"""How long a task waits after a call with this outcome; outcomes that are not listed are not retried."""

RETRY_WORDS: Mapping[str, str] = {
    "busy": "was busy",
    "no_answer": "did not answer",
    "unreachable": "could not be reached",
    "voicemail": "voicemail answered",
    "dropped": "the call broke off",
    "failed": "the call failed",
    "lost": "the call was lost",
    "completed": "is not done yet",
}
"""Why a task waits; pages put the time behind it."""


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """`attempts` counts the calls so far, with the judged one; `listed`: the number is on the do-not-call list."""

    attempts: int
    max_attempts: int
    time_zone: ZoneInfo
    listed: bool = False
    campaign_cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """What counts of the call's outcome and verdict."""

    outcome: str
    end_reason: str
    task_completed: bool
    reason: str
    next_call_needed: bool
    next_call_at: datetime | None = None
    do_not_call_requested: bool = False


@dataclass(frozen=True, slots=True)
class Complete:
    conclusion: str
    code: str = "achieved"


@dataclass(frozen=True, slots=True)
class Fail:
    """`list_number`: the number must be on the do-not-call list from now on."""

    code: str
    conclusion: str
    list_number: bool = False


@dataclass(frozen=True, slots=True)
class Cancel:
    conclusion: str
    code: str = "cancelled"


@dataclass(frozen=True, slots=True)
class TryAgain:
    at: datetime
    why: str


NextStep = Complete | Fail | Cancel | TryAgain


def next_step(task: TaskFacts, judged: Judged, now: datetime) -> NextStep:
    """The first rule that fits decides; somebody's no comes before everything else."""
    if judged.do_not_call_requested:
        return Fail("do_not_call", judged.reason or "Does not want to be called.", list_number=True)
    if judged.task_completed:
        return Complete(judged.reason)
    if task.listed:
        return Fail("do_not_call", "The number is on the do-not-call list.")
    if task.campaign_cancelled or judged.outcome == "cancelled":
        return Cancel("Cancelled." if task.campaign_cancelled else judged.end_reason or "The call was cancelled.")
    if judged.outcome == "blocked":
        return Fail("blocked", judged.end_reason or "The call is not allowed.")
    if judged.next_call_needed:
        return _another_call(task, judged, now)
    code = "rejected" if judged.outcome == "rejected" else "not_achieved"
    return Fail(code, judged.reason)


def _another_call(task: TaskFacts, judged: Judged, now: datetime) -> NextStep:
    if judged.next_call_at is not None and judged.next_call_at > now:
        if task.attempts < task.max_attempts + CALLBACKS_BEYOND_MAX_ATTEMPTS:
            return TryAgain(judged.next_call_at, "asked to be called again")
        return _used_up(task, judged)
    wait = RETRY_AFTER.get(judged.outcome)
    if wait is None:
        return Fail("rejected" if judged.outcome == "rejected" else "not_achieved", judged.reason)
    if task.attempts >= task.max_attempts:
        return _used_up(task, judged)
    return TryAgain(_later(now, wait, task.time_zone), RETRY_WORDS[judged.outcome])


def _used_up(task: TaskFacts, judged: Judged) -> Fail:
    calls = "1 call" if task.attempts == 1 else f"{task.attempts} calls"
    return Fail("attempts_used_up", f"Not done after {calls}. {judged.reason}".strip())


def _later(now: datetime, wait: timedelta, zone: ZoneInfo) -> datetime:
    """`wait` from now; whole days keep the time on the callee's clock, also when it is changed in between."""
    if wait % NEXT_DAY:
        return now + wait
    return (now.astimezone(zone) + wait).astimezone(now.tzinfo)
