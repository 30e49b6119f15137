"""The session's rules over the wire, each event by itself."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from sandbox.openai.realtime.settings import Pace
from tests.sandbox.openai_realtime.test_talk import INSTRUCTIONS, TOOLS, begin
from tests.sandbox.openai_realtime.wire import SECOND_OF_SILENCE, Client, called, client, spoken, stand_in

MANUAL = {"input": {"format": {"type": "audio/pcmu"}, "turn_detection": None}}


async def error_after(line: Client, kind: str, **fields: Any) -> dict[str, Any]:
    await line.send(kind, event_id="mine", **fields)
    error: dict[str, Any] = (await line.until("error"))["error"]
    assert error["event_id"] == "mine"
    return error


# Session


async def test_a_session_begins_with_its_defaults() -> None:
    async with stand_in() as url, client(url) as line:
        created = (await line.next())["session"]
    assert created["object"] == "realtime.session"
    assert created["model"] == "gpt-realtime-2.1"
    assert created["output_modalities"] == ["audio"]
    assert created["audio"]["input"]["turn_detection"]["type"] == "server_vad"
    assert created["audio"]["input"]["format"] == {"type": "audio/pcm", "rate": 24000}


async def test_the_sdk_reads_the_session_with_its_id(line: Client) -> None:
    await line.send("session.update", session={"type": "realtime", "instructions": "Be kind."})
    event = await line.connection.recv()
    assert event.type == "session.updated"
    assert event.session.id.startswith("sess_")  # type: ignore[union-attr]


async def test_an_update_changes_only_what_it_names(line: Client) -> None:
    await line.configure(instructions=INSTRUCTIONS, tools=TOOLS)
    audio = {"input": {"turn_detection": {"type": "server_vad", "silence_duration_ms": 200}}}
    await line.send("session.update", session={"type": "realtime", "audio": audio})
    session = (await line.until("session.updated"))["session"]
    assert session["instructions"] == INSTRUCTIONS
    assert session["audio"]["input"]["format"] == {"type": "audio/pcmu"}
    assert session["audio"]["input"]["turn_detection"]["silence_duration_ms"] == 200
    assert session["audio"]["input"]["turn_detection"]["prefix_padding_ms"] == 300
    assert len(session["tools"]) == len(TOOLS)


async def test_empty_values_clear(line: Client) -> None:
    await line.configure(instructions=INSTRUCTIONS, tools=TOOLS)
    audio = {"input": {"turn_detection": None, "transcription": None}}
    await line.send("session.update", session={"type": "realtime", "instructions": "", "tools": [], "audio": audio})
    session = (await line.until("session.updated"))["session"]
    assert (session["instructions"], session["tools"]) == ("", [])
    assert session["audio"]["input"]["turn_detection"] is None
    assert session["audio"]["input"]["transcription"] is None


async def test_another_kind_of_detection_brings_its_own_defaults(line: Client) -> None:
    audio = {"input": {"turn_detection": {"type": "semantic_vad"}}}
    session = (await line.configure(audio=audio))["session"]
    assert session["audio"]["input"]["turn_detection"] == {
        "type": "semantic_vad",
        "eagerness": "auto",
        "create_response": True,
        "interrupt_response": True,
    }


async def test_a_wrong_update_changes_nothing_and_is_told_with_the_clients_event_id(line: Client) -> None:
    await line.configure(instructions=INSTRUCTIONS)
    error = await error_after(
        line, "session.update", session={"type": "realtime", "instructions": "x", "modalities": []}
    )
    assert (error["code"], error["param"]) == ("unknown_parameter", "session.modalities")
    assert spoken(await line.respond()).startswith("Hello, this is")


async def test_the_model_cannot_change(line: Client) -> None:
    error = await error_after(line, "session.update", session={"type": "realtime", "model": "gpt-realtime-2"})
    assert error["code"] == "cannot_update_model"


async def test_the_voice_can_change_until_the_first_sound(line: Client) -> None:
    cedar = {"type": "realtime", "audio": {"output": {"voice": "cedar"}}}
    await line.send("session.update", session=cedar)
    await line.until("session.updated")
    await line.respond()
    error = await error_after(
        line, "session.update", session={"type": "realtime", "audio": {"output": {"voice": "ash"}}}
    )
    assert error["code"] == "cannot_update_voice"
    await line.send("session.update", session=cedar)
    await line.until("session.updated")


# Input audio


async def test_positions_are_those_of_the_audio(line: Client) -> None:
    await line.configure(instructions=INSTRUCTIONS)
    await line.hear(SECOND_OF_SILENCE * 2)
    await line.hear_callee("Yes, please.")
    started = await line.until("input_audio_buffer.speech_started")
    stopped = await line.until("input_audio_buffer.speech_stopped")
    committed = await line.until("input_audio_buffer.committed")
    assert 1650 <= started["audio_start_ms"] <= 1850
    assert stopped["audio_end_ms"] > 2700
    assert started["item_id"] == stopped["item_id"] == committed["item_id"]


async def test_without_detection_the_client_commits_and_asks(line: Client) -> None:
    await line.configure(instructions=INSTRUCTIONS, audio=MANUAL)
    await line.hear_callee("Hello?")
    await line.send("input_audio_buffer.commit")
    committed = await line.until("input_audio_buffer.committed")
    added = await line.until("conversation.item.added")
    assert added["item"]["id"] == committed["item_id"]
    assert added["item"]["content"] == [{"type": "input_audio", "transcript": None}]
    assert spoken(await line.respond()).startswith("Hello, this is")
    assert "response.created" not in line.types()[: line.types().index("input_audio_buffer.committed")]


async def test_an_empty_commit_is_an_error(line: Client) -> None:
    error = await error_after(line, "input_audio_buffer.commit")
    assert error["code"] == "input_audio_buffer_commit_empty"


async def test_a_clear_is_confirmed_and_empties(line: Client) -> None:
    await line.configure(audio=MANUAL)
    await line.hear(SECOND_OF_SILENCE)
    await line.send("input_audio_buffer.clear")
    await line.until("input_audio_buffer.cleared")
    assert (await error_after(line, "input_audio_buffer.commit"))["code"] == "input_audio_buffer_commit_empty"


@pytest.mark.parametrize("audio", ["not base64!", "AAA", "Ää=="])
async def test_audio_that_is_no_base64_is_an_error(line: Client, audio: str) -> None:
    error = await error_after(line, "input_audio_buffer.append", audio=audio)
    assert (error["code"], error["param"]) == ("invalid_value", "audio")


async def test_detection_may_leave_the_answer_to_the_client(line: Client) -> None:
    detection = {"type": "server_vad", "create_response": False}
    await line.configure(
        instructions=INSTRUCTIONS, audio={"input": {"format": {"type": "audio/pcmu"}, "turn_detection": detection}}
    )
    await line.hear_callee("Hello?")
    await line.until("input_audio_buffer.committed")
    await line.send("conversation.item.retrieve", item_id="none")
    await line.until("error")
    assert "response.created" not in line.types()


async def test_long_silence_makes_the_agent_ask() -> None:
    detection = {"type": "server_vad", "idle_timeout_ms": 5000}
    async with stand_in() as url, client(url) as line:
        audio = {"input": {"format": {"type": "audio/pcmu"}, "turn_detection": detection}}
        await line.configure(instructions=INSTRUCTIONS, audio=audio)
        await line.respond()
        await line.hear(SECOND_OF_SILENCE * 25, chunk_ms=200)
        triggered = await line.until("input_audio_buffer.timeout_triggered")
        response = (await line.until("response.done"))["response"]
    assert triggered["audio_end_ms"] - triggered["audio_start_ms"] == pytest.approx(5000, abs=200)
    assert spoken(response).startswith("Are you still there?")


async def test_speech_need_not_interrupt() -> None:
    detection = {"type": "server_vad", "interrupt_response": False}
    async with stand_in(Pace(think_ms=0, speed=20)) as url, client(url) as line:
        audio = {"input": {"format": {"type": "audio/pcmu"}, "turn_detection": detection}}
        await line.configure(instructions=INSTRUCTIONS, audio=audio)
        await line.send("response.create")
        await line.until("response.output_audio.delta")
        await line.hear_callee("Hello?")
        done = await line.until("response.done")
    assert "input_audio_buffer.speech_started" in line.types()
    assert done["response"]["status"] == "completed"


# Items


async def test_an_item_is_added_and_done_with_its_place(line: Client) -> None:
    await line.say("user", "first")
    first = await line.until("conversation.item.done")
    await line.say("system", "second")
    second = await line.until("conversation.item.added")
    assert first["previous_item_id"] is None
    assert second["previous_item_id"] == first["item"]["id"]


async def test_heard_and_spoken_audio_can_be_retrieved(line: Client) -> None:
    await line.configure(instructions=INSTRUCTIONS)
    await line.hear_callee("Hello?")
    user = (await line.until("conversation.item.done"))["item"]["id"]
    agent = (await line.until("response.done"))["response"]["output"][0]["id"]
    for item_id, least in ((user, 800), (agent, 5000)):
        await line.send("conversation.item.retrieve", item_id=item_id)
        item = (await line.until("conversation.item.retrieved"))["item"]
        assert len(base64.b64decode(item["content"][0]["audio"])) / 8 > least


async def test_audio_may_come_as_an_item(line: Client) -> None:
    await line.configure(instructions=INSTRUCTIONS)
    await line.hear_callee("Hello?")
    item_id = (await line.until("conversation.item.done"))["item"]["id"]
    await line.until("response.done")
    await line.send("conversation.item.retrieve", item_id=item_id)
    audio = (await line.until("conversation.item.retrieved"))["item"]["content"][0]["audio"]
    part = {"type": "input_audio", "audio": audio}
    await line.send("conversation.item.create", item={"type": "message", "role": "user", "content": [part]})
    heard = await line.until("conversation.item.input_audio_transcription.completed")
    assert heard["transcript"] == "Hello?"


async def test_a_deleted_item_is_gone(line: Client) -> None:
    await line.say("user", "first")
    item_id = (await line.until("conversation.item.done"))["item"]["id"]
    await line.send("conversation.item.delete", item_id=item_id)
    await line.until("conversation.item.deleted")
    assert (await error_after(line, "conversation.item.delete", item_id=item_id))["param"] == "item_id"


async def test_an_answer_to_no_call_is_an_error(line: Client) -> None:
    item = {"type": "function_call_output", "call_id": "call_of_nobody", "output": "{}"}
    error = await error_after(line, "conversation.item.create", item=item)
    assert error["code"] == "invalid_tool_call_id"


async def test_the_agents_audio_cannot_be_made_up(line: Client) -> None:
    item = {"type": "message", "role": "assistant", "content": [{"type": "output_audio", "audio": "AAAA"}]}
    error = await error_after(line, "conversation.item.create", item=item)
    assert error["param"] == "item.content[0].type"


async def test_truncation_beyond_the_audio_is_an_error(line: Client) -> None:
    response = await begin(line)
    item_id = response["output"][0]["id"]
    error = await error_after(line, "conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=99999)
    assert "is already shorter than 99999ms" in error["message"]


# Responses


async def test_there_is_one_response_at_a_time() -> None:
    async with stand_in(Pace(think_ms=0)) as url, client(url) as line:
        await line.configure(instructions=INSTRUCTIONS)
        await line.send("response.create")
        await line.until("response.created")
        assert (await error_after(line, "response.create"))["code"] == "conversation_already_has_active_response"


async def test_a_response_out_of_band_runs_beside_and_leaves_no_trace() -> None:
    async with stand_in(Pace(think_ms=0)) as url, client(url) as line:
        await line.configure(instructions=INSTRUCTIONS)
        await line.send("response.create")
        await line.until("response.output_audio.delta")
        beside = {"conversation": "none", "output_modalities": ["text"], "metadata": {"topic": "x"}, "input": []}
        await line.send("response.create", response=beside | {"instructions": "Say: Aside."})
        done = await line.until("response.done")
    assert done["response"]["conversation_id"] is None
    assert done["response"]["metadata"] == {"topic": "x"}
    assert done["response"]["output"][0]["content"] == [{"type": "output_text", "text": "Aside."}]
    item_id = done["response"]["output"][0]["id"]
    added = [event["item"]["id"] for event in line.seen if event["type"] == "conversation.item.added"]
    assert item_id not in added


async def test_a_response_may_refer_to_items(line: Client) -> None:
    await line.configure(instructions=INSTRUCTIONS)
    await line.say("user", "Never call me again.")
    item_id = (await line.until("conversation.item.done"))["item"]["id"]
    response = await line.respond(conversation="none", input=[{"type": "item_reference", "id": item_id}], tools=TOOLS)
    assert called(response)[0][0] == "mark_do_not_call"


async def test_a_cancelled_response_says_who_cancelled() -> None:
    async with stand_in(Pace(think_ms=0)) as url, client(url) as line:
        await line.configure(instructions=INSTRUCTIONS)
        await line.send("response.create")
        await line.until("response.output_audio.delta")
        await line.send("response.cancel")
        done = (await line.until("response.done"))["response"]
        assert done["status_details"] == {"type": "cancelled", "reason": "client_cancelled"}
        assert (await error_after(line, "response.cancel"))["code"] == "response_cancel_not_active"
        after = line.types()[line.types().index("response.done") :]
        assert "response.output_audio.delta" not in after


async def test_tokens_limit_a_response(line: Client) -> None:
    await line.configure(instructions=INSTRUCTIONS)
    done = await line.respond(max_output_tokens=20)
    assert done["status"] == "incomplete"
    assert done["status_details"]["reason"] == "max_output_tokens"
    assert 0 < done["usage"]["output_token_details"]["audio_tokens"] <= 24


async def test_a_forced_tool_is_called(line: Client) -> None:
    await line.configure(instructions=INSTRUCTIONS, tools=TOOLS)
    done = await line.respond(tool_choice={"type": "function", "name": "end_call"})
    assert [name for name, _ in called(done)] == ["end_call"]


@pytest.mark.parametrize(("choice", "count"), [("none", 0), ("required", 1)])
async def test_tools_may_be_forbidden_or_demanded(line: Client, choice: str, count: int) -> None:
    await line.configure(instructions=INSTRUCTIONS, tools=TOOLS)
    assert len(called(await line.respond(tool_choice=choice))) == count


async def test_arguments_come_in_pieces_and_whole(line: Client) -> None:
    await line.configure(instructions=INSTRUCTIONS, tools=TOOLS)
    await line.respond(tool_choice={"type": "function", "name": "end_call"})
    pieces = [event["delta"] for event in line.seen if event["type"] == "response.function_call_arguments.delta"]
    (done,) = [event for event in line.seen if event["type"] == "response.function_call_arguments.done"]
    assert len(pieces) > 1
    assert "".join(pieces) == done["arguments"]
    assert done["name"] == "end_call"


async def test_text_instead_of_audio(line: Client) -> None:
    await line.configure(instructions=INSTRUCTIONS, output_modalities=["text"])
    done = await line.respond()
    assert done["output"][0]["content"][0]["type"] == "output_text"
    assert spoken(done).startswith("Hello, this is")
    assert "response.output_audio.delta" not in line.types()


async def test_usage_counts_by_kind_and_what_was_read_before(line: Client) -> None:
    first = (await begin(line))["usage"]
    await line.hear_callee("Yes, please.")
    second = (await line.until("response.done"))["response"]["usage"]
    details = second["input_token_details"]
    assert first["input_token_details"]["cached_tokens"] == 0
    assert first["output_token_details"]["audio_tokens"] > 50
    assert details["cached_tokens"] == first["input_tokens"]
    assert details["audio_tokens"] > first["output_token_details"]["audio_tokens"]
    assert second["input_tokens"] == details["audio_tokens"] + details["text_tokens"]
    assert second["total_tokens"] == second["input_tokens"] + second["output_tokens"]


# Nonsense, and the door


@pytest.mark.parametrize("text", ["{", "[]", '{"type": "session.start"}', "{}"])
async def test_nonsense_is_an_error_and_the_session_goes_on(line: Client, text: str) -> None:
    await line.connection.send_raw(text)
    await line.until("error")
    await line.configure(instructions=INSTRUCTIONS)
