"""Which role answers which request."""

import json
from typing import Any

import pytest

from sandbox.openai.chat import brain
from sandbox.openai.chat.request import ChatRequest, parse_request
from tests.sandbox.openai.chat.wire import (
    ASSISTANT_REPLY,
    CAMPAIGN_REPORT,
    SCHEDULE_CALL_BATCH,
    VERDICT,
    closed,
    data_message,
    response_format,
    tool,
)

MARKERS = "[QUESTIONS_FOR_USER] [AGENT_INSTRUCTIONS]"


def request(text: str = "hello", system: str = "Be brief.", **extra: Any) -> ChatRequest:
    messages = [{"role": "system", "content": system}, {"role": "user", "content": text}]
    return parse_request({"model": "gpt-5.1", "messages": messages} | extra)


@pytest.mark.parametrize(
    ("asked", "role"),
    [
        (request(response_format=response_format("assistant_reply", ASSISTANT_REPLY)), "assistant"),
        (request(response_format=response_format("verdict", VERDICT)), "analyst"),
        (request(response_format=response_format("campaign_report", CAMPAIGN_REPORT)), "summarizer"),
        (request(tools=[tool("schedule_call_batch", SCHEDULE_CALL_BATCH)]), "orchestrator"),
        (request(system=MARKERS), "single_task"),
        (request(), "general"),
        (request(response_format=response_format("other", VERDICT)), "general"),
    ],
)
def test_the_role_is_told_by_the_request(asked: ChatRequest, role: str) -> None:
    assert brain.role_of(asked) == role


def test_the_markers_are_answered_with_a_marker() -> None:
    assert (brain.answer(request(system=MARKERS)).content or "").startswith("[QUESTIONS_FOR_USER]")


def test_an_unknown_schema_is_filled_from_data_with_the_same_names() -> None:
    schema = closed({"city": {"type": "string"}, "size": {"type": "integer"}})

    answer = brain.answer(request(data_message({"city": "Bonn"}), response_format=response_format("place", schema)))

    assert json.loads(answer.content or "") == {"city": "Bonn", "size": 0}


def test_a_broken_data_block_is_no_data() -> None:
    verdict = response_format("verdict", VERDICT)

    answer = brain.answer(request("<data>\n{oops\n</data>", response_format=verdict))

    assert json.loads(answer.content or "")["task_completed"] is False


def test_a_changed_schema_of_a_role_is_still_met() -> None:
    schema = closed({"summary": {"type": "string"}, "mood": {"type": "string"}})
    data = data_message({"transcript": [], "outcome": "busy"})

    answer = brain.answer(request(data, response_format=response_format("verdict", schema)))

    assert json.loads(answer.content or "") == {"summary": "The line was busy.", "mood": ""}


def test_after_a_tool_has_answered_the_model_speaks() -> None:
    messages = [
        {"role": "user", "content": data_message({"plan": {}})},
        {"role": "assistant", "tool_calls": []},
        {"role": "tool", "tool_call_id": "call_1", "content": "done"},
    ]
    batch = tool("schedule_call_batch", SCHEDULE_CALL_BATCH)

    answer = brain.answer(parse_request({"model": "gpt-5.1", "messages": messages, "tools": [batch]}))

    assert answer.tool_calls == ()
    assert answer.content
