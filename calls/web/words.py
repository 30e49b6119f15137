"""Calls in words: states, outcomes, what was heard. Pure."""

from collections.abc import Mapping
from typing import Any

from calls.contracts import CalleeKind
from calls.states import Outcome, State
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
    "fault": "something to be mended",
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
