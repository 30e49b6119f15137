"""JSON text -> a checked client event, or a ClientEventError worded as the API words it."""

from __future__ import annotations

import json
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from sandbox.openai.realtime.errors import ClientEventError
from sandbox.openai.realtime.schema import CLIENT_EVENTS, AudioAppend, ClientEvent

_JSON_NAMES = {
    bool: "a boolean",
    int: "an integer",
    float: "a decimal",
    str: "a string",
    list: "an array",
    dict: "an object",
    type(None): "null",
}
_EXPECTED = {
    "string_type": "a string",
    "int_type": "an integer",
    "float_type": "a decimal",
    "bool_type": "a boolean",
    "list_type": "an array",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
}
_APPEND = "input_audio_buffer.append"
_APPEND_KEYS = frozenset({"type", "audio", "event_id"})


def read_json(text: str) -> dict[str, Any]:
    """Raises ClientEventError unless the text is a JSON object."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise ClientEventError("invalid_json", "The message is not valid JSON.") from None
    if not isinstance(message, dict):
        raise ClientEventError("invalid_event", "The message is not a JSON object.")
    return message


def parse(message: dict[str, Any]) -> ClientEvent:
    """Raises ClientEventError, with the path of what is wrong in `param`."""
    kind = message.get("type")
    if kind == _APPEND and isinstance(message.get("audio"), str) and message.keys() <= _APPEND_KEYS:
        return AudioAppend.model_construct(type=_APPEND, audio=message["audio"])  # 50 a second: no validation
    if kind is None:
        raise _missing("type")
    shape = CLIENT_EVENTS.get(kind) if isinstance(kind, str) else None
    if shape is None:
        raise _invalid_value("type", kind, ", ".join(f"'{name}'" for name in CLIENT_EVENTS))
    try:
        return shape.model_validate(message)
    except ValidationError as invalid:
        raise _as_client_error(message, invalid.errors(include_url=False)[0]) from None


def event_id_of(message: dict[str, Any]) -> str | None:
    event_id = message.get("event_id")
    return event_id if isinstance(event_id, str) else None


def _invalid_value(param: str, value: object, supported: str) -> ClientEventError:
    return ClientEventError(
        "invalid_value", f"Invalid value: '{value}'. Supported values are: {supported}.", param=param
    )


def _as_client_error(message: dict[str, Any], problem: ErrorDetails) -> ClientEventError:
    kind, value, context = problem["type"], problem.get("input"), problem.get("ctx", {})
    param = _path(message, problem["loc"])
    match kind:
        case "missing":
            return _missing(param)
        case "union_tag_not_found":
            return _missing(f"{param}.type")
        case "extra_forbidden":
            return ClientEventError("unknown_parameter", f"Unknown parameter: '{param}'.", param=param)
        case "union_tag_invalid":
            return _invalid_value(f"{param}.type", context.get("tag"), str(context.get("expected_tags")))
        case "literal_error":
            return _invalid_value(param, value, str(context.get("expected")))
    if kind in _EXPECTED:
        got = _JSON_NAMES.get(type(value), "something else")
        text = f"Invalid type for '{param}': expected {_EXPECTED[kind]}, but got {got} instead."
        return ClientEventError("invalid_type", text, param=param)
    return ClientEventError("invalid_value", f"Invalid '{param}': {problem['msg']}.", param=param)


def _missing(param: str) -> ClientEventError:
    return ClientEventError("missing_required_parameter", f"Missing required parameter: '{param}'.", param=param)


def _path(message: dict[str, Any], location: tuple[int | str, ...]) -> str:
    """The location as `session.tools[0].name`, without the union tags that pydantic puts between."""
    path = ""
    here: Any = message
    for index, step in enumerate(location):
        if _leads_on(here, step):
            here = here[step]
        elif index < len(location) - 1 or not isinstance(here, dict):
            continue
        path += f"[{step}]" if isinstance(step, int) else f".{step}"
    return path.lstrip(".")


def _leads_on(here: object, step: int | str) -> bool:
    return step in here if isinstance(here, dict) else isinstance(here, list) and isinstance(step, int)
