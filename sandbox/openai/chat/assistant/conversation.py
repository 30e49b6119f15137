"""Reads the messages of an `assistant_reply` request: what the user wrote, answered, and was told."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.openai.chat.request import Message

_NOW = re.compile(r"^Now: (\d{4}-\d\d-\d\dT\d\d:\d\d)", re.MULTILINE)
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
    """What this assistant answered earlier. `plan` may have been changed by the user since."""

    asked: tuple[str, ...] = ()
    plan: dict[str, Any] = field(default_factory=dict)


Turn = UserText | UserAnswers | OwnReply


def turns_of(messages: Sequence[Message]) -> list[Turn]:
    return [_turn(message) for message in messages if message.role in {"user", "assistant"}]


def now_of(messages: Sequence[Message]) -> datetime | None:
    """The user's local time, as the system message tells it."""
    for message in messages:
        if message.role in {"system", "developer"} and (found := _NOW.search(message.text)):
            try:
                return datetime.fromisoformat(found[1])
            except ValueError:
                return None
    return None


def _turn(message: Message) -> Turn:
    if message.role == "assistant":
        return _own_reply(message.text)
    found = _ANSWERS.search(message.text)
    values = _object(found[1]) if found else {}
    return UserAnswers(values) if found else UserText(message.text)


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
