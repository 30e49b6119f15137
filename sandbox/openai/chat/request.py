"""Reads and checks a Chat Completions request; what is wrong raises ApiError with the real API's wording."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.openai.chat.strict_schema import check_schema, check_strict
from sandbox.openai.errors import bad_request, missing_parameter, unsupported_value, wrong_type
from sandbox.openai.models import check_model

MAX_CHOICES = 8
MAX_TOOLS = 128
ROLES = ["system", "developer", "user", "assistant", "tool", "function"]
FORMATS = ["text", "json_object", "json_schema"]
CHOICES = ["none", "auto", "required"]

# fmt: off
ARGUMENTS = frozenset({
    "audio", "frequency_penalty", "function_call", "functions", "logit_bias", "logprobs", "max_completion_tokens",
    "max_tokens", "messages", "metadata", "modalities", "model", "moderation", "n", "parallel_tool_calls",
    "prediction", "presence_penalty", "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention",
    "reasoning_effort", "response_format", "safety_identifier", "seed", "service_tier", "stop", "store", "stream",
    "stream_options", "temperature", "tool_choice", "tools", "top_logprobs", "top_p", "user", "verbosity",
    "web_search_options",
})
# fmt: on


@dataclass(frozen=True)
class Message:
    """One message as plain text: parts are joined, absent content is empty. `refused` is an assistant's refusal."""

    role: str
    text: str


@dataclass(frozen=True)
class Tool:
    name: str
    parameters: Mapping[str, Any]
    strict: bool


@dataclass(frozen=True)
class ChatRequest:
    """`schema` is the JSON schema of a json_schema format; `forced_tool` None leaves the choice to the model."""

    model: str
    messages: tuple[Message, ...]
    format: str = "text"
    schema_name: str | None = None
    schema: Mapping[str, Any] | None = None
    tools: tuple[Tool, ...] = ()
    tool_choice: str = "none"
    forced_tool: str | None = None
    stream: bool = False
    include_usage: bool = False
    max_tokens: int | None = None
    choices: int = 1

    @property
    def names(self) -> frozenset[str]:
        """What this request is known by: its schema's name, or those of its tools."""
        tools = {tool.name for tool in self.tools}
        return frozenset(tools | {self.schema_name} if self.schema_name else tools)

    def system_text(self) -> str:
        return "\n".join(m.text for m in self.messages if m.role in {"system", "developer"})

    def user_texts(self) -> list[str]:
        """The last one first."""
        return [m.text for m in reversed(self.messages) if m.role == "user"]


def parse_request(body: object) -> ChatRequest:
    """Raises ApiError: 400 for what breaks the API's rules, 404 for a model that is missing."""
    if not isinstance(body, dict):
        raise bad_request("We could not parse the JSON body of your request: it must be an object.")
    _check_arguments(body)
    model = body.get("model")
    if not model:
        raise bad_request("you must provide a model parameter")
    if not isinstance(model, str):
        raise wrong_type("model", "a string", model)
    check_model(model)
    messages = _messages(body)
    format_, name, schema = _response_format(body, messages)
    tools = _tools(body)
    choice, forced = _tool_choice(body, tools)
    stream, include_usage = _streaming(body)
    return ChatRequest(
        model=model,
        messages=messages,
        format=format_,
        schema_name=name,
        schema=schema,
        tools=tools,
        tool_choice=choice,
        forced_tool=forced,
        stream=stream,
        include_usage=include_usage,
        max_tokens=_whole(body, "max_completion_tokens", 1) or _whole(body, "max_tokens", 1),
        choices=_whole(body, "n", 1, MAX_CHOICES) or 1,
    )


def _check_arguments(body: dict[str, Any]) -> None:
    unknown = sorted(set(body) - ARGUMENTS)
    if unknown:
        raise bad_request(f"Unrecognized request argument supplied: {unknown[0]}", None, "unknown_parameter")


def _messages(body: dict[str, Any]) -> tuple[Message, ...]:
    given = body.get("messages")
    if given is None:
        raise missing_parameter("messages")
    if not isinstance(given, list):
        raise wrong_type("messages", "an array of objects", given)
    if not given:
        raise bad_request(
            "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.",
            "messages",
            "empty_array",
        )
    return tuple(_message(f"messages[{index}]", message) for index, message in enumerate(given))


def _message(where: str, message: object) -> Message:
    if not isinstance(message, dict):
        raise wrong_type(where, "an object", message)
    role = message.get("role")
    if role is None:
        raise missing_parameter(f"{where}.role")
    if role not in ROLES:
        raise unsupported_value(f"{where}.role", role, ROLES)
    content = message.get("content")
    if content is None:
        if role != "assistant":
            raise wrong_type(f"{where}.content", "a string or an array of objects", content)
        return Message(role, str(message.get("refusal") or ""))
    return Message(role, _content(f"{where}.content", content))


