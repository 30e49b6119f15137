"""Whole talks over the wire: real audio in, real audio out, through the `openai` SDK."""

from __future__ import annotations

from typing import Any

from tests.sandbox.openai_realtime.wire import Client, called, spoken

INSTRUCTIONS = """You are an AI calling people by telephone.
Opening sentence: Hello, this is an AI assistant calling on behalf of Green Dental.
Goal: Ask whether they want to keep their appointment on Friday at ten.
Now: 2026-11-22T16:30 (America/New_York)
"""


def tool(name: str, **properties: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return {"type": "function", "name": name, "description": name, "parameters": schema}


TEXT = {"type": "string"}
TOOLS = [
    tool("end_call", reason=TEXT, outcome=TEXT),
    tool("mark_do_not_call", reason=TEXT),
    tool("reschedule_call", when=TEXT, reason=TEXT),
]


async def begin(line: Client) -> dict[str, Any]:
    await line.configure(instructions=INSTRUCTIONS, tools=TOOLS)
    return await line.respond()


async def test_the_agent_opens_with_its_sentence_and_the_question(line: Client) -> None:
    response = await begin(line)
    assert response["status"] == "completed"
    assert spoken(response) == (
        "Hello, this is an AI assistant calling on behalf of Green Dental. "
        "I am calling to ask whether you want to keep your appointment on Friday at ten."
    )


async def test_a_spoken_yes_is_recognised_confirmed_and_ends_the_call(line: Client) -> None:
    await begin(line)
    await line.hear_callee("Yes, that works for me.")
    heard = await line.until("conversation.item.input_audio_transcription.completed")
    response = (await line.until("response.done"))["response"]
    assert heard["transcript"] == "Yes, that works for me."
    assert heard["usage"]["type"] == "duration"
    assert spoken(response).startswith("Thank you. I have noted that you want to keep your appointment")
    assert spoken(response).endswith("Goodbye.")
    assert [name for name, _ in called(response)] == ["end_call"]
    assert [item["type"] for item in response["output"]] == ["message", "function_call"]
