"""What the stand-in does wrong on demand."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosedError

from sandbox.openai.controls import KINDS
from sandbox.openai.faults import TABLE, Fault, parse_fault
from sandbox.openai.realtime.settings import Pace
from tests.sandbox.openai_realtime.test_protocol import closed
from tests.sandbox.openai_realtime.test_talk import INSTRUCTIONS, INTRODUCTION
from tests.sandbox.openai_realtime.wire import Client, client, spoken, stand_in


def order(kind: str, **fields: Any) -> Fault:
    """As `POST /sandbox/faults` puts it on the table."""
    fault = parse_fault({"target": "realtime", "kind": kind, **fields}, KINDS)
    TABLE.add(fault)
    return fault


async def audio_ms(line: Client) -> int:
    """How much sound has come, judging by the deltas seen."""
    count = line.types().count("response.output_audio.delta")
    return 100 + 200 * (count - 1) if count else 0


async def test_the_connection_breaks_in_the_middle_of_a_sentence(line: Client) -> None:
    await line.configure(instructions=INSTRUCTIONS)
    order("drop", after_ms=900)
    with pytest.raises(ConnectionClosedError):
        await line.respond()
    assert await closed(line) == (1006, "")
    assert 500 <= await audio_ms(line) <= 1100


async def test_the_server_closes_with_a_code_in_the_middle_of_a_sentence(line: Client) -> None:
    await line.configure(instructions=INSTRUCTIONS)
    order("close", after_ms=500, close_code=1012, message="restart")
    with pytest.raises(ConnectionClosedError):
        await line.respond()
    assert await closed(line) == (1012, "restart")


async def test_the_limit_of_an_hour_may_come_early(line: Client) -> None:
    await line.configure(instructions=INSTRUCTIONS)
    order("session_expired")
    await line.send("response.create")
    assert (await line.until("error"))["error"]["code"] == "session_expired"
    assert (await closed(line))[0] == 1001


async def test_an_error_in_the_middle_ends_nothing(line: Client) -> None:
    await line.configure(instructions=INSTRUCTIONS)
    order("error", code="server_error", message="Sorry.", after_ms=500)
    assert spoken(await line.respond()) == INTRODUCTION
    (error,) = [event["error"] for event in line.seen if event["type"] == "error"]
    assert (error["code"], error["message"]) == ("server_error", "Sorry.")


@pytest.mark.parametrize(
    ("kind", "code"), [("rate_limited", "rate_limit_exceeded"), ("response_failed", "server_error")]
)
async def test_a_response_fails_and_the_next_one_works(line: Client, kind: str, code: str) -> None:
    await line.configure(instructions=INSTRUCTIONS)
    order(kind)
    failed = await line.respond()
    assert (failed["status"], failed["status_details"]["error"]["code"]) == ("failed", code)
    assert failed["usage"]["input_tokens"] > 0
    assert spoken(await line.respond()) == INTRODUCTION


async def test_a_response_fails_in_the_middle_of_its_sentence(line: Client) -> None:
    await line.configure(instructions=INSTRUCTIONS)
    order("response_failed", after_ms=500)
    failed = await line.respond()
    assert failed["output"][0]["status"] == "incomplete"
    assert "response.output_audio.done" in line.types()


async def test_the_filter_cuts_a_response_short(line: Client) -> None:
    await line.configure(instructions=INSTRUCTIONS)
    order("incomplete", after_ms=500)
    cut = await line.respond()
    assert (cut["status"], cut["status_details"]["reason"]) == ("incomplete", "content_filter")


async def test_a_response_may_come_as_two_messages(line: Client) -> None:
    await line.configure(instructions=INSTRUCTIONS)
    order("two_audio_items")
    response = await line.respond()
    assert [item["type"] for item in response["output"]] == ["message", "message"]
    assert spoken(response) == INTRODUCTION
    items = {event["item_id"]: event["output_index"] for event in line.seen if event["type"].endswith("audio.delta")}
    assert list(items.values()) == [0, 1]


async def test_settings_may_change_without_a_word(line: Client) -> None:
    order("no_session_updated")
    await line.send("session.update", session={"type": "realtime", "instructions": INSTRUCTIONS})
    assert spoken(await line.respond()) == INTRODUCTION
    assert "session.updated" not in line.types()
    await line.configure()


async def test_a_transcription_fails_and_the_talk_goes_on(line: Client) -> None:
    await line.configure(instructions=INSTRUCTIONS)
    order("transcription_failed", message="The microphone is broken.")
    await line.hear_callee("Hello?")
    failed = await line.until("conversation.item.input_audio_transcription.failed")
    assert failed["error"]["message"] == "The microphone is broken."
    assert spoken((await line.until("response.done"))["response"]) == INTRODUCTION


async def test_events_and_texts_of_the_future_come_through(line: Client) -> None:
    await line.configure(instructions=INSTRUCTIONS)
    order("unknown_event")
    await line.send("response.create")
    kinds = [str((await line.connection.recv()).type) for _ in range(3)]
    assert "sandbox.event_of_the_future" in kinds
    order("nonsense")
    await line.until("response.done")
    await line.send("response.create")
    texts = [await line.connection.recv_bytes() for _ in range(3)]
    assert b"{nonsense" in texts


async def test_a_slow_start_waits_before_the_first_sound(line: Client) -> None:
    await line.configure(instructions=INSTRUCTIONS)
    order("slow", seconds=0.3)
    loop = asyncio.get_running_loop()
    started = loop.time()
    await line.respond()
    assert loop.time() - started >= 0.3


async def test_a_hanging_server_accepts_and_says_nothing() -> None:
    order("hang")
    async with stand_in() as url, client(url) as line:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await line.next()
    async with stand_in(Pace()) as url, client(url) as line:
        assert (await line.next())["type"] == "session.created"


def test_every_kind_can_be_ordered() -> None:
    for kind in KINDS["realtime"]:
        assert order(kind).kind == kind
