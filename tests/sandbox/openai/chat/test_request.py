from typing import Any

import pytest
from openai.types.chat import completion_create_params

from sandbox.openai.chat.request import ARGUMENTS, Message, parse_request
from sandbox.openai.errors import ApiError
from tests.sandbox.openai.chat.wire import VERDICT, response_format, tool

GOOD: dict[str, Any] = {"model": "gpt-5.1", "messages": [{"role": "user", "content": "hello"}]}
TOOLS = [tool("get_weather", VERDICT)]


def refusal(**changes: Any) -> ApiError:
    body = {key: value for key, value in (GOOD | changes).items() if value is not ...}
    with pytest.raises(ApiError) as caught:
        parse_request(body)
    return caught.value


def test_all_arguments_of_the_sdk_are_known() -> None:
    typed = completion_create_params.CompletionCreateParamsBase.__annotations__.keys()

    assert typed | {"stream"} == ARGUMENTS


@pytest.mark.parametrize(
    ("changes", "status", "param", "code"),
    [
        ({"model": ...}, 400, None, None),
        ({"model": 5}, 400, "model", "invalid_type"),
        ({"model": "missing-1"}, 404, None, "model_not_found"),
        ({"messages": ...}, 400, "messages", "missing_required_parameter"),
        ({"messages": "hello"}, 400, "messages", "invalid_type"),
        ({"messages": []}, 400, "messages", "empty_array"),
        ({"messages": ["hello"]}, 400, "messages[0]", "invalid_type"),
        ({"messages": [{"content": "a"}]}, 400, "messages[0].role", "missing_required_parameter"),
        ({"messages": [{"role": "boss", "content": "a"}]}, 400, "messages[0].role", "invalid_value"),
        ({"messages": [{"role": "user"}]}, 400, "messages[0].content", "invalid_type"),
        ({"messages": [{"role": "user", "content": 5}]}, 400, "messages[0].content", "invalid_type"),
        ({"messages": [{"role": "user", "content": ["a"]}]}, 400, "messages[0].content[0]", "invalid_type"),
        ({"colour": "red"}, 400, None, "unknown_parameter"),
        ({"response_format": "json"}, 400, "response_format", "invalid_type"),
        ({"response_format": {}}, 400, "response_format.type", "missing_required_parameter"),
        ({"response_format": {"type": "yaml"}}, 400, "response_format.type", "invalid_value"),
        ({"response_format": {"type": "json_object"}}, 400, "messages", None),
        (
            {"response_format": {"type": "json_schema"}},
            400,
            "response_format.json_schema",
            "missing_required_parameter",
        ),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"schema": VERDICT}}},
            400,
            "response_format.json_schema.name",
            "missing_required_parameter",
        ),
        (
            {"response_format": response_format("no spaces", VERDICT)},
            400,
            "response_format.json_schema.name",
            "invalid_value",
        ),
        ({"response_format": response_format("v", {"type": "object"})}, 400, "response_format", None),
        ({"tools": {}}, 400, "tools", "invalid_type"),
        ({"tools": []}, 400, "tools", None),
        ({"tools": ["a"]}, 400, "tools[0]", "invalid_type"),
        ({"tools": [{"type": "magic"}]}, 400, "tools[0].type", "invalid_value"),
        ({"tools": [{"type": "function"}]}, 400, "tools[0].function", "missing_required_parameter"),
        (
            {"tools": [tool("f", {"type": "object"})]},
            400,
            "tools[0].function.parameters",
            "invalid_function_parameters",
        ),
        ({"tool_choice": "auto"}, 400, "tool_choice", None),
        ({"tools": TOOLS, "tool_choice": "maybe"}, 400, "tool_choice", "invalid_value"),
        ({"tools": TOOLS, "tool_choice": {}}, 400, "tool_choice.function.name", "missing_required_parameter"),
        (
            {"tools": TOOLS, "tool_choice": {"type": "function", "function": {"name": "other"}}},
            400,
            "tool_choice",
            None,
        ),
        ({"stream": "yes"}, 400, "stream", "invalid_type"),
        ({"stream_options": {"include_usage": True}}, 400, "stream_options", None),
        ({"stream": True, "stream_options": True}, 400, "stream_options", "invalid_type"),
        ({"n": 0}, 400, "n", "integer_out_of_range"),
        ({"n": 1.5}, 400, "n", "invalid_type"),
        ({"max_completion_tokens": -1}, 400, "max_completion_tokens", "integer_out_of_range"),
    ],
)
def test_a_bad_request_is_refused(changes: dict[str, Any], status: int, param: str | None, code: str | None) -> None:
    error = refusal(**changes)

    assert (error.status, error.param, error.code) == (status, param, code)


def test_a_body_that_is_no_object_is_refused() -> None:
    with pytest.raises(ApiError):
        parse_request(["a"])


def test_content_parts_are_read_as_one_text() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]

    request = parse_request(GOOD | {"messages": [{"role": "user", "content": parts}]})

    assert request.messages == (Message("user", "a\nb"),)


def test_an_assistant_message_may_hold_tool_calls_only() -> None:
    request = parse_request(GOOD | {"messages": [{"role": "assistant", "tool_calls": []}]})

    assert request.messages == (Message("assistant", ""),)


def test_a_request_is_known_by_its_schema_and_its_tools() -> None:
    request = parse_request(GOOD | {"response_format": response_format("verdict", VERDICT), "tools": TOOLS})

    assert request.names == {"verdict", "get_weather"}


def test_a_schema_that_is_not_strict_may_be_open() -> None:
    loose = {"type": "json_schema", "json_schema": {"name": "v", "schema": {"type": "object"}}}

    assert parse_request(GOOD | {"response_format": loose}).schema == {"type": "object"}


def test_a_tool_without_parameters_takes_none() -> None:
    plain = {"type": "function", "function": {"name": "ping"}}

    request = parse_request(GOOD | {"tools": [plain]})

    assert request.tools[0].parameters["properties"] == {}
    assert request.tool_choice == "auto"
