"""Chat Completions through the real SDK: structured outputs, tools, streams, errors on demand."""

import json
from collections.abc import Iterable
from typing import Any

import openai
import pytest
from jsonschema import validate
from openai import OpenAI
from openai.types.chat import ChatCompletion
from pydantic import BaseModel

from sandbox.openai.faults import TABLE, Fault
from tests.sandbox.openai.chat.wire import (
    ASSISTANT_REPLY,
    CAMPAIGN_REPORT,
    DEMO,
    SCHEDULE_CALL_BATCH,
    SYSTEM,
    VERDICT,
    Json,
    answers_message,
    data_message,
    response_format,
    tool,
)

PLAN = {"contacts": [{"phone": "+12025550100"}], "instructions": "Ask.", "start_at": None, "max_attempts": 2}
ORDER = {"plan": PLAN, "plan_revision": 4, "contact_count": 1}


class Weather(BaseModel):
    city: str
    degrees: float
    notes: list[str]
    wind: str | None


def create(client: OpenAI, text: str = "hello", **extra: Any) -> ChatCompletion:
    completion: ChatCompletion = client.chat.completions.create(
        model="gpt-5.1", messages=[{"role": "user", "content": text}], **extra
    )
    return completion


def content(completion: ChatCompletion) -> Any:
    return json.loads(completion.choices[0].message.content or "")


def streamed(client: OpenAI, text: str = "hello", **extra: Any) -> list[Any]:
    messages: Any = [{"role": "user", "content": text}]
    chunks: Iterable[Any] = client.chat.completions.create(model="gpt-5.1", messages=messages, stream=True, **extra)
    return list(chunks)


def test_a_text_is_answered_with_a_text_and_usage(client: OpenAI) -> None:
    completion = create(client)

    assert completion.id.startswith("chatcmpl-")
    assert completion.object == "chat.completion"
    assert (completion.model, completion.choices[0].finish_reason) == ("gpt-5.1", "stop")
    assert completion.choices[0].message.content
    assert completion.system_fingerprint
    assert completion.usage is not None
    assert completion.usage.total_tokens == completion.usage.prompt_tokens + completion.usage.completion_tokens > 2


def test_the_headers_carry_rate_limits(client: OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(
        model="gpt-5.1", messages=[{"role": "user", "content": "hello"}]
    )

    assert int(raw.headers["x-ratelimit-remaining-requests"]) < int(raw.headers["x-ratelimit-limit-requests"])
    assert raw.headers["x-ratelimit-reset-tokens"]


def test_a_pydantic_model_is_parsed(client: OpenAI) -> None:
    completion = client.chat.completions.parse(
        model="gpt-5.1", messages=[{"role": "user", "content": "Weather?"}], response_format=Weather
    )

    assert completion.choices[0].message.parsed == Weather(city="", degrees=0, notes=[], wind=None)


def test_a_json_object_is_json(client: OpenAI) -> None:
    completion = create(client, "Answer in JSON.", response_format={"type": "json_object"})

    assert isinstance(content(completion), dict)


def test_the_demo_sentence_becomes_a_plan_after_one_form(client: OpenAI) -> None:
    messages: list[Any] = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": DEMO}]
    form = response_format("assistant_reply", ASSISTANT_REPLY)

    first = client.chat.completions.create(model="gpt-5.1", messages=messages, response_format=form)
    messages.append({"role": "assistant", "content": first.choices[0].message.content})
    messages.append({"role": "user", "content": answers_message({"on_behalf_of": "Dr. Miller"})})
    second = client.chat.completions.create(model="gpt-5.1", messages=messages, response_format=form)

    validate(content(first), ASSISTANT_REPLY)
    validate(content(second), ASSISTANT_REPLY)
    assert content(first)["status"] == "needs_more_info"
    assert "on_behalf_of" in [question["field"] for question in content(first)["questions"]]
    assert content(second)["status"] == "plan_complete"
    assert len(content(second)["plan"]["contacts"]) == 3


@pytest.mark.parametrize(
    ("name", "schema", "data"),
    [
        ("verdict", VERDICT, {"transcript": [], "outcome": "busy"}),
        ("verdict", VERDICT, {}),
        ("campaign_report", CAMPAIGN_REPORT, {"title": "Recall", "figures": {}, "tasks": []}),
        ("campaign_report", CAMPAIGN_REPORT, {"figures": "none", "tasks": "none"}),
    ],
)
def test_data_roles_answer_in_their_schema(client: OpenAI, name: str, schema: Json, data: Json) -> None:
    completion = create(client, data_message(data), response_format=response_format(name, schema))

    validate(content(completion), schema)


def test_a_request_to_answer_again_still_finds_the_data(client: OpenAI) -> None:
    messages: list[Any] = [
        {"role": "user", "content": data_message({"transcript": [], "outcome": "busy"})},
        {"role": "assistant", "content": "(nothing)"},
        {"role": "user", "content": "Your answer cannot be used: it is empty. Answer again, complete and valid."},
    ]

    completion = client.chat.completions.create(
        model="gpt-5.1", messages=messages, response_format=response_format("verdict", VERDICT)
    )

    assert content(completion)["summary"] == "The line was busy."


def test_the_same_request_gives_the_same_answer(client: OpenAI) -> None:
    form = response_format("assistant_reply", ASSISTANT_REPLY)

    answers = [create(client, DEMO, response_format=form).choices[0].message.content for _ in range(2)]

    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    "choice", [{"type": "function", "function": {"name": "schedule_call_batch"}}, "required", "auto"]
)
def test_the_orchestrator_calls_its_tool(client: OpenAI, choice: Any) -> None:
    batch = tool("schedule_call_batch", SCHEDULE_CALL_BATCH)

    completion = create(client, data_message(ORDER), tools=[batch], tool_choice=choice)

    (call,) = completion.choices[0].message.tool_calls or []
    assert completion.choices[0].finish_reason == "tool_calls"
    assert completion.choices[0].message.content is None
    assert call.type == "function"
    assert json.loads(call.function.arguments) == {
        "plan_revision": 4,
        "contact_count": 1,
        "phone_numbers": ["+12025550100"],
        "instructions": "Ask.",
        "start_at": None,
        "max_attempts": 2,
    }


