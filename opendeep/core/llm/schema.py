"""Strict JSON schemas from pydantic types, as structured outputs want them."""

from typing import Any

from pydantic import BaseModel

DROPPED = {"title", "default", "minLength", "maxLength", "pattern", "format", "minItems", "maxItems"}


def strict_schema(answer: type[BaseModel]) -> dict[str, Any]:
    """The schema of `answer` with every property required and no others allowed.

    Limits that structured outputs do not know are dropped here; pydantic checks them on the answer.
    """
    schema = _strict(answer.model_json_schema())
    assert isinstance(schema, dict)
    return schema


def _strict(node: Any, *, in_properties: bool = False) -> Any:
    if isinstance(node, list):
        return [_strict(item) for item in node]
    if not isinstance(node, dict):
        return node
    if in_properties:
        return {name: _strict(value) for name, value in node.items()}
    result = {
        key: _strict(value, in_properties=key in {"properties", "$defs"})
        for key, value in node.items()
        if key not in DROPPED
    }
    if result.get("type") == "object" and "properties" in result:
        result["required"] = list(result["properties"])
        result["additionalProperties"] = False
    return result
