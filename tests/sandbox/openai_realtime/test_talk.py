"""Whole talks over the wire: real audio in, real audio out, through the `openai` SDK."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from sandbox.openai.realtime.settings import Pace
from tests.sandbox.openai_realtime.wire import SECOND_OF_SILENCE, Client, called, client, spoken, stand_in

INSTRUCTIONS = """You are an AI calling people by telephone.
Opening sentence: Hello, this is an AI assistant calling on behalf of Green Dental.
Goal: Ask whether they want to keep their appointment on Friday at ten.
Now: 2026-11-22T16:30 (America/New_York)
"""
INTRODUCTION = (
    "Hello, this is an AI assistant calling on behalf of Green Dental. "
    "I am calling to ask whether you want to keep your appointment on Friday at ten."
)
TEXT = {"type": "string"}


def tool(name: str, **properties: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return {"type": "function", "name": name, "description": name, "parameters": schema}


TOOLS = [
    tool("end_call", reason=TEXT, outcome=TEXT),
    tool("mark_do_not_call", reason=TEXT),
    tool("reschedule_call", when=TEXT, reason=TEXT),
]


async def begin(line: Client) -> dict[str, Any]:
    await line.configure(instructions=INSTRUCTIONS, tools=TOOLS)
    return await line.respond()


async def answer(line: Client, response: dict[str, Any], output: str = '{"ok": true}') -> dict[str, Any]:
    """Give the output of the response's tool call, and let the talk go on."""
    call = next(item for item in response["output"] if item["type"] == "function_call")
    item = {"type": "function_call_output", "call_id": call["call_id"], "output": output}
    await line.send("conversation.item.create", item=item)
    return await line.respond()


async def reaction_to(line: Client, words: str) -> dict[str, Any]:
    """The response that the server makes by itself after a callee's words."""
    await line.hear_callee(words)
    done: dict[str, Any] = (await line.until("response.done"))["response"]
    return done


async def test_the_agent_opens_with_its_sentence_and_the_question(line: Client) -> None:
    response = await begin(line)
    assert (response["status"], spoken(response)) == ("completed", INTRODUCTION)


async def test_a_spoken_yes_is_recognised_confirmed_and_ends_the_call(line: Client) -> None:
    await begin(line)
    response = await reaction_to(line, "Yes, that works for me.")
    (heard,) = [event for event in line.seen if event["type"].endswith("transcription.completed")]
    assert heard["transcript"] == "Yes, that works for me."
    assert heard["usage"]["type"] == "duration"
    assert spoken(response).startswith("Thank you. I have noted that you want to keep your appointment")
    assert spoken(response).endswith("Goodbye.")
    assert [item["type"] for item in response["output"]] == ["message", "function_call"]
    assert called(response)[0][0] == "end_call"


async def test_hello_on_answering_gets_opening_and_question(line: Client) -> None:
    await line.configure(instructions=INSTRUCTIONS, tools=TOOLS)
    assert spoken(await reaction_to(line, "Hello?")) == INTRODUCTION


async def test_opting_out_is_recorded_promised_and_ended(line: Client) -> None:
    await begin(line)
    recorded = await reaction_to(line, "Never call me again. Take me off your list.")
    assert [name for name, _ in called(recorded)] == ["mark_do_not_call"]
    promised = await answer(line, recorded)
    assert "we will not call you again" in spoken(promised)
    assert [name for name, _ in called(promised)] == ["end_call"]


async def test_another_time_is_rescheduled_confirmed_and_ended(line: Client) -> None:
    await begin(line)
    rescheduled = await reaction_to(line, "Sorry, this is a bad moment. Please call me tomorrow at ten.")
    assert called(rescheduled)[0][1]["when"] == "2026-11-23T10:00"
    confirmed = await answer(line, rescheduled)
    assert "I will call you again on Monday, November 23 at 10 AM." in spoken(confirmed)
    assert [name for name, _ in called(confirmed)] == ["end_call"]


async def test_a_replayed_talk_goes_on_in_a_new_session(line: Client) -> None:
    await line.configure(instructions=INSTRUCTIONS, tools=TOOLS)
    await line.say("user", "Hello?")
    await line.say("assistant", INTRODUCTION)
    await line.say("user", "Yes, that is right.")
    response = await line.respond()
    assert "I have noted" in spoken(response)
    assert "Hello, this is" not in spoken(response)


