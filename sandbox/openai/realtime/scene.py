"""Conversation items and response settings -> what the agent decides from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from sandbox.openai.realtime.agent.turns import Scene, Toolbox, Turn
from sandbox.openai.realtime.conversation import Item
from sandbox.openai.realtime.response import ResponseSettings
from sandbox.openai.realtime.schema import ForcedFunction


def scene_of(settings: ResponseSettings, items: Sequence[Item], now: datetime) -> Scene:
    """`now` is local and naive; a `Now:` line in the instructions goes before it."""
    turns = tuple(turns_of(items))
    return Scene(settings.session_instructions, turns, _toolbox(settings), now, order=settings.own_instructions)


def turns_of(items: Sequence[Item]) -> Iterator[Turn]:
    """Agent messages of which nothing was heard are left out, as if they had never been said."""
    names = {item.wire["call_id"]: item.wire["name"] for item in items if item.kind == "function_call"}
    for item in items:
        words = item.words or ""
        match item.kind, item.role:
            case "message", "assistant" if words:
                yield Turn("agent", words)
            case "message", "user":
                yield Turn("callee", words, silent=_is_silence(item))
            case "message", "system":
                yield Turn("owner", words)
            case "function_call", _:
                yield Turn("tool_call", item.wire["arguments"], item.wire["name"])
            case "function_call_output", _:
                yield Turn("tool_output", item.wire["output"], names.get(item.wire["call_id"], ""))


def _is_silence(item: Item) -> bool:
    kinds = [part["type"] for part in item.wire["content"]]
    return kinds == ["input_audio"] and not item.heard_ms


def _toolbox(settings: ResponseSettings) -> Toolbox:
    choice = settings.tool_choice
    if choice == "none":
        return Toolbox()
    schemas = {tool.name: tool.parameters for tool in settings.tools}
    return Toolbox(schemas, forced=choice.name if isinstance(choice, ForcedFunction) else None)
