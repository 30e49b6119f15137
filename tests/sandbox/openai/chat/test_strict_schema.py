from typing import Any

import pytest

from sandbox.openai.chat.strict_schema import check_schema, check_strict, resolve
from sandbox.openai.errors import ApiError
from tests.sandbox.openai.chat.wire import ASSISTANT_REPLY, CAMPAIGN_REPORT, SCHEDULE_CALL_BATCH, TEXT, VERDICT, closed

NODE: dict[str, Any] = closed({"child": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}})


@pytest.mark.parametrize(
    "schema",
    [
        ASSISTANT_REPLY,
        VERDICT,
        CAMPAIGN_REPORT,
        SCHEDULE_CALL_BATCH,
        closed({}),
        closed({"a": {"enum": ["x", "y"]}, "b": {"const": 1}, "c": {"type": ["string", "null"]}}),
        closed({"root": {"$ref": "#/$defs/node"}}) | {"$defs": {"node": NODE}},
        {"$ref": "#/$defs/node", "$defs": {"node": NODE}},
    ],
)
def test_a_closed_schema_is_accepted(schema: dict[str, Any]) -> None:
    check_schema(schema, "s", "response_format")
    check_strict(schema, "s", "response_format")


@pytest.mark.parametrize(
    ("schema", "complaint"),
    [
        ({"type": "object", "properties": {}}, "'additionalProperties' is required to be supplied and to be false"),
        (closed({"a": TEXT}) | {"additionalProperties": True}, "'additionalProperties'"),
        (closed({"a": TEXT}) | {"required": []}, "Missing 'a'"),
        (closed({"a": TEXT}) | {"required": ["a", "b"]}, "Extra 'b'"),
        (closed({"a": {"type": "object"}}), "In context=('properties', 'a')"),
        (closed({"a": {"type": "array", "items": {"type": "object"}}}), "In context=('properties', 'a', 'items')"),
        (closed({"a": {"anyOf": [{"type": "object"}]}}), "In context=('properties', 'a', 'anyOf', '0')"),
        (closed({}) | {"$defs": {"d": {"type": "object"}}}, "In context=('$defs', 'd')"),
        (closed({"a": {}}), "schema must have a 'type' key"),
        (closed({"a": {"type": "array"}}), "array schema missing items"),
        (closed({"a": {"$ref": "#/$defs/none"}}), "reference can only point to"),
        (closed({"a": {"oneOf": [TEXT]}}), "'oneOf' is not permitted"),
        (closed({"a": {"type": "object", "patternProperties": {}}}), "'patternProperties' is not permitted"),
    ],
)
def test_an_open_schema_is_refused_with_its_place(schema: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ApiError) as caught:
        check_strict(schema, "s", "response_format")

    assert complaint in caught.value.message
    assert caught.value.message.startswith("Invalid schema for response_format 's':")


def test_a_schema_that_is_nested_too_deep_is_refused() -> None:
    schema: dict[str, Any] = TEXT
    for _ in range(11):
        schema = closed({"a": schema})

    with pytest.raises(ApiError, match="nesting"):
        check_strict(schema, "s", "response_format")


@pytest.mark.parametrize("schema", [[], {"type": "array", "items": TEXT}, {"type": "thing"}, {"anyOf": [closed({})]}])
def test_what_is_no_schema_of_an_object_is_refused(schema: Any) -> None:
    with pytest.raises(ApiError):
        check_schema(schema, "s", "response_format")


def test_a_reference_that_leads_in_a_circle_means_nothing() -> None:
    root = {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}

    assert resolve({"$ref": "#/$defs/a"}, root) == {}
