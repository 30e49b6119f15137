"""The session's instructions -> what the agent has to say, ask and know.

Lines of their own are read by label: `Opening sentence:`, `Goal:`, `Now:`; any other `Label: value` line is a
fact that may answer a question. Instructions without labels still give a goal: their first order to the agent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from sandbox.openai.realtime.agent.second_person import to_second_person

DEFAULT_OPENING = "Hello, this is an automated assistant."
DEFAULT_PURPOSE = "I am calling with a short question. Do you have a moment?"

_OPENING, _GOAL, _NOW, _MESSAGE = "opening sentence", "goal", "now", "voicemail message"
_NO_FACTS = {_OPENING, _GOAL, _NOW, _MESSAGE}
_LABELLED = re.compile(r"^\s*(?:[-*]\s*)?([A-Z][\w' -]{1,40}?):\s+(\S.*)$")
_ORDERS = "ask|remind|find out|check|confirm|book|inform|tell|invite|offer|collect|arrange|schedule"
_MORE_ORDERS = "make|get|talk|speak|let|see|give|cancel|move|reserve|order|request|learn|verify|sell|apologi[sz]e"
_ORDER_ANYWHERE = re.compile(rf"\b(?:{_ORDERS})\b[^.\n]*", re.I)
_STARTS_WITH_ORDER = re.compile(rf"(?:{_ORDERS}|{_MORE_ORDERS})\b", re.I)
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_WHETHER = re.compile(r"\b(?:whether|if) you\s+(.+)$", re.I | re.S)
_CLAUSE_END = re.compile(r"\s*(?:,|;|\band (?:note|write|ask|find|record)\b)")
_AUXILIARY = re.compile(r"(are|were|can|could|will|would|should|may)\b(.*)", re.S)
_WORD_FOR_WORD = (
    re.compile(r"^\s*Say(?: exactly)?:\s*[\"“]?(.+?)[\"”]?\s*$", re.I | re.M),
    re.compile(r"\b(?:say|tell)\b[^\"“\n]*[\"“]([^\"”]+)[\"”]", re.I),
)
_LEAVE_MESSAGE = re.compile(r"(\bnot |\bnever |n't )?\bleave\b(?! no\b)[^.\n]{0,20}\bmessage\b", re.I)
_LOCAL_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?")


@dataclass(frozen=True)
class Briefing:
    """opening: said first. purpose: the question or message of the call, in the second person.

    clause: what a yes agrees to ("want to keep your appointment"), "" when the goal is no such question.
    facts: `Label: value` lines. now: the callee's local time at the start of the call, naive.
    message: what to say to a voicemail, "" when nothing is ordered; leaves_messages: whether to say anything.
    """

    opening: str
    purpose: str
    clause: str
    facts: tuple[str, ...]
    now: datetime | None
    message: str = ""
    leaves_messages: bool = False

    @property
    def introduction(self) -> str:
        """Opening and purpose; an opening that asks already is complete."""
        return self.opening if self.opening.endswith("?") else f"{self.opening} {self.purpose}"

    def confirmation(self, *, positive: bool) -> str:
        """What was understood from a yes or a no."""
        if not self.clause:
            return "I have noted a yes." if positive else "I have noted a no."
        return f"I have noted that you {self.clause if positive else _negated(self.clause)}."


def read(instructions: str) -> Briefing:
    """Of a label that stands there twice the first line counts."""
    lines = [(match[1], match[2].strip()) for match in map(_LABELLED.match, instructions.splitlines()) if match]
    labels = {label.lower(): value for label, value in reversed(lines)}
    goal = labels.get(_GOAL) or _first_order(instructions)
    asked = to_second_person(_SENTENCE.split(goal)[0]).strip().rstrip(".!")
    return Briefing(
        opening=_sentence(labels.get(_OPENING, DEFAULT_OPENING)),
        purpose=_purpose(asked),
        clause=_clause(asked),
        facts=tuple(f"{label}: {value}" for label, value in lines if label.lower() not in _NO_FACTS),
        now=_moment(labels.get(_NOW, "")),
        message=labels.get(_MESSAGE, ""),
        leaves_messages=_MESSAGE in labels or _leaves_messages(instructions),
    )


def word_for_word(order: str) -> str | None:
    """The sentence that the instructions of one response, or a system message, want said: `Say: …`, or quoted."""
    return next((match[1] for pattern in _WORD_FOR_WORD if (match := pattern.search(order))), None)


def _leaves_messages(instructions: str) -> bool:
    """The first word about it counts."""
    match = _LEAVE_MESSAGE.search(instructions)
    return match is not None and not match[1]


def _first_order(instructions: str) -> str:
    match = _ORDER_ANYWHERE.search(instructions)
    return match[0].strip() if match else ""


def _purpose(asked: str) -> str:
    if not asked:
        return DEFAULT_PURPOSE
    if asked.endswith("?"):
        return _sentence(asked)
    if _STARTS_WITH_ORDER.match(asked):
        return f"I am calling to {asked[0].lower()}{asked[1:]}."
    return f"I am calling about the following. {_sentence(asked)}"


def _clause(asked: str) -> str:
    match = _WHETHER.search(asked)
    return _CLAUSE_END.split(match[1])[0].strip() if match else ""


def _negated(clause: str) -> str:
    auxiliary = _AUXILIARY.match(clause)
    return f"{auxiliary[1]} not{auxiliary[2]}" if auxiliary else f"do not {clause}"


def _sentence(text: str) -> str:
    text = text.strip().strip("\"“”'")
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _moment(text: str) -> datetime | None:
    """ "2026-11-22T16:30 (America/New_York)": the zone is the callee's, as are the times that the tools want."""
    match = _LOCAL_TIME.match(text)
    try:
        return datetime.fromisoformat(match[0]) if match else None
    except ValueError:
        return None