def test_no_tool_is_called_when_it_may_not_be(client: OpenAI) -> None:
    batch = tool("schedule_call_batch", SCHEDULE_CALL_BATCH)

    completion = create(client, data_message(ORDER), tools=[batch], tool_choice="none")

    assert completion.choices[0].message.tool_calls is None
    assert completion.choices[0].message.content


def test_by_its_own_choice_the_model_does_not_call_an_unknown_tool(client: OpenAI) -> None:
    completion = create(client, "hello", tools=[tool("get_weather", VERDICT)])

    assert completion.choices[0].finish_reason == "stop"


def test_a_named_tool_is_called_among_several(client: OpenAI) -> None:
    tools = [tool("schedule_call_batch", SCHEDULE_CALL_BATCH), tool("get_weather", VERDICT)]

    completion = create(
        client, "hello", tools=tools, tool_choice={"type": "function", "function": {"name": "get_weather"}}
    )

    (call,) = completion.choices[0].message.tool_calls or []
    assert call.type == "function"
    validate(json.loads(call.function.arguments), VERDICT)


def test_a_stream_says_the_same_as_the_whole_answer(client: OpenAI) -> None:
    whole = create(client, DEMO).choices[0].message.content

    chunks = streamed(client, DEMO)

    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == whole
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [chunk.choices[0].finish_reason for chunk in chunks][-2:] == [None, "stop"]
    assert len({chunk.id for chunk in chunks}) == 1


def test_usage_comes_at_the_end_of_a_stream_when_it_is_asked_for(client: OpenAI) -> None:
    chunks = streamed(client, stream_options={"include_usage": True})

    assert chunks[-1].choices == []
    assert chunks[-1].usage.total_tokens > 2
    assert all(chunk.usage is None for chunk in chunks[:-1])


def test_tool_calls_are_streamed_in_pieces(client: OpenAI) -> None:
    batch = tool("schedule_call_batch", SCHEDULE_CALL_BATCH)
    chunks = streamed(client, data_message(ORDER), tools=[batch], tool_choice="required")

    calls = [chunk.choices[0].delta.tool_calls[0] for chunk in chunks if chunk.choices[0].delta.tool_calls]

    assert calls[0].function.name == "schedule_call_batch"
    assert calls[0].id.startswith("call_")
    assert json.loads("".join(call.function.arguments for call in calls))["plan_revision"] == 4
    assert chunks[-1].choices[0].finish_reason == "tool_calls"


def test_a_streamed_structured_output_is_parsed_by_the_sdk(client: OpenAI) -> None:
    with client.chat.completions.stream(
        model="gpt-5.1", messages=[{"role": "user", "content": "Weather?"}], response_format=Weather
    ) as stream:
        parsed = stream.get_final_completion().choices[0].message.parsed

    assert parsed == Weather(city="", degrees=0, notes=[], wind=None)


