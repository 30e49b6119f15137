"""The rules for schemas of structured outputs: a valid JSON schema, and in strict mode a closed one."""

from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from sandbox.openai.errors import ApiError, bad_request

MAX_DEPTH = 10
MAX_PROPERTIES = 5000
FORBIDDEN = (
    "oneOf",
    "allOf",
    "not",
    "if",
    "then",
    "else",
    "dependentRequired",
    "dependentSchemas",
    "patternProperties",
    "uniqueItems",
)

Path = tuple[str, ...]
Schema = Mapping[str, Any]


def check_schema(schema: object, name: str, param: str, kind: str = "response_format") -> None:
    """Raises ApiError (400) unless `schema` is a JSON schema of an object."""
    if not isinstance(schema, dict):
        raise _invalid(name, param, kind, "schema must be a JSON Schema object.")
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise _invalid(name, param, kind, error.message) from None
    if resolve(schema, schema).get("type") != "object":
        given = schema.get("type")
        raise _invalid(
            name, param, kind, f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{given}\"'."
        )


def check_strict(schema: Schema, name: str, param: str, kind: str = "response_format") -> None:
    """Raises ApiError (400) where a part of the schema breaks the rules of strict mode."""
    count = 0
    for path, part in _parts(schema, (), 0):
        for rule in _broken_rules(part, schema):
            raise _invalid(name, param, kind, f"In context={path}, {rule}")
        count += len(part.get("properties", {}))
        if len([step for step in path if step in {"properties", "items"}]) > MAX_DEPTH:
            raise _invalid(name, param, kind, f"The nesting of the schema exceeds the limit of {MAX_DEPTH}.")
    if count > MAX_PROPERTIES:
        raise _invalid(name, param, kind, f"The schema has over {MAX_PROPERTIES} properties.")


def resolve(part: Schema, root: Schema) -> Schema:
    """The schema that a part with a `$ref` into `root` means; other parts as they are. Unknown places give {}."""
    seen: set[str] = set()
    while isinstance(reference := part.get("$ref"), str) and reference not in seen:
        seen.add(reference)
        part = _lookup(reference, root)
    return {} if "$ref" in part else part


def _lookup(reference: str, root: Schema) -> Schema:
    place: Any = root
    for step in reference.removeprefix("#").split("/")[1:]:
        place = place.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(place, Mapping) else None
    return place if reference.startswith("#") and isinstance(place, Mapping) else {}


def _parts(part: Schema, path: Path, depth: int) -> Iterator[tuple[Path, Schema]]:
    """Every schema inside a schema, with the way to it."""
    yield path, part
    for keyword in ("properties", "$defs", "definitions"):
        for key, child in part.get(keyword, {}).items():
            if isinstance(child, dict):
                yield from _parts(child, (*path, keyword, key), depth + 1)
    if isinstance(part.get("items"), dict):
        yield from _parts(part["items"], (*path, "items"), depth + 1)
    for index, child in enumerate(part.get("anyOf", [])):
        if isinstance(child, dict):
            yield from _parts(child, (*path, "anyOf", str(index)), depth + 1)


def _broken_rules(part: Schema, root: Schema) -> Iterator[str]:
    for keyword in FORBIDDEN:
        if keyword in part:
            yield f"'{keyword}' is not permitted."
    if "$ref" in part:
        if not resolve(part, root):
            yield f"reference can only point to definitions of the schema, got '{part['$ref']}'."
        return
    if not part.keys() & {"type", "anyOf", "enum", "const"}:
        yield "schema must have a 'type' key."
    if "object" in _types(part):
        yield from _open_object(part)
    if "array" in _types(part) and not isinstance(part.get("items"), dict):
        yield "array schema missing items."


def _open_object(part: Schema) -> Iterator[str]:
    if part.get("additionalProperties") is not False:
        yield "'additionalProperties' is required to be supplied and to be false."
    required = part.get("required", [])
    missing = [key for key in part.get("properties", {}) if key not in required]
    extra = [key for key in required if key not in part.get("properties", {})]
    if missing:
        yield (
            "'required' is required to be supplied and to be an array including every key in properties. "
            f"Missing '{missing[0]}'."
        )
    if extra:
        yield f"'required' is required to be an array including only keys in properties. Extra '{extra[0]}'."


def _types(part: Schema) -> list[str]:
    given = part.get("type", [])
    return [given] if isinstance(given, str) else list(given)


def _invalid(name: str, param: str, kind: str, reason: str) -> ApiError:
    code = "invalid_function_parameters" if kind == "function" else None
    return bad_request(f"Invalid schema for {kind} '{name}': {reason}", param, code)
