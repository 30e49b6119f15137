"""Tasks and campaigns in words. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from calls.contracts import VoicemailPolicy
from campaigns.states import CampaignStatus, TaskStatus
from opendeep.core import words
from opendeep.core.words import Pill

SOON = timedelta(minutes=1)

TASK_PILLS: dict[TaskStatus, Pill] = {
    TaskStatus.PENDING: Pill("Waiting", "still"),
    TaskStatus.IN_PROGRESS: Pill("Under way", "live"),
    TaskStatus.PENDING_ANALYSIS: Pill("Being judged", "live"),
    TaskStatus.PENDING_USER_INFO: Pill("Waits for you", "wait"),
    TaskStatus.ON_HOLD: Pill("On hold", "wait"),
    TaskStatus.COMPLETED: Pill("Done", "ok"),
    TaskStatus.FAILED_CONCLUSIVE: Pill("Not done", "still"),
    TaskStatus.CANCELLED: Pill("Cancelled", "still"),
}

CONCLUSION_PILLS: dict[str, Pill] = {
    "do_not_call": Pill("Do not call", "stop"),
    "blocked": Pill("Not allowed", "stop"),
    "attempts_used_up": Pill("Not reached", "still"),
    "rejected": Pill("Declined", "still"),
    "voicemail": Pill("Voicemail", "still"),
    "fax": Pill("Fax machine", "stop"),
    "not_achieved": Pill("Not done", "still"),
}

VOICEMAIL_WORDS: dict[VoicemailPolicy, str] = {
    "as_instructed": "Do what the instructions say",
    "leave_message": "Leave one message after the beep; call again only if an answer is needed",
    "try_again": "Hang up and call again later",
    "hang_up": "Hang up and do not call again",
}

PRIORITY_WORDS = {
    "high": "Before others: it is urgent",
    "normal": "In turn with the others",
    "low": "After others: it can wait",
}

LINE_PILLS: dict[str, Pill] = {
    "queued": Pill("Next", "live"),
    "preparing": Pill("Getting ready", "live"),
    "dialing": Pill("Dialling", "live"),
    "ringing": Pill("Ringing", "live"),
    "answered": Pill("Talking", "live"),
    "talking": Pill("Talking", "live"),
}
"""The state of a task's unfinished call, as calls.contracts.CallView names it."""

CAMPAIGN_PILLS: dict[CampaignStatus, Pill] = {
    CampaignStatus.RUNNING: Pill("Running", "live"),
    CampaignStatus.PAUSED: Pill("Paused", "wait"),
    CampaignStatus.FINISHED: Pill("Finished", "ok"),
    CampaignStatus.CANCELLED: Pill("Cancelled", "still"),
}


def task_pill(
    status: str,
    conclusion_code: str,
    call_state: str,
    due_at: datetime | None,
    now: datetime,
    zone: ZoneInfo,
    *,
    by_date: bool = False,
) -> Pill:
    """The state of a task. One that waits for a certain time says the time: `by_date` where it is read later too."""
    known = TaskStatus(status)
    if known is TaskStatus.FAILED_CONCLUSIVE:
        return CONCLUSION_PILLS.get(conclusion_code, TASK_PILLS[known])
    if known in (TaskStatus.PENDING, TaskStatus.IN_PROGRESS) and due_at is not None and due_at > now + SOON:
        said = (words.dated if by_date else words.moment)(due_at, now=now, zone=zone)
        return Pill(said[0].upper() + said[1:], "info")
    if known is TaskStatus.IN_PROGRESS:
        return LINE_PILLS.get(call_state, TASK_PILLS[known])
    return TASK_PILLS[known]


def voicemail_words(policy: VoicemailPolicy, *, needs_answer: bool) -> str:
    """What the plan says about voicemails, and what that means for this plan."""
    if policy != "leave_message":
        return VOICEMAIL_WORDS[policy]
    if needs_answer:
        return "Leave one message after the beep, and call again for the answer"
    return "Leave a message after the beep; that completes the call"


def people(count: int) -> str:
    return words.counted(count, "person", "people")


def start_button(names: Sequence[str], when: str = "") -> str:
    """The words on the button that confirms a plan; `when` is the start of one that does not start at once."""
    if len(names) != 1:
        return f"Start calling {people(len(names))}" + (f" {when}" if when else "")
    return f"Call {names[0]} {when or 'now'}" if names[0] else f"Call {when or 'now'}"