def test_several_choices_can_be_asked_for(client: OpenAI) -> None:
    assert [choice.index for choice in create(client, n=2).choices] == [0, 1]


def test_an_answer_ends_at_the_limit_of_the_caller(client: OpenAI) -> None:
    completion = create(client, max_completion_tokens=2)

    assert completion.choices[0].finish_reason == "length"
    assert len(completion.choices[0].message.content or "") == 8


def test_a_missing_model_is_not_found(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="missing-1", messages=[{"role": "user", "content": "hello"}])

    assert caught.value.code == "model_not_found"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, openai.BadRequestError),
        (401, openai.AuthenticationError),
        (403, openai.PermissionDeniedError),
        (404, openai.NotFoundError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
        (503, openai.InternalServerError),
    ],
)
def test_an_http_error_is_sent_on_demand(client: OpenAI, status: int, error: type[openai.APIStatusError]) -> None:
    TABLE.add(Fault("chat", "status", status=status))

    with pytest.raises(error) as caught:
        create(client)

    assert caught.value.status_code == status
    assert create(client).choices


def test_the_sdk_waits_as_the_server_says_and_tries_again(client: OpenAI) -> None:
    TABLE.add(Fault("chat", "status", status=429, times=2, retry_after_s=0.01))

    assert create(client.with_options(max_retries=2)).choices


def test_a_fault_of_one_role_leaves_the_others_alone(client: OpenAI) -> None:
    TABLE.add(Fault("chat", "status", role="verdict", status=500))

    assert create(client).choices
    with pytest.raises(openai.InternalServerError):
        create(client, response_format=response_format("verdict", VERDICT))


def test_a_fault_may_name_the_role_instead_of_its_schema(client: OpenAI) -> None:
    TABLE.add(Fault("chat", "refusal", role="analyst"))

    completion = create(client, response_format=response_format("verdict", VERDICT))

    assert completion.choices[0].message.refusal
    assert completion.choices[0].message.content is None


def test_prose_comes_instead_of_json_on_demand(client: OpenAI) -> None:
    TABLE.add(Fault("chat", "not_json"))

    completion = create(client, response_format=response_format("verdict", VERDICT))

    with pytest.raises(ValueError):
        content(completion)


def test_json_that_breaks_the_schema_comes_on_demand(client: OpenAI) -> None:
    TABLE.add(Fault("chat", "wrong_schema"))

    completion = create(client, response_format=response_format("verdict", VERDICT))

    assert "task_completed" not in content(completion)


@pytest.mark.parametrize("kind", ["not_json", "wrong_schema"])
def test_the_arguments_of_a_tool_can_be_spoiled(client: OpenAI, kind: str) -> None:
    TABLE.add(Fault("chat", kind))
    batch = tool("schedule_call_batch", SCHEDULE_CALL_BATCH)

    completion = create(client, data_message(ORDER), tools=[batch], tool_choice="required")

    (call,) = completion.choices[0].message.tool_calls or []
    assert call.type == "function"
    assert "plan_revision" not in call.function.arguments


def test_half_an_answer_comes_on_demand(client: OpenAI) -> None:
    TABLE.add(Fault("chat", "truncated"))

    completion = create(client, response_format=response_format("verdict", VERDICT))

    assert completion.choices[0].finish_reason == "length"
    with pytest.raises(ValueError):
        content(completion)


def test_a_page_that_is_no_api_answer_comes_on_demand(client: OpenAI) -> None:
    TABLE.add(Fault("chat", "nonsense"))
    completion: object = create(client)

    assert isinstance(completion, str)
    assert completion.startswith("<html>")


def test_a_hanging_server_is_left_by_the_client(client: OpenAI) -> None:
    TABLE.add(Fault("chat", "hang"))

    with pytest.raises(openai.APITimeoutError):
        create(client.with_options(timeout=0.2))

    assert create(client).choices


def test_a_hanging_server_gives_up_after_the_time_of_the_fault(client: OpenAI) -> None:
    TABLE.add(Fault("chat", "hang", seconds=0.01))

    with pytest.raises(openai.InternalServerError) as caught:
        create(client)

    assert caught.value.status_code == 504


def test_a_slow_server_answers_after_all(client: OpenAI) -> None:
    TABLE.add(Fault("chat", "slow", seconds=0.01))

    assert create(client).choices
