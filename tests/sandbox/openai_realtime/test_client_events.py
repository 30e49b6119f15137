"""What clients get wrong, and how they are told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.openai.realtime.client_events import parse, read_json
from sandbox.openai.realtime.errors import ClientEventError
from sandbox.openai.realtime.schema import AudioAppend, SessionUpdate


def session(**settings: Any) -> dict[str, Any]:
    return {"type": "session.update", "session": {"type": "realtime"} | settings}


def vad(**settings: Any) -> dict[str, Any]:
    return session(audio={"input": {"turn_detection": {"type": "server_vad"} | settings}})


ITEM = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}


@pytest.mark.parametrize(
    ("message", "code", "param"),
    [
        ({}, "missing_required_parameter", "type"),
        ({"type": "session.start"}, "invalid_value", "type"),
        ({"type": 7}, "invalid_value", "type"),
        ({"type": "session.update"}, "missing_required_parameter", "session"),
        ({"type": "session.update", "session": {}}, "missing_required_parameter", "session.type"),
        ({"type": "session.update", "session": {"type": "transcription"}}, "invalid_value", "session.type"),
        (session(temperature=0.8), "unknown_parameter", "session.temperature"),
        (session(voice="alloy"), "unknown_parameter", "session.voice"),
        (session(instructions=7), "invalid_type", "session.instructions"),
        (session(output_modalities=["audio", "text"]), "invalid_value", "session.output_modalities"),
        (session(output_modalities=["video"]), "invalid_value", "session.output_modalities[0]"),
        (session(audio={"output": {"voice": "bob"}}), "invalid_value", "session.audio.output.voice"),
        (session(audio={"output": {"format": {"type": "g711_ulaw"}}}), "invalid_value",
         "session.audio.output.format.type"),
        (session(audio={"input": {"format": {"type": "audio/pcmu", "rate": 8000}}}), "unknown_parameter",
         "session.audio.input.format.rate"),
        (session(audio={"input": {"format": {"type": "audio/pcm", "rate": 8000}}}), "invalid_value",
         "session.audio.input.format.rate"),
        (session(audio={"input": {"turn_detection": {}}}), "missing_required_parameter",
         "session.audio.input.turn_detection.type"),
        (vad(threshold=2.0), "invalid_value", "session.audio.input.turn_detection.threshold"),
        (vad(idle_timeout_ms=10), "invalid_value", "session.audio.input.turn_detection.idle_timeout_ms"),
        (vad(silence_duration_ms="long"), "invalid_type", "session.audio.input.turn_detection.silence_duration_ms"),
        (session(tools=[{"type": "function"}]), "missing_required_parameter", "session.tools[0].name"),
        (session(tools=[{"type": "function", "name": "a", "strict": True}]), "unknown_parameter",
         "session.tools[0].strict"),
        (session(max_output_tokens=0), "invalid_value", "session.max_output_tokens"),
        ({"type": "input_audio_buffer.append"}, "missing_required_parameter", "audio"),
        ({"type": "input_audio_buffer.append", "audio": 1}, "invalid_type", "audio"),
        ({"type": "input_audio_buffer.append", "audio": "", "rate": 1}, "unknown_parameter", "rate"),
        ({"type": "conversation.item.create"}, "missing_required_parameter", "item"),
        ({"type": "conversation.item.create", "item": {"type": "poem"}}, "invalid_value", "item.type"),
        ({"type": "conversation.item.create", "item": ITEM | {"id": "x" * 33}}, "invalid_value", "item.id"),
        ({"type": "conversation.item.create", "item": {"type": "function_call_output", "call_id": "c"}},
         "missing_required_parameter", "item.output"),
        ({"type": "conversation.item.truncate", "item_id": "i", "content_index": 0}, "missing_required_parameter",
         "audio_end_ms"),
        ({"type": "response.create", "response": {"modalities": ["text"]}}, "unknown_parameter", "response.modalities"),
        ({"type": "response.create", "response": {"conversation": "mine"}}, "invalid_value", "response.conversation"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_path(message: dict[str, Any], code: str, param: str) -> None:
    with pytest.raises(ClientEventError) as refused:
        parse(message)
    assert (refused.value.code, refused.value.param) == (code, param)


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '"session.update"', "[" * 100_000])
def test_what_is_no_json_object_is_refused(text: str) -> None:
    with pytest.raises(ClientEventError):
        read_json(text)


def test_a_good_event_is_parsed() -> None:
    event = parse(session(instructions="Be kind.", tracing=None))
    assert isinstance(event, SessionUpdate)
    assert event.session.model_fields_set == {"type", "instructions", "tracing"}


def test_audio_is_taken_as_it_comes() -> None:
    assert isinstance(parse({"type": "input_audio_buffer.append", "audio": "AAAA", "event_id": "e"}), AudioAppend)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
KINDS = st.sampled_from(["session.update", "conversation.item.create", "response.create", "conversation.item.truncate"])


@given(KINDS, st.dictionaries(st.sampled_from(["session", "item", "response", "item_id", "event_id"]), JSON))
def test_no_message_breaks_the_reader(kind: str, fields: dict[str, Any]) -> None:
    try:
        parse(read_json(json.dumps({"type": kind} | fields)))
    except ClientEventError as refused:
        assert refused.message
