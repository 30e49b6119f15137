"""Calls in words: states, outcomes, what was heard. Pure."""

from collections.abc import Mapping
from typing import Any

from calls.states import Outcome, State
from opendeep.core import words
from opendeep.core.words import Pill

LIVE_WORDS: dict[State, Pill] = {
    State.QUEUED: Pill("Waiting", "still"),
    State.PREPARING: Pill("Getting ready", "live"),
    State.DIALING: Pill("Dialling", "live"),
    State.RINGING: Pill("Ringing", "live"),
    State.ANSWERED: Pill("Answered", "live"),
    State.TALKING: Pill("Talking", "live"),
}

OUTCOME_WORDS: dict[Outcome, Pill] = {
    Outcome.COMPLETED: Pill("Talked", "ok"),
    Outcome.NO_ANSWER: Pill("No answer", "still"),
    Outcome.BUSY: Pill("Busy", "still"),
    Outcome.REJECTED: Pill("Declined", "still"),
    Outcome.UNREACHABLE: Pill("Unreachable", "stop"),
    Outcome.VOICEMAIL: Pill("Voicemail", "info"),
    Outcome.DROPPED: Pill("Cut off", "wait"),
    Outcome.FAILED: Pill("Failed", "stop"),
    Outcome.BLOCKED: Pill("Not allowed", "stop"),
    Outcome.CANCELLED: Pill("Cancelled", "still"),
    Outcome.LOST: Pill("Lost", "wait"),
}

SPEAKERS = {"agent": "Agent", "callee": "Callee", "system": "Note"}


def call_pill(state: str, outcome: str) -> Pill:
    if state == State.ENDED:
        return OUTCOME_WORDS[Outcome(outcome)]
    return LIVE_WORDS[State(state)]


def heard_and_unheard(text: str, heard_text: str) -> tuple[str, str]:
    """What was said, split where the other side stopped hearing it.

    A cut in the middle of a word counts the whole word as unheard; a `heard_text` that is no beginning of `text`
    is taken as it is, and nothing is claimed about the rest.
    """
    if heard_text == text:
        return text, ""
    if not text.startswith(heard_text):
        return heard_text or text, ""
    cut = len(heard_text)
    if heard_text and not heard_text[-1].isspace() and not text[cut].isspace() and text[cut].isalnum():
        cut = max(heard_text.rfind(" ") + 1, 0)
    return text[:cut], text[cut:]


def measures(figures: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The gateway's figures (see calls.contracts) as label and words; what was not measured is left out."""
    found = [
        ("Reply after callee", _latency(figures)),
        ("Interrupted", _interruptions(figures)),
        ("Sound", _late_frames(figures)),
    ]
    return [(label, said) for label, said in found if said]


def _latency(figures: Mapping[str, Any]) -> str:
    latency = figures.get("reply_ms_p50")
    return f"{words.seconds(latency)} median" if latency is not None else ""


def _interruptions(figures: Mapping[str, Any]) -> str:
    count = figures.get("interruptions")
    if count is None:
        return ""
    silent_after = figures.get("barge_in_ms_max")
    said = words.counted(count, "time") if count else "never"
    return f"{said}, silent after {words.seconds(silent_after)}" if count and silent_after is not None else said


def _late_frames(figures: Mapping[str, Any]) -> str:
    late = figures.get("late_frames")
    if late is None:
        return ""
    return words.counted(late, "late frame") if late else "no late frames"
