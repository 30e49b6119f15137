"""What becomes of a task when one of its calls is judged: the whole decision, pure.

A retry happens while attempts are left. A callback that the callee asked for at a certain time may exceed
`max_attempts` by one: somebody who says "call me tomorrow at ten" in the last attempt is not let down, and a callee
who always says so is still not called for ever.

A call that our own line failed was none: it uses up no attempt, and is made again soon. Some numbers are told by the
networks to have no line for ever, so only so many such calls are free.

A voicemail is settled by the plan: a message that was left completes a task that needs no answer. A fax machine is
nobody who could be called again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from calls.contracts import VoicemailPolicy
from campaigns.planning.retries import DEFAULT_TABLE, Table, after_trunk_fault, retry_at

CALLBACKS_BEYOND_MAX_ATTEMPTS = 1
FREE_TRUNK_FAULTS = 5
"""Of one task; what its line fails after that counts by its outcome, as any other call."""

RETRY_WORDS: Mapping[str, str] = {
    "busy": "was busy",
    "no_answer": "did not answer",
    "unreachable": "could not be reached",
    "voicemail": "voicemail answered",
    "dropped": "the call broke off",
    "failed": "the call failed",
    "lost": "the call was lost",
    "completed": "is not done yet",
    "rejected": "declined the call",
}
"""Why a task waits; pages put the time behind it."""
ANSWERED = "you have answered"
LINE_FAILED = "our line failed"


OwnersPart = Literal["", "unanswered", "answered_late"]
"""What the owner was asked during the call: nothing that is still open, something without an answer, or something
whose answer came too late for that call."""


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """`attempts` counts the calls so far, with the judged one; `listed`: the number is on the do-not-call list.
    `trunk_faults` of all calls so far, with the judged one, were failed by our own line.

    `needs_answer`: a call shall find something out, so that a message alone settles nothing. `seed` names the task;
    `opening` gives the first moment within the calling hours from a moment on, None when they never open.
    """

    attempts: int
    max_attempts: int
    time_zone: ZoneInfo
    trunk_faults: int = 0
    listed: bool = False
    campaign_cancelled: bool = False
    campaign_ends_at: datetime | None = None
    retries: Table = field(default_factory=lambda: DEFAULT_TABLE)
    seed: str = ""
    voicemail: VoicemailPolicy = "as_instructed"
    needs_answer: bool = False
    opening: Callable[[datetime], datetime | None] = lambda moment: moment


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
    is_fax: bool = False
    message_left: bool = False
    trunk_fault: bool = False
    question: OwnersPart = ""


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
    """`uses_attempt`: False when the judged call does not count as one."""

    at: datetime
    why: str
    uses_attempt: bool = True


@dataclass(frozen=True, slots=True)
class AskOwner:
    """Nobody is called before the owner has answered, or goes on without."""


NextStep = Complete | Fail | Cancel | TryAgain | AskOwner


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
    if judged.trunk_fault and task.trunk_faults <= FREE_TRUNK_FAULTS:
        return _same_attempt_again(task, now)
    if judged.is_fax:
        return Fail("fax", judged.reason)
    if judged.outcome == "voicemail" and task.voicemail != "as_instructed":
        return _after_voicemail(task, judged, now)
    if judged.question and not _is_agreed(judged, now):
        return _after_question(task, judged, now)
    if judged.next_call_needed or (judged.outcome == "rejected" and task.retries.get("rejected")):
        return _another_call(task, judged, now)
    code = "rejected" if judged.outcome == "rejected" else "not_achieved"
    return Fail(code, judged.reason)


def _same_attempt_again(task: TaskFacts, now: datetime) -> NextStep:
    moment = after_trunk_fault(task.trunk_faults, now, task.time_zone, task.seed)
    step = _in_its_time(task, moment, LINE_FAILED)
    return replace(step, uses_attempt=False) if isinstance(step, TryAgain) else step


def _after_voicemail(task: TaskFacts, judged: Judged, now: datetime) -> NextStep:
    if task.voicemail == "leave_message" and judged.message_left and not task.needs_answer:
        return Complete("A message was left on a voicemail.", "message_left")
    if task.voicemail == "hang_up":
        return Fail("voicemail", "A voicemail answered, and the plan says not to call again.")
    return _another_call(task, judged, now)


def _is_agreed(judged: Judged, now: datetime) -> bool:
    """The callee was promised a call at a certain time: it is kept, and knows the answer if there is one by then."""
    return judged.next_call_needed and judged.next_call_at is not None and judged.next_call_at > now


def _after_question(task: TaskFacts, judged: Judged, now: datetime) -> NextStep:
    """Somebody was told that we call back: that call, too, may exceed `max_attempts`."""
    if task.attempts >= task.max_attempts + CALLBACKS_BEYOND_MAX_ATTEMPTS:
        return _used_up(task, judged)
    if judged.question == "answered_late":
        return _in_its_time(task, now, ANSWERED)
    if task.campaign_ends_at is not None and now >= task.campaign_ends_at:
        return Fail("campaign_over", "The campaign ended before its owner had answered.")
    return AskOwner()


def _another_call(task: TaskFacts, judged: Judged, now: datetime) -> NextStep:
    if judged.next_call_at is not None and judged.next_call_at > now:
        if task.attempts < task.max_attempts + CALLBACKS_BEYOND_MAX_ATTEMPTS:
            return _in_its_time(task, judged.next_call_at, "asked to be called again")
        return _used_up(task, judged)
    moment = retry_at(task.retries, judged.outcome, task.attempts, now, task.time_zone, task.seed)
    if moment is None:
        return Fail("rejected" if judged.outcome == "rejected" else "not_achieved", judged.reason)
    if task.attempts >= task.max_attempts:
        return _used_up(task, judged)
    return _in_its_time(task, moment, RETRY_WORDS[judged.outcome])


def _in_its_time(task: TaskFacts, moment: datetime, why: str) -> NextStep:
    """Within the calling hours and before the campaign's end. Of hours that never open the gate says so in words."""
    moment = task.opening(moment) or moment
    if task.campaign_ends_at is not None and moment >= task.campaign_ends_at:
        return Fail("campaign_over", f"The campaign ends before the next call: {why}.")
    return TryAgain(moment, why)


def _used_up(task: TaskFacts, judged: Judged) -> Fail:
    calls = "1 call" if task.attempts == 1 else f"{task.attempts} calls"
    return Fail("attempts_used_up", f"Not done after {calls}. {judged.reason}".strip())
