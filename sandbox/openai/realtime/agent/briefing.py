"""The session's instructions -> what the agent has to say, ask and know.

Lines of their own are read by label: `Opening sentence:`, `Goal:`, `Now:`; any other `Label: value` line is a
fact that may answer a question. Instructions without labels still give a goal: their first order to the agent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

DEFAULT_OPENING = "Hello, this is an automated assistant."
DEFAULT_PURPOSE = "I am calling with a short question. Do you have a moment?"

_LABELLED = re.compile(r"^\s*(?:[-*]\s*)?([A-Z][\w' -]{1,40}?):\s+(\S.*)$")
_ORDER = re.compile(
    r"\b(ask|remind|find out|check|confirm|book|inform|tell|invite|offer|collect|arrange|schedule)\b[^.\n]*",
    re.I,
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_SAY = re.compile(r"^\s*Say(?: exactly)?:\s*[\"“]?(.+?)[\"”]?\s*$", re.I | re.M)

_SECOND_PERSON = (
    (r"\b(?:he or she|she or he|he/she|they|he|she)\s+(?:are|is)\b", "you are"),
    (r"\b(?:he or she|she or he|he/she|they|he|she)\s+(?:has|have)\b", "you have"),
    (r"\b(?:he or she|she or he|he/she|they|he|she)\s+(?:does|do)\b", "you do"),
    (
        r"\b(?:he or she|she or he|he/she|he|she)\s+(want|need|like|prefer|agree|know|plan|wish|accept|keep|come)s\b",
        r"you \1",
    ),
    (r"\bthe (?:customer|callee|patient|client|person|contact|guest|recipient|owner|member)s?'s?\s", "your "),
    (
        r"\bthe (?:customer|callee|patient|client|person|contact|guest|recipient|owner|member)s?\s+"
        r"(want|need|like|prefer|agree|know|plan|wish|accept|keep|come)s?\b",
        r"you \1",
    ),
    (
        r"\bthe (?:customer|callee|patient|client|person|contact|guest|recipient|owner|member)s?\s+(?:is|are)\b",
        "you are",
    ),
    (r"\bthe (?:customer|callee|patient|client|person|contact|guest|recipient|owner|member)s?\b", "you"),
    (r"\b(?:he or she|she or he|he/she|they|them|him|he|she)\b", "you"),
    (r"\b(?:their|his or her|his|her)\b", "your"),
    (r"\btheirs\b", "yours"),
    (r"\b(?:themselves|himself|herself)\b", "yourself"),
)
_NEGATABLE = re.compile(r"^(are|can|could|will|would|have|should|may|do)\b(.*)$", re.S)


@dataclass(frozen=True)
class Briefing:
    """opening: said first. purpose: the question or message of the call, in the second person."""

    opening: str
    purpose: str
    clause: str
    facts: tuple[str, ...]
    now: datetime | None
    say: str | None

    @property
    def introduction(self) -> str:
        """Opening and purpose; an opening that asks already is complete."""
        return self.opening if self.opening.endswith("?") else f"{self.opening} {self.purpose}"

    def confirmation(self, *, positive: bool) -> str:
        """What was understood from a yes or a no: "I have noted that you want to keep your appointment."."""
        if not self.clause:
            return "I have noted a yes." if positive else "I have noted a no."
        if positive:
            return f"I have noted that you {self.clause}."
        auxiliary = _NEGATABLE.match(self.clause)
        if auxiliary and not (auxiliary[1] in {"have", "do"} and not auxiliary[2].strip()):
            verb = "cannot" if auxiliary[1] == "can" else f"{auxiliary[1]} not"
            return f"I have noted that you {verb}{auxiliary[2]}."
        return f"I have noted that you do not {self.clause}."


def read(instructions: str) -> Briefing:
    labels: dict[str, str] = {}
    facts: list[str] = []
    for line in instructions.splitlines():
        if match := _LABELLED.match(line):
            label, value = match[1].strip(), match[2].strip()
            labels.setdefault(label.lower(), value)
            if label.lower() not in {"opening sentence", "goal", "now", "say"}:
                facts.append(f"{label}: {value}")
    goal = labels.get("goal") or _first_order(instructions)
    asked = _second_person(_SENTENCE.split(goal)[0]) if goal else ""
    return Briefing(
        opening=_sentence(labels.get("opening sentence", DEFAULT_OPENING)),
        purpose=_purpose(asked),
        clause=_clause(asked),
        facts=tuple(facts),
        now=_moment(labels.get("now", "")),
        say=word_for_word(instructions),
    )


def word_for_word(text: str) -> str | None:
    """The sentence behind `Say:`, in instructions of one response or in a system message."""
    match = _SAY.search(text)
    return match[1] if match else None


def _first_order(instructions: str) -> str:
    match = _ORDER.search(instructions)
    return match[0].strip() if match else ""


def _second_person(text: str) -> str:
    for pattern, replacement in _SECOND_PERSON:
        text = re.sub(pattern, replacement, text, flags=re.I)
    text = re.sub(r"\b(book|get|find|reserve|order) me\b", r"\1", text, flags=re.I)
    return text.strip().rstrip(".!")


def _purpose(asked: str) -> str:
    if not asked:
        return DEFAULT_PURPOSE
    if asked.endswith("?"):
        return _sentence(asked)
    if _ORDER.match(asked) or asked.split()[0].lower() in {
        "make",
        "get",
        "talk",
        "speak",
        "let",
        "see",
        "give",
    }:
        return f"I am calling to {asked[0].lower()}{asked[1:]}."
    return f"I am calling about the following. {_sentence(asked)}"


def _clause(asked: str) -> str:
    """ "ask whether you want to come" -> "want to come"."""
    match = re.search(r"\b(?:whether|if) you\s+(.+)$", asked, re.I | re.S)
    return re.split(r"\s*(?:,|;|\band (?:note|write|ask|find|record)\b)", match[1])[0].strip() if match else ""


def _sentence(text: str) -> str:
    text = text.strip().strip("\"“”'")
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _moment(text: str) -> datetime | None:
    """ "2026-11-22T16:30 (America/New_York)" -> the local time, naive as the tools want it."""
    match = re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?", text)
    try:
        return datetime.fromisoformat(match[0]) if match else None
    except ValueError:
        return None
