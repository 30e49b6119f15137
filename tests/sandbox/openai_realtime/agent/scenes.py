"""Talks for the agent to decide in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sandbox.openai.realtime.agent.brain import decide
from sandbox.openai.realtime.agent.turns import Decision, Scene, Toolbox, Turn

OPENING = "Hello, this is an AI assistant calling on behalf of Green Dental."
PURPOSE = "I am calling to ask whether you want to keep your appointment on Friday at ten."
INSTRUCTIONS = f"""Be polite.
Opening sentence: {OPENING}
Goal: Ask whether they want to keep their appointment on Friday at ten.
Now: 2026-11-22T16:30 (America/New_York)
Address of the practice: 12 High Street
"""
END = {"properties": {"reason": {"type": "string"}, "outcome": {"type": "string"}}, "required": ["reason", "outcome"]}
ALL: dict[str, Any] = {
    "end_call": END,
    "send_dtmf": {},
    "request_user_info": {},
    "reschedule_call": {},
    "mark_do_not_call": {},
    "transfer_call": {},
    "report_voicemail": {},
}
INTRODUCED = (Turn("agent", f"{OPENING} {PURPOSE}"),)


def scene(
    *turns: Turn,
    tools: dict[str, Any] = ALL,
    order: str = "",
    forced: str | None = None,
    extra: str = "",
) -> Scene:
    """`extra`: more lines of instructions."""
    now = datetime(2026, 1, 1, 12)  # noqa: DTZ001 - the instructions' Now goes before it
    return Scene(INSTRUCTIONS + extra, turns, Toolbox(tools, forced), now, order)


def callee(text: str) -> Turn:
    return Turn("callee", text)


def said_to(words: str, **kwargs: Any) -> Decision:
    """The answer to words of a callee who has heard opening and question."""
    return decide(scene(*INTRODUCED, callee(words), **kwargs))


def name_of(decision: Decision) -> str | None:
    return decision.call.name if decision.call else None


def called(name: str, arguments: str = "{}") -> Turn:
    return Turn("tool_call", arguments, name)


def output(name: str, text: str = "{}") -> Turn:
    return Turn("tool_output", text, name)
