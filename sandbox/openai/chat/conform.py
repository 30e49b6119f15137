"""Makes a value that a schema accepts: what fits is kept, what is missing becomes neutral.

The API promises that a structured output validates. A role knows what it wants to say; this module pours it into
the schema that was asked for. With nothing to say it gives neutral values: null where allowed, else empty.
"""

import math
from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from sandbox.openai.chat.strict_schema import Schema, resolve
from sandbox.openai.errors import bad_request

MAX_DEPTH = 24

FORMATS = {
    "date-time": "2026-01-01T00:00:00Z",
    "date": "2026-01-01",
    "time": "00:00:00Z",
    "duration": "PT0S",
    "email": "nobody@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uuid": "00000000-0000-0000-0000-000000000000",
}
# Tried in turn for strings with a pattern.
# fmt: off
SAMPLES = (
    "", "a", "A", "0", "a1", "en", "00", "0000", "abc", "ABC", "none", "0.0", "1", "12:00", "#000000", "+12025550100",
    "2026-01-01", "2026-01-01T00:00", "2026-01-01T00:00:00", "https://example.com",
)
# fmt: on


class _Missing:
    """The mark for a value that the role has not given."""


MISSING = _Missing()


def conform(value: Any, schema: Schema) -> Any:
    """`value` as the schema wants it. Raises ApiError (400) for a schema that this server cannot satisfy."""
    result = _fit(value, schema, schema, 0)
    if not Draft202012Validator(schema).is_valid(result):
        raise bad_request("The sandbox cannot make a value for this schema.", "response_format")
    return result


def _fit(value: Any, schema: Schema, root: Schema, depth: int) -> Any:
    schema = resolve(schema, root)
    if depth > MAX_DEPTH:
        raise bad_request("The sandbox cannot end the recursion of this schema.", "response_format")
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return _member(value, schema["enum"])
    if "anyOf" in schema:
        return _fit_any(value, schema["anyOf"], root, depth)
    kind = _kind(value, schema)
    if kind == "object":
        return _fit_object(value, schema, root, depth)
    if kind == "array":
        return _fit_array(value, schema, root, depth)
    return _fit_scalar(value, kind, schema)


def _member(value: Any, members: list[Any]) -> Any:
    if any(value == member and isinstance(value, bool) is isinstance(member, bool) for member in members):
        return value
    return None if None in members else members[0]


def _fit_any(value: Any, branches: list[Schema], root: Schema, depth: int) -> Any:
    """The branch that takes the value as it is; else a null branch; else the flattest one."""
    resolved = [resolve(branch, root) for branch in branches]
    for branch in resolved:
        if value is not MISSING and _Checker(root).accepts(value, branch):
            return _fit(value, branch, root, depth + 1)
    if value is MISSING or value is None:
        nulls = [branch for branch in resolved if "null" in types_of(branch)]
        if nulls:
            return None
    same_kind = [branch for branch in resolved if json_kind(value) in types_of(branch)]
    chosen = min(same_kind or resolved, key=_weight)
    return _fit(value, chosen, root, depth + 1)


class _Checker:
    """Validates against a part of a schema, whose references point into the whole."""

    def __init__(self, root: Schema) -> None:
        self._definitions = {key: root[key] for key in ("$defs", "definitions") if key in root}

    def accepts(self, value: Any, part: Schema) -> bool:
        return _accepts(value, {**self._definitions, **part})


def _weight(schema: Schema) -> int:
    """Objects weigh more than arrays, arrays more than scalars: so that recursion ends."""
    return {"object": 2, "array": 1}.get(next(iter(types_of(schema)), "object"), 0)


def _fit_object(value: Any, schema: Schema, root: Schema, depth: int) -> dict[str, Any]:
    given = value if isinstance(value, Mapping) else {}
    properties = schema.get("properties", {})
    wanted = [key for key in properties if key in schema.get("required", []) or key in given]
    result = {key: _fit(given.get(key, MISSING), properties[key], root, depth + 1) for key in wanted}
    if schema.get("additionalProperties") is not False:
        result |= {key: given[key] for key in given if key not in properties}
    return result


def _fit_array(value: Any, schema: Schema, root: Schema, depth: int) -> list[Any]:
    given = list(value) if isinstance(value, list | tuple) else []
    given = given[: schema.get("maxItems", len(given))]
    given += [MISSING] * (schema.get("minItems", 0) - len(given))
    return [_fit(item, schema.get("items", {}), root, depth + 1) for item in given]


def _fit_scalar(value: Any, kind: str, schema: Schema) -> Any:
    if kind == "null":
        return None
    if kind == "boolean":
        return value if isinstance(value, bool) else str(value).lower() in {"yes", "true"}
    if kind in {"integer", "number"}:
        return _fit_number(value, kind, schema)
    return _fit_string(value, schema)


def _fit_number(value: Any, kind: str, schema: Schema) -> Any:
    whole = kind == "integer"
    if isinstance(value, int | float) and not isinstance(value, bool) and _accepts(value, schema):
        return value
    step = schema.get("multipleOf", 1)
    low = max(schema.get("minimum", -math.inf), schema.get("exclusiveMinimum", -math.inf))
    high = min(schema.get("maximum", math.inf), schema.get("exclusiveMaximum", math.inf))
    near = min(max(0, low), high)
    steps = [math.floor(near / step) + shift for shift in (0, 1, 2, -1)]
    candidates = [near, *(count * step for count in steps), (max(low, -1e9) + min(high, 1e9)) / 2]
    for candidate in candidates:
        number = int(candidate) if whole or candidate == int(candidate) else candidate
        if _accepts(number, schema):
            return number
    return 0


def _fit_string(value: Any, schema: Schema) -> str:
    text = value if isinstance(value, str) else "" if value in (None, MISSING) else str(value)
    if _accepts(text, schema):
        return text
    shortened = text[: schema.get("maxLength", len(text))]
    padded = [sample.ljust(schema.get("minLength", 0), "-") for sample in (shortened, *SAMPLES)]
    candidates = [FORMATS.get(schema.get("format", ""), ""), shortened, *SAMPLES, *padded]
    return next((candidate for candidate in candidates if _accepts(candidate, schema)), text)


def _accepts(value: Any, schema: Schema) -> bool:
    return bool(Draft202012Validator(schema, format_checker=FormatChecker()).is_valid(value))


def _kind(value: Any, schema: Schema) -> str:
    kinds = types_of(schema)
    if value is MISSING and "null" in kinds:
        return "null"
    own = json_kind(value)
    if own == "integer" and "integer" not in kinds and "number" in kinds:
        return "number"
    return own if own in kinds else next(iter(kinds), "object" if "properties" in schema else "string")


def types_of(schema: Schema) -> list[str]:
    """The types that a schema allows, in its own order; empty when it does not say."""
    given = schema.get("type", [])
    return [given] if isinstance(given, str) else list(given)


def json_kind(value: Any) -> str:
    """The JSON schema type of a value; "missing" for no value."""
    names: dict[type, str] = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array"}
    names |= {dict: "object", type(None): "null", tuple: "array"}
    return names.get(type(value), "missing")
