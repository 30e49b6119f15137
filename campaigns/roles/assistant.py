"""The assistant: turns what somebody wants into a plan, and asks for what is missing."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, StringConstraints

from campaigns.models import Message
from campaigns.planning.fields import Value
from campaigns.planning.plan import Plan
from campaigns.planning.questions import Question
from opendeep.core.llm.roles import ChatTurn, Role

PROMPTS = Path(__file__).resolve().parent.parent / "prompts"

ReplyStatus = Literal["clarifying", "needs_more_info", "plan_complete"]


class AssistantReply(Value):
    status: ReplyStatus
    message: Annotated[str, StringConstraints(min_length=1, max_length=10_000)]
    questions: Annotated[tuple[Question, ...], Field(max_length=20)] = ()
    plan: Plan | None = None


ASSISTANT = Role(name="assistant_reply", prompt=PROMPTS / "assistant" / "v1.md", answer=AssistantReply)


def prompt_values(at: datetime, zone: ZoneInfo) -> dict[str, str]:
    return {"now": f"{at.astimezone(zone):%Y-%m-%dT%H:%M} ({zone.key})", "weekday": f"{at.astimezone(zone):%A}"}


def chat_turns(messages: Iterable[Message]) -> list[ChatTurn]:
    return [ChatTurn(message.role, _content(message)) for message in messages]


def _content(message: Message) -> str:
    if message.role == Message.Role.ASSISTANT:
        return _dumped(
            {
                "status": message.reply_status,
                "message": message.text,
                "questions": message.questions,
                "plan": message.plan,
            }
        )
    if message.plan is not None:
        return f"{message.text}\n<edited_plan>\n{_dumped(message.plan)}\n</edited_plan>"
    if message.answers:
        return f"<answers>\n{_dumped(message.answers)}\n</answers>"
    return message.text


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False).replace("</", "<\\/")


def complaint(reply: AssistantReply, zone: ZoneInfo, at: datetime) -> str | None:
    """What makes a well-formed reply unusable, in words for the model."""
    if reply.status == "plan_complete":
        if reply.plan is None:
            return "status is plan_complete, but plan is null."
        wrong = reply.plan.time_complaints(zone, at)
        return " ".join(words for found in wrong.values() for words in found) or None
    if reply.plan is not None:
        return f"status is {reply.status}, so plan must be null."
    if reply.status == "needs_more_info" and not reply.questions:
        return "status is needs_more_info, but there are no questions."
    return _doubles(reply.questions)


def _doubles(questions: Sequence[Question]) -> str | None:
    names = [question.field for question in questions]
    double = next((name for name in names if names.count(name) > 1), None)
    return f"two questions have the field {double}." if double else None
