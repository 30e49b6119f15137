"""What the agent decides from, and what it decides: plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Speaker = Literal["callee", "agent", "owner", "tool_call", "tool_output"]


@dataclass(frozen=True)
class Turn:
    """One thing that happened. A callee's `text` is "" when nothing was understood, or nothing was said.

    owner: a system message. tool_call and tool_output: `name` is the tool, `text` its arguments or its output.
    silent: the callee said nothing for so long that the server asked the agent to go on.
    """

    speaker: Speaker
    text: str
    name: str = ""
    silent: bool = False


@dataclass(frozen=True)
class ToolCall:
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Decision:
    """Say `speech` (may be ""), then call the tool, in one response."""

    speech: str = ""
    call: ToolCall | None = None


@dataclass(frozen=True)
class Toolbox:
    """The session's tools: name -> JSON schema of the arguments; `forced` is a tool that must be called."""

    schemas: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    forced: str | None = None

    def __contains__(self, name: str) -> bool:
        return name in self.schemas

    def call(self, name: str, **arguments: Any) -> ToolCall | None:
        """A call with those of the arguments that the tool knows; None when the session has no such tool.

        A text whose schema has an `enum` becomes the first of its wishes (separated by "|") that is allowed.
        """
        if name not in self.schemas:
            return None
        properties: Mapping[str, Any] = self.schemas[name].get("properties") or {}
        known = {key: value for key, value in arguments.items() if not properties or key in properties}
        chosen = {key: _allowed(value, properties.get(key, {})) for key, value in known.items()}
        return ToolCall(name, chosen | _missing(self.schemas[name], chosen))


def _allowed(value: Any, schema: Mapping[str, Any]) -> Any:
    if not isinstance(value, str) or "|" not in value:
        return value
    wishes, allowed = value.split("|"), schema.get("enum")
    if not allowed:
        return wishes[0]
    return next((wish for wish in wishes if wish in allowed), allowed[0])


_EMPTY: Mapping[str, Any] = {
    "string": "",
    "integer": 0,
    "number": 0,
    "boolean": False,
    "array": [],
    "object": {},
}


def _missing(schema: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Required arguments that this agent knows nothing about get the first allowed or an empty value."""
    properties: Mapping[str, Any] = schema.get("properties") or {}
    names = [name for name in schema.get("required", ()) if name not in given]
    return {name: _empty(properties.get(name, {})) for name in names}


def _empty(schema: Mapping[str, Any]) -> Any:
    allowed = schema.get("enum")
    return allowed[0] if allowed else _EMPTY.get(str(schema.get("type")), "")


@dataclass(frozen=True)
class Scene:
    """All that a decision is made from. `order`: instructions for this one response; `now`: local and naive."""

    instructions: str
    turns: tuple[Turn, ...]
    tools: Toolbox
    now: datetime
    order: str = ""
