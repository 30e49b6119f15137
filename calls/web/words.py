"""Calls in words: states, outcomes, what was heard. Pure."""

from collections.abc import Mapping
from statistics import median
from typing import Any

from calls.contracts import CalleeKind
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

RULE_WORDS = {
    "destination": "the number",
    "country": "allowed countries",
    "do_not_call": "do not call",
    "consent": "consent",
    "organization_paused": "all calls are paused",
    "campaign_paused": "the campaign is paused",
    "campaign_window": "the campaign's time",
    "calling_hours": "calling hours",
    "public_holiday": "public holiday",
    "one_live_call": "one call at a time",
    "minimum_gap": "pause between calls",
    "frequency": "calls to one number",
    "spending_cap": "spending cap",
    "line": "a free line",
    "trunk": "the line is out of order",
    "rate": "calls per second",
    "gateway": "a voice gateway",
    "voice": "the voice",
    "pbx": "the telephone system",
}

CALLEE_WORDS: dict[CalleeKind, str] = {
    CalleeKind.PERSON: "a person",
    CalleeKind.VOICEMAIL: "a voicemail",
    CalleeKind.MENU: "a phone menu",
    CalleeKind.FAX: "a fax machine",
    CalleeKind.SILENCE: "nobody spoke",
}
"""Whoever is unknown is not spoken of."""

SPEAKERS = {"agent": "Agent", "callee": "Callee", "system": "Note"}


def call_pill(state: str, outcome: str) -> Pill:
    if state == State.ENDED:
        return OUTCOME_WORDS[Outcome(outcome)]
    return LIVE_WORDS[State(state)]


def decision_words(detail: Mapping[str, Any]) -> str:
    """What the gate decided (the detail of an event "gate" or "waits"), for example "Waits: calling hours"."""
    rule = detail.get("rule") or detail.get("for") or ""
    said = RULE_WORDS.get(rule, str(rule).replace("_", " "))
    match detail.get("decision"):
        case "allow":
            return "May be dialled: every rule allows it"
        case "deny":
            return f"May not be dialled: {said}"
    return f"Waits: {said}"


def callee_words(kind: str, *, message_left: bool) -> str:
    """Who answered, for example "a voicemail, a message was left"; empty when that is not known."""
    said = CALLEE_WORDS.get(CalleeKind(kind), "")
    return ", ".join(part for part in (said, "a message was left" if message_left else "") if part)


def heard_and_unheard(text: str, heard_text: str) -> tuple[str, str]:
    """What was said, split where the other side stopped hearing it.

    A cut in the middle of a word counts the whole word as unheard; a `heard_text` that is no beginning of `text`
    is taken as it is, and nothing is claimed about the rest.
    """
    if not text.startswith(heard_text):
        return heard_text or text, ""
    cut = len(heard_text)
    if 0 < cut < len(text) and text[cut - 1].isalnum() and text[cut].isalnum():
        cut = max(heard_text.rfind(" "), 0)
    while cut < len(text) and text[cut].isspace():
        cut += 1
    return text[:cut], text[cut:]


def measures(figures: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The gateway's figures (audiogateway.figures.TalkFigures) in words; what was not measured is left out."""
    found = [
        ("First words after", _first_words(figures)),
        ("Reply after callee", _reply(figures)),
        ("Interrupted", _interruptions(figures)),
        ("Sound", _sound(figures)),
        ("Voice", _voice(figures)),
    ]
    return [(label, said) for label, said in found if said]


def _first_words(figures: Mapping[str, Any]) -> str:
    first = figures.get("first_audio_ms")
    return "" if first is None else words.seconds(first)


def _reply(figures: Mapping[str, Any]) -> str:
    waits = figures.get("voice_to_voice_ms")
    return f"{words.seconds(median(waits))} median" if waits else ""


def _interruptions(figures: Mapping[str, Any]) -> str:
    count = figures.get("interruptions")
    if count is None:
        return ""
    return words.counted(count, "time") if count else "never"


def _voice(figures: Mapping[str, Any]) -> str:
    losses = figures.get("voice_losses")
    if not losses:
        return ""
    return f"lost {words.counted(losses, 'time')}, for {words.seconds(figures.get('voice_away_ms', 0))}"


def _sound(figures: Mapping[str, Any]) -> str:
    if figures.get("late_frames") is None:
        return ""
    faults = [
        words.counted(figures.get(key, 0), word)
        for key, word in (("late_frames", "late frame"), ("skipped_frames", "lost frame"), ("underruns", "gap"))
        if figures.get(key)
    ]
    return ", ".join(faults) or "no late frames"
