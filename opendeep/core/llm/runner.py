"""Runs a role: ask, validate, one repair round on an invalid answer."""

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import structlog
from django.conf import settings
from pydantic import BaseModel, ValidationError

from opendeep.core.errors import RetryableError
from opendeep.core.llm.roles import Answer, ChatTurn, Role, RoleResult
from opendeep.core.llm.schema import strict_schema

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletion

log = structlog.get_logger(__name__)
Value = TypeVar("Value", bound=BaseModel)

ROUNDS = 2
QUICK_TRIES = 2
QUICK_WAIT_AT_MOST_SECONDS = 2.0


class InvalidAnswer(RetryableError):
    """The model answered twice with something that is not what was asked for."""


def fenced(data: Mapping[str, Any]) -> str:
    """`data` as the block that prompts declare to be data and never instructions."""
    text = json.dumps(data, ensure_ascii=False, indent=1, default=str).replace("</", "<\\/")
    return f"<data>\n{text}\n</data>"


def run(
    role: Role[Answer],
    turns: Sequence[ChatTurn],
    *,
    values: Mapping[str, str] | None = None,
    check: Callable[[Answer], str | None] | None = None,
) -> RoleResult[Answer]:
    """Asks `role` once, and once more with the complaint when the answer is invalid.

    `check` looks at a well-formed answer and returns a complaint in words, or None.
    Raises PermanentError, RetryableError or InvalidAnswer.
    """
    messages: list[dict[str, Any]] = [{"role": "system", "content": role.system_text(values)}]
    messages += [turn.to_message() for turn in turns]
    usage: Counter[str] = Counter()
    complaint = ""
    for number in range(1, ROUNDS + 1):
        completion = _ask(role, messages)
        _count(usage, completion)
        text = _answer_text(role, completion)
        answer, complaint = _validated(role, text, check)
        if answer is not None:
            return RoleResult(answer, completion.model, role.prompt_hash, dict(usage), number)
        log.warning("role_answer_invalid", role=role.name, round=number, complaint=complaint)
        messages += [
            {"role": "assistant", "content": text or "(nothing)"},
            {
                "role": "user",
                "content": f"Your answer cannot be used: {complaint} Answer again, complete and valid.",
            },
        ]
        if role.as_tool:
            messages[-2] = {"role": "assistant", "content": f"{role.name}({text})"}
    raise InvalidAnswer(f"The model did not give a usable answer: {complaint}")


def _ask(role: Role[Any], messages: list[dict[str, Any]]) -> "ChatCompletion":
    """One request; a passing failure is tried once more at once, longer waits are the caller's business."""
    from opendeep.core.llm.client import complete  # noqa: PLC0415 - it is slow to load, and few processes ask a model

    request = _request(role, messages)
    for attempt in range(1, QUICK_TRIES + 1):
        try:
            return complete(request)
        except RetryableError as error:
            wait_seconds = error.retry_after_seconds or 0.5
            if attempt == QUICK_TRIES or wait_seconds > QUICK_WAIT_AT_MOST_SECONDS:
                raise
            time.sleep(wait_seconds)
    raise AssertionError("unreachable")


def _request(role: Role[Any], messages: list[dict[str, Any]]) -> dict[str, Any]:
    schema = strict_schema(role.answer)
    extra: dict[str, Any]
    if role.as_tool:
        function = {"name": role.name, "description": role.description, "strict": True, "parameters": schema}
        extra = {
            "tools": [{"type": "function", "function": function}],
            "tool_choice": {"type": "function", "function": {"name": role.name}},
        }
    else:
        extra = {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": role.name, "strict": True, "schema": schema},
            }
        }
    return {"model": settings.OPENAI_TEXT_MODEL, "messages": messages, **extra}


def _answer_text(role: Role[Any], completion: "ChatCompletion") -> str:
    if not completion.choices:
        return ""
    message = completion.choices[0].message
    if not role.as_tool:
        return message.content or message.refusal or ""
    for call in message.tool_calls or []:
        if call.type == "function" and call.function.name == role.name:
            return call.function.arguments
    return message.content or ""


def _validated(
    role: Role[Answer], text: str, check: Callable[[Answer], str | None] | None
) -> tuple[Answer | None, str]:
    if "\\u0000" in text:  # no database would keep it
        return None, "it holds the character NUL."
    try:
        answer = role.answer.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[:3]
        return None, "; ".join(f"{'.'.join(map(str, e['loc'])) or 'answer'}: {e['msg']}" for e in first) + "."
    complaint = check(answer) if check else None
    return (None, complaint) if complaint else (answer, "")


def _count(usage: Counter[str], completion: "ChatCompletion") -> None:
    if completion.usage is None:
        return
    usage["input_tokens"] += completion.usage.prompt_tokens
    usage["output_tokens"] += completion.usage.completion_tokens
    details = completion.usage.prompt_tokens_details
    usage["cached_tokens"] += (details.cached_tokens or 0) if details else 0
