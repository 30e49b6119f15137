"""Reads the messages of an `assistant_reply` request: what the user wrote, answered, and was told."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.openai.chat.request import Message

_NOW = re.compile(r"^Now: (\d{4}-\d\d-\d\dT\d\d:\d\d)", re.MULTILINE)
_REPAIR = re.compile(r"\banswer (?:cannot|could not|can't) be used\b.*\banswer again\b", re.IGNORECASE | re.DOTALL)
_EDITED = re.compile(r"<edited_plan>\s*(\{.*\})\s*</edited_plan>", re.DOTALL)
_ANSWERS = re.compile(r"<answers>\s*(\{.*\})\s*</answers>", re.DOTALL)


@dataclass(frozen=True)
class UserText:
    text: str


@dataclass(frozen=True)
class UserAnswers:
    """A submitted form: field -> value."""

    values: dict[str, Any]


@dataclass(frozen=True)
class OwnReply:
    """What this assistant answered earlier."""

    asked: tuple[str, ...] = ()
    plan: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class UserEdit:
    """A plan that the user has changed by hand."""

    plan: dict[str, Any]


Turn = UserText | UserAnswers | UserEdit | OwnReply


def turns_of(messages: Sequence[Message]) -> list[Turn]:
    """Answers that were sent back to be repaired are left out, together with the complaint about them."""
    turns: list[Turn] = []
    for message in messages:
        if message.role == "user" and _REPAIR.search(message.text):
            if turns and isinstance(turns[-1], OwnReply):
                turns.pop()
        elif message.role in {"user", "assistant"}:
            turns += _turns(message)
    return turns


def now_of(messages: Sequence[Message]) -> datetime | None:
    """The user's local time, as the system message tells it."""
    for message in messages:
        if message.role in {"system", "developer"} and (found := _NOW.search(message.text)):
            try:
                return datetime.fromisoformat(found[1])
            except ValueError:
                return None
    return None


def _turns(message: Message) -> list[Turn]:
    if message.role == "assistant":
        return [_own_reply(message.text)]
    if answers := _ANSWERS.search(message.text):
        return [UserAnswers(_object(answers[1]))]
    if edited := _EDITED.search(message.text):
        text = _EDITED.sub("", message.text).strip()
        edit = UserEdit(_object(edited[1]))
        return [edit, UserText(text)] if text else [edit]
    return [UserText(message.text)]


def _own_reply(text: str) -> OwnReply:
    reply = _object(text)
    questions = reply.get("questions")
    asked = [q["field"] for q in questions if _is_question(q)] if isinstance(questions, list) else []
    plan = reply.get("plan")
    return OwnReply(tuple(asked), plan if isinstance(plan, dict) else {})


def _is_question(question: object) -> bool:
    return isinstance(question, dict) and isinstance(question.get("field"), str)


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
