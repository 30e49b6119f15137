"""What the stand-in does wrong on demand."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosedError

from sandbox.openai.controls import KINDS
from sandbox.openai.faults import TABLE, Fault, parse_fault
from sandbox.openai.realtime.settings import Pace
from tests.sandbox.openai_realtime.test_refusals import closed
from tests.sandbox.openai_realtime.test_talk import INSTRUCTIONS, INTRODUCTION, TOOLS
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


async def test_the_sound_may_stall_in_the_middle_of_a_sentence(line: Client) -> None:
    await line.configure(instructions=INSTRUCTIONS)
    order("stall", after_ms=900, seconds=0.3)
    loop = asyncio.get_running_loop()
    await line.send("response.create")
    arrivals = []
    while "response.done" not in line.types():
        if (await line.next())["type"] == "response.output_audio.delta":
            arrivals.append(loop.time())
    gaps = [later - earlier for earlier, later in zip(arrivals, arrivals[1:], strict=False)]
    assert max(gaps) >= 0.25
    assert 2 <= gaps.index(max(gaps)) <= 5
    assert spoken(line.seen[-1]["response"]) == INTRODUCTION


async def test_a_response_may_be_empty(line: Client) -> None:
    await line.configure(instructions=INSTRUCTIONS)
    order("empty")
    response = await line.respond()
    assert (response["status"], response["output"]) == ("completed", [])
    assert spoken(await line.respond()) == INTRODUCTION


async def test_events_may_lack_their_fields(line: Client) -> None:
    await line.configure(instructions=INSTRUCTIONS)
    order("missing_fields", after_ms=500)
    await line.send("response.create")
    broken: list[dict[str, Any]] = []
    while len(broken) < 12:
        event = json.loads(await line.connection.recv_bytes())
        broken += [event] if event.keys() in ({"type"}, {"event_id"}) else []
    assert {event.get("type") for event in broken} >= {"response.output_audio.delta", "response.done", "error", None}
    done = await line.until("response.done", lambda event: "response" in event)
    assert spoken(done["response"]) == INTRODUCTION


@pytest.mark.parametrize("arguments", ['{"reason": ', "[]", '{"digits": 5}', ""])
async def test_a_tool_may_be_called_with_any_arguments(line: Client, arguments: str) -> None:
    await line.configure(instructions=INSTRUCTIONS)
    order("tool_call", tool="launch_rocket", arguments=arguments)
    response = await line.respond()
    (call,) = [item for item in response["output"] if item["type"] == "function_call"]
    assert (call["name"], call["arguments"]) == ("launch_rocket", arguments)
    output = {"type": "function_call_output", "call_id": call["call_id"], "output": "no JSON"}
    await line.send("conversation.item.create", item=output)
    assert (await line.respond())["status"] == "completed"


async def test_a_tool_call_may_be_told_twice(line: Client) -> None:
    await line.configure(instructions=INSTRUCTIONS, tools=TOOLS)
    await line.say("user", "Never call me again.")
    order("tool_call_twice")
    response = await line.respond()
    done = [event for event in line.seen if event["type"] == "response.function_call_arguments.done"]
    items = [event for event in line.seen if event["type"] == "response.output_item.done"]
    assert len({event["call_id"] for event in done}) == 1
    assert (len(done), len(items)) == (2, 2)
    assert len(response["output"]) == 1


async def test_sound_may_come_after_the_end_of_its_response() -> None:
    async with stand_in(Pace(think_ms=0, speed=1)) as url, client(url) as line:
        await line.configure(instructions=INSTRUCTIONS)
        order("late_audio")
        await line.send("response.create")
        first = await line.until("response.output_audio.delta")
        await line.send("response.cancel")
        assert (await line.until("response.done"))["response"]["status"] == "cancelled"
        late = await line.until("response.output_audio.delta")
        assert (late["item_id"], len(late["delta"]) > 100) == (first["item_id"], True)


async def test_a_session_may_be_slow_to_begin() -> None:
    order("slow_connect", seconds=0.3)
    loop = asyncio.get_running_loop()
    async with stand_in() as url, client(url) as line:
        connected = loop.time()
        await line.until("session.created")
        assert loop.time() - connected >= 0.25


async def test_a_session_may_have_a_limit_of_its_own() -> None:
    order("session_limit", seconds=0.3)
    async with stand_in() as url:
        async with client(url) as line:
            assert (await line.until("error"))["error"]["code"] == "session_expired"
            assert (await closed(line))[0] == 1001
        async with client(url) as line:
            await line.until("session.created")
            await line.configure(instructions=INSTRUCTIONS)
            assert spoken(await line.respond()) == INTRODUCTION


async def test_a_connection_may_be_cut_while_nothing_is_said() -> None:
    order("cut", seconds=0.1)
    async with stand_in() as url, client(url) as line:
        with pytest.raises(ConnectionClosedError):
            await line.until("response.created")
        assert await closed(line) == (1006, "")


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
