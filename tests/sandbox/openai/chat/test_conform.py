from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import validate

from sandbox.openai.chat.conform import MISSING, conform
from sandbox.openai.chat.strict_schema import check_strict
from sandbox.openai.errors import ApiError
from tests.sandbox.openai.chat.wire import ASSISTANT_REPLY, MAYBE, TEXT, VERDICT, closed, many

names = st.text("abcdef_", min_size=1, max_size=4)
scalars = st.one_of(
    st.sampled_from(["string", "number", "integer", "boolean", "null"]).map(lambda kind: {"type": kind}),
    st.sampled_from([["string", "null"], ["integer", "string"]]).map(lambda kinds: {"type": kinds}),
    st.lists(st.one_of(st.text(max_size=3), st.integers(), st.none()), min_size=1, max_size=4).map(
        lambda members: {"enum": members}
    ),
    st.one_of(st.text(max_size=3), st.integers(), st.booleans()).map(lambda value: {"const": value}),
    st.integers(-50, 50).map(lambda low: {"type": "integer", "minimum": low, "maximum": low + 3}),
    st.floats(-5, 5).map(lambda low: {"type": "number", "exclusiveMinimum": low}),
    st.integers(1, 9).map(lambda step: {"type": "integer", "multipleOf": step, "minimum": 2 * step + 1}),
    st.sampled_from(["date", "date-time", "email", "uuid"]).map(lambda name: {"type": "string", "format": name}),
    st.integers(0, 9).map(lambda low: {"type": "string", "minLength": low, "maxLength": low + 1}),
)


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.dictionaries(names, inner, max_size=3).map(closed),
        st.builds(lambda items, low: many(items) | {"minItems": low}, inner, st.integers(0, 2)),
        st.lists(inner, min_size=1, max_size=3).map(lambda branches: {"anyOf": branches}),
    )


schemas = st.dictionaries(names, st.recursive(scalars, nested, max_leaves=6), max_size=3).map(closed)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=3)),
    max_leaves=6,
)


@given(schemas)
def test_every_strict_schema_gets_a_valid_neutral_answer(schema: dict[str, Any]) -> None:
    check_strict(schema, "s", "response_format")

    validate(conform(MISSING, schema), schema)


@given(values, schemas)
def test_whatever_a_role_says_the_answer_is_valid(value: Any, schema: dict[str, Any]) -> None:
    validate(conform(value, schema), schema)


@given(schemas)
def test_what_is_valid_stays_as_it_is(schema: dict[str, Any]) -> None:
    value = conform(MISSING, schema)

    assert conform(value, schema) == value


def test_a_branch_takes_only_texts_of_its_format() -> None:
    date = {"anyOf": [{"type": "string", "format": "date"}]}
    schema = closed({"a": {"anyOf": [date, {"type": "string"}]}})

    assert [conform({"a": text}, schema)["a"] for text in ("2026-05-04", "soon")] == ["2026-05-04", "soon"]


def test_what_is_missing_becomes_neutral_and_what_is_unknown_goes() -> None:
    schema = closed({"a": TEXT, "b": MAYBE, "c": many(TEXT), "d": {"type": "boolean"}, "e": {"type": "number"}})

    assert conform({"a": "x", "z": 1}, schema) == {"a": "x", "b": None, "c": [], "d": False, "e": 0}


def test_yes_and_no_become_booleans_where_the_schema_wants_them() -> None:
    schema = closed({"a": {"type": "boolean"}, "b": {"type": "boolean"}})

    assert conform({"a": "yes", "b": "no"}, schema) == {"a": True, "b": False}


def test_a_recursive_schema_ends() -> None:
    node = closed(
        {"child": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}, "all": many({"$ref": "#/$defs/node"})}
    )
    schema = closed({"root": {"$ref": "#/$defs/node"}}) | {"$defs": {"node": node}}
    value = {"root": {"child": {"child": None, "all": []}, "all": [{"child": None, "all": []}]}}

    assert conform(MISSING, schema) == {"root": {"child": None, "all": []}}
    assert conform(value, schema) == value


def test_a_recursive_schema_without_end_is_refused() -> None:
    node = closed({"child": {"$ref": "#/$defs/node"}})

    with pytest.raises(ApiError):
        conform(MISSING, closed({"root": {"$ref": "#/$defs/node"}}) | {"$defs": {"node": node}})


def test_a_pattern_is_met_with_a_sample_or_refused() -> None:
    assert conform(MISSING, closed({"a": {"type": "string", "pattern": r"^\+\d+$"}})) == {"a": "+12025550100"}
    with pytest.raises(ApiError):
        conform(MISSING, closed({"a": {"type": "string", "pattern": "^zebra$"}}))


@pytest.mark.parametrize("schema", [ASSISTANT_REPLY, VERDICT])
def test_the_schemas_of_the_roles_can_be_left_empty(schema: dict[str, Any]) -> None:
    validate(conform(MISSING, schema), schema)
