"""The values of the result fields, each with the turn of the callee that shows it."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.openai.chat.analyst.call import Call, Utterance
from sandbox.openai.chat.analyst.wishes import (
    has_no_interest,
    is_courtesy,
    is_wrong_number,
    wants_callback,
    wants_no_calls,
)
from sandbox.openai.chat.language.moments import find_moment
from sandbox.openai.chat.language.numbers import PATTERN as NUMBER
from sandbox.openai.chat.language.numbers import value_of
from sandbox.openai.chat.language.polarity import agrees
from sandbox.openai.chat.language.words import words

STEM_CHARS = 5
MAX_TEXT_CHARS = 300

_EMPTY_WORDS = words(
    """ask whether they them their the and for with that this what when who will would want wants have has had are is
    was were can could about your you our his her its from into than then please tell note find out call"""
)


@dataclass(frozen=True)
class Finding:
    field: str
    label: str
    value: str
    turn: int


def findings_of(call: Call) -> list[Finding]:
    """One finding per field that was answered; what was said last counts."""
    found: dict[str, Finding] = {}
    for utterance in call.utterances:
        if _is_something_else(utterance, call):
            continue
        for field in _fields_meant(utterance, call):
            value = _READERS.get(str(field.get("type")), _text)(field, utterance, call)
            if value is not None:
                label = str(field.get("label") or field["name"])
                found[field["name"]] = Finding(field["name"], label, value, utterance.turn)
    return [found[field["name"]] for field in call.fields if field["name"] in found]


def _is_something_else(utterance: Utterance, call: Call) -> bool:
    return (
        is_courtesy(utterance)
        or wants_no_calls(utterance)
        or is_wrong_number(utterance)
        or wants_callback(utterance, call.now)
    )


def _fields_meant(utterance: Utterance, call: Call) -> Iterable[Mapping[str, Any]]:
    """The fields whose words the callee uses; else those that the agent asked about; else the only one there is."""
    for text in (utterance.text, utterance.asked):
        scores = {field["name"]: len(_field_stems(field) & _stems(text)) for field in call.fields}
        best = max(scores.values(), default=0)
        if best:
            return [field for field in call.fields if scores[field["name"]] == best]
    about_goal = _stems(call.goal) & _stems(utterance.asked)
    return call.fields if len(call.fields) == 1 and about_goal else ()


def _field_stems(field: Mapping[str, Any]) -> set[str]:
    return _stems(
        f"{field['name'].replace('_', ' ')} {field.get('label') or ''} {' '.join(field.get('options') or [])}"
    )


def _stems(text: str) -> set[str]:
    """The meaning words of a text, cut so that "keeps" meets "keep"."""
    spoken = re.findall(r"[a-z]{3,}", text.lower())
    return {word.rstrip("s")[:STEM_CHARS] for word in spoken if word not in _EMPTY_WORDS}


def _yes_no(field: Mapping[str, Any], utterance: Utterance, call: Call) -> str | None:
    text = utterance.text
    if "cancel" in str(field["name"]):
        text = re.sub(r"\bcancel\w*", "do that", text, flags=re.IGNORECASE)
    answer = agrees(text)
    if answer is None and has_no_interest(utterance):
        answer = False
    if answer is None and _field_stems(field) & _stems(text) and "?" not in text:
        answer = True  # "Keep it, please": the field's own word, and nothing against it
    return None if answer is None else "yes" if answer else "no"


def _choice(field: Mapping[str, Any], utterance: Utterance, call: Call) -> str | None:
    options = [str(option) for option in field.get("options") or []]
    said = utterance.text.lower()
    named = [option for option in options if re.search(rf"\b{re.escape(option.lower())}\b", said)]
    wanted = [
        option for option in named if not re.search(rf"\b(?:not|no)\b[^,.;]*\b{re.escape(option.lower())}\b", said)
    ]
    return wanted[0] if len(wanted) == 1 else None


def _number(field: Mapping[str, Any], utterance: Utterance, call: Call) -> str | None:
    found = re.search(rf"(?<![\w.])(?:\d+(?:[.,]\d+)?|{NUMBER})(?!\w)", utterance.text, re.IGNORECASE)
    if found is None or found[0].lower() in {"a", "an"}:
        return None
    value = value_of(found[0])
    return found[0].replace(",", ".") if value is None else str(value)


def _moment(utterance: Utterance, now: datetime | None) -> datetime | None:
    """Named by the callee, or named by the agent and agreed to."""
    said = find_moment(utterance.text, now) if now else None
    if said is None and now and agrees(utterance.text):
        said = find_moment(utterance.asked, now)
    return said.at if said else None


def _date(field: Mapping[str, Any], utterance: Utterance, call: Call) -> str | None:
    at = _moment(utterance, call.now)
    return at.strftime("%Y-%m-%d") if at else None


def _datetime(field: Mapping[str, Any], utterance: Utterance, call: Call) -> str | None:
    at = _moment(utterance, call.now)
    return at.strftime("%Y-%m-%dT%H:%M") if at else None


def _text(field: Mapping[str, Any], utterance: Utterance, call: Call) -> str | None:
    return utterance.text[:MAX_TEXT_CHARS]


_READERS: dict[str, Callable[[Mapping[str, Any], Utterance, Call], str | None]] = {
    "yes_no": _yes_no,
    "choice": _choice,
    "number": _number,
    "date": _date,
    "datetime": _datetime,
    "text": _text,
}