def _content(where: str, content: object) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise wrong_type(where, "a string or an array of objects", content)
    texts = []
    for index, part in enumerate(content):
        if not isinstance(part, dict):
            raise wrong_type(f"{where}[{index}]", "an object", part)
        text = part.get("text", part.get("refusal", ""))
        if not isinstance(text, str):
            raise wrong_type(f"{where}[{index}].text", "a string", text)
        texts.append(text)
    return "\n".join(texts)


def _response_format(
    body: dict[str, Any], messages: tuple[Message, ...]
) -> tuple[str, str | None, Mapping[str, Any] | None]:
    given = body.get("response_format")
    if given is None:
        return "text", None, None
    if not isinstance(given, dict):
        raise wrong_type("response_format", "an object", given)
    kind = given.get("type")
    if kind is None:
        raise missing_parameter("response_format.type")
    if kind not in FORMATS:
        raise unsupported_value("response_format.type", kind, FORMATS)
    if kind == "json_object" and not any("json" in message.text.lower() for message in messages):
        raise bad_request(
            "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
            "messages",
        )
    if kind != "json_schema":
        return kind, None, None
    return kind, *_json_schema(given)


def _json_schema(given: dict[str, Any]) -> tuple[str, Mapping[str, Any]]:
    wrapper = given.get("json_schema")
    if wrapper is None:
        raise missing_parameter("response_format.json_schema")
    if not isinstance(wrapper, dict):
        raise wrong_type("response_format.json_schema", "an object", wrapper)
    name = _name(wrapper, "response_format.json_schema.name")
    schema = wrapper.get("schema", {})
    check_schema(schema, name, "response_format")
    if wrapper.get("strict"):
        check_strict(schema, name, "response_format")
    return name, schema


def _name(holder: dict[str, Any], where: str) -> str:
    name = holder.get("name")
    if name is None:
        raise missing_parameter(where)
    if not isinstance(name, str):
        raise wrong_type(where, "a string", name)
    if not 1 <= len(name) <= 64 or not all(char.isascii() and (char.isalnum() or char in "_-") for char in name):
        raise bad_request(
            f"Invalid '{where}': string does not match pattern. Expected a string that matches the pattern "
            "'^[a-zA-Z0-9_-]+$'.",
            where,
            "invalid_value",
        )
    return name


def _tools(body: dict[str, Any]) -> tuple[Tool, ...]:
    given = body.get("tools")
    if given is None:
        return ()
    if not isinstance(given, list):
        raise wrong_type("tools", "an array of objects", given)
    if not 1 <= len(given) <= MAX_TOOLS:
        raise bad_request(f"Invalid 'tools': expected 1 to {MAX_TOOLS} tools, got {len(given)}.", "tools")
    return tuple(_tool(f"tools[{index}]", tool) for index, tool in enumerate(given))


def _tool(where: str, tool: object) -> Tool:
    if not isinstance(tool, dict):
        raise wrong_type(where, "an object", tool)
    if tool.get("type") != "function":
        raise unsupported_value(f"{where}.type", tool.get("type"), ["function"])
    function = tool.get("function")
    if not isinstance(function, dict):
        raise missing_parameter(f"{where}.function")
    name = _name(function, f"{where}.function.name")
    parameters = function.get("parameters", {"type": "object", "properties": {}, "additionalProperties": False})
    strict = bool(function.get("strict"))
    check_schema(parameters, name, f"{where}.function.parameters", kind="function")
    if strict:
        check_strict(parameters, name, f"{where}.function.parameters", kind="function")
    return Tool(name, parameters, strict)


def _tool_choice(body: dict[str, Any], tools: tuple[Tool, ...]) -> tuple[str, str | None]:
    given = body.get("tool_choice")
    if given is None:
        return ("auto" if tools else "none"), None
    if not tools:
        raise bad_request("'tool_choice' is only allowed when 'tools' are specified.", "tool_choice")
    if isinstance(given, str):
        if given not in CHOICES:
            raise unsupported_value("tool_choice", given, CHOICES)
        return given, None
    function = given.get("function") if isinstance(given, dict) else None
    name = function.get("name") if isinstance(function, dict) else None
    if not isinstance(name, str):
        raise missing_parameter("tool_choice.function.name")
    if name not in {tool.name for tool in tools}:
        raise bad_request(f"Tool choice '{name}' not found in 'tools' parameter.", "tool_choice")
    return "required", name


def _streaming(body: dict[str, Any]) -> tuple[bool, bool]:
    stream = body.get("stream") or False
    if not isinstance(stream, bool):
        raise wrong_type("stream", "a boolean", stream)
    options = body.get("stream_options")
    if options is None:
        return stream, False
    if not isinstance(options, dict):
        raise wrong_type("stream_options", "an object", options)
    if not stream:
        raise bad_request("The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options")
    return stream, bool(options.get("include_usage"))


def _whole(body: dict[str, Any], name: str, low: int, high: int | None = None) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong_type(name, "an integer", value)
    if value < low or (high is not None and value > high):
        raise bad_request(f"Invalid '{name}': {value} is out of range.", name, "integer_out_of_range")
    return value