async def test_noise_is_no_answer(line: Client) -> None:
    await begin(line)
    buzz = bytes([0x20, 0x20, 0x20, 0xA0, 0xA0, 0xA0]) * 1000
    await line.hear(buzz + SECOND_OF_SILENCE)
    failed = await line.until("conversation.item.input_audio_transcription.failed")
    response = (await line.until("response.done"))["response"]
    assert failed["error"]["code"] == "audio_unintelligible"
    assert spoken(response).endswith("Could you say it again, please?")


async def test_barge_in_cancels_the_response_and_what_was_not_heard_is_said_again() -> None:
    async with stand_in(Pace(think_ms=0)) as url, client(url) as line:
        await line.configure(instructions=INSTRUCTIONS, tools=TOOLS)
        await line.send("response.create")
        await line.until("response.output_audio_transcript.delta", lambda event: "Dental" in event["delta"])
        await line.hear_callee("Hello?", silence_ms=0)
        await line.until("input_audio_buffer.speech_started")
        cut = (await line.until("response.done"))["response"]
        item = cut["output"][0]
        assert (cut["status"], cut["status_details"]["reason"]) == ("cancelled", "turn_detected")
        assert (item["status"], item["content"][0]["type"]) == ("incomplete", "output_audio")
        assert spoken(cut) in INTRODUCTION
        assert cut["usage"]["output_token_details"]["audio_tokens"] > 0
        await line.send("conversation.item.truncate", item_id=item["id"], content_index=0, audio_end_ms=400)
        await line.until("conversation.item.truncated")
        await line.hear(SECOND_OF_SILENCE)
        again = (await line.until("response.done"))["response"]
        assert spoken(again) == INTRODUCTION


async def test_what_was_heard_before_the_interruption_is_not_said_again() -> None:
    async with stand_in(Pace(think_ms=0)) as url, client(url) as line:
        await line.configure(instructions=INSTRUCTIONS, tools=TOOLS)
        await line.send("response.create")
        await line.until("response.output_audio_transcript.delta", lambda event: "whether" in event["delta"])
        response = await reaction_to(line, "Hello?")
        assert response["status_details"]["reason"] == "turn_detected"
        again = (await line.until("response.done"))["response"]
        assert spoken(again) == INTRODUCTION.partition("Dental. ")[2]


async def test_audio_comes_faster_than_it_plays_but_not_at_once() -> None:
    async with stand_in(Pace(think_ms=0, speed=4)) as url, client(url) as line:
        await line.configure(instructions=INSTRUCTIONS)
        response = await line.respond(instructions="Say: One moment, please.")
        deltas = [event for event in line.seen if event["type"] == "response.output_audio.delta"]
        sizes = [len(base64.b64decode(event["delta"])) for event in deltas]
        assert spoken(response) == "One moment, please."
        assert sizes[0] == 800
        assert set(sizes[1:-1]) == {1600}


async def test_words_come_with_their_sound(line: Client) -> None:
    await begin(line)
    kinds = [kind for kind in line.types() if kind.endswith(".delta")]
    assert kinds[:2] == ["response.output_audio_transcript.delta", "response.output_audio.delta"]
    deltas = [event["delta"] for event in line.seen if event["type"] == "response.output_audio_transcript.delta"]
    assert len(deltas) > 10
    assert "".join(deltas).strip() == INTRODUCTION


async def test_events_of_a_turn_come_in_the_order_of_the_api(line: Client) -> None:
    await begin(line)
    start = len(line.seen)
    await reaction_to(line, "Yes, please.")
    kinds = list(dict.fromkeys(line.types()[start:]))
    transcription = {kind for kind in kinds if "transcription" in kind}
    assert [kind for kind in kinds if kind not in transcription] == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "response.created",
        "rate_limits.updated",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_audio_transcript.delta",
        "response.output_audio.delta",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.done",
    ]


@pytest.mark.parametrize("name", ["audio/pcm", "audio/pcma"])
async def test_every_format_carries_the_talk(line: Client, name: str) -> None:
    both = {"input": {"format": {"type": name}}, "output": {"format": {"type": name}}}
    await line.configure(instructions=INSTRUCTIONS, tools=TOOLS, audio=both)
    response = await line.respond()
    sound = b"".join(base64.b64decode(e["delta"]) for e in line.seen if e["type"] == "response.output_audio.delta")
    assert spoken(response) == INTRODUCTION
    assert len(sound) > (24000 * 2 if name == "audio/pcm" else 8000) * 3
