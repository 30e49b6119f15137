import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.realtime import (
    ConversationItemCreateEvent,
    ConversationItemDeleteEvent,
    ConversationItemTruncateEvent,
    InputAudioBufferAppendEvent,
    InputAudioBufferCommitEvent,
    RealtimeServerEvent,
    ResponseCancelEvent,
    ResponseCreateEvent,
    SessionUpdateEvent,
)
from pydantic import BaseModel, TypeAdapter

from audiogateway.realtime import events
from audiogateway.realtime.openai_codec import (
    Configuration,
    Decoder,
    TurnDetection,
    append_audio,
    cancel_response,
    commit_audio,
    configure,
    create_response,
    delete_item,
    tool_output,
    truncate_item,
)
from audiogateway.tools import TOOLS_JSON

CONFIGURATION = Configuration(
    instructions="Goal: ask “whether”.",
    tools=TOOLS_JSON,
    voice="marin",
    transcription_model="gpt-transcribe",
    language="en",
    input_format="audio/pcmu",
    output_format="audio/pcmu",
    turn_detection=TurnDetection(),
)

SENT: list[tuple[bytes, type[BaseModel]]] = [
    (append_audio(b"\xff" * 160), InputAudioBufferAppendEvent),
    (commit_audio(), InputAudioBufferCommitEvent),
    (configure(CONFIGURATION), SessionUpdateEvent),
    (create_response("", "ask_1"), ResponseCreateEvent),
    (create_response("Say goodbye.", "ask_2"), ResponseCreateEvent),
    (cancel_response("resp_1"), ResponseCancelEvent),
    (truncate_item("item_1", 1234), ConversationItemTruncateEvent),
    (delete_item("item_1"), ConversationItemDeleteEvent),
    (tool_output("call_1", {"ok": True, "when": "zwölf"}), ConversationItemCreateEvent),
]


def unknown_keys(model: Any, path: str = "") -> list[str]:
    """Keys that the reference type does not declare: a misspelt field would be among them."""
    if isinstance(model, list):
        return [key for item in model for key in unknown_keys(item, path)]
    if not isinstance(model, BaseModel):
        return []
    extra = [f"{path}.{name}" for name in model.model_extra or {}]
    return extra + [
        key for name in type(model).model_fields for key in unknown_keys(getattr(model, name), f"{path}.{name}")
    ]


@pytest.mark.parametrize(("wire", "reference"), SENT)
def test_what_is_sent_has_the_shape_of_the_reference(wire: bytes, reference: type[BaseModel]) -> None:
    event = reference.model_validate_json(wire, strict=True)
    assert unknown_keys(event) == []


def test_the_sound_of_the_callee_is_sent_as_it_is() -> None:
    sound = bytes(range(160))
    assert base64.b64decode(json.loads(append_audio(sound))["audio"]) == sound


def test_the_session_speaks_g711_both_ways() -> None:
    session = json.loads(configure(CONFIGURATION))["session"]
    audio = session["audio"]
    assert (session["type"], session["output_modalities"]) == ("realtime", ["audio"])
    assert audio["input"]["format"] == audio["output"]["format"] == {"type": "audio/pcmu"}
    assert audio["input"]["transcription"] == {"model": "gpt-transcribe", "language": "en"}


def test_the_server_neither_answers_nor_interrupts_nor_asks_who_is_there() -> None:
    ears = TurnDetection().to_json()
    assert (ears["create_response"], ears["interrupt_response"], ears["idle_timeout_ms"]) == (False, False, None)


# --- What comes in --------------------------------------------------------------------------------

USAGE = {
    "total_tokens": 100,
    "input_tokens": 70,
    "output_tokens": 30,
    "input_token_details": {
        "text_tokens": 40,
        "audio_tokens": 30,
        "cached_tokens": 25,
        "cached_tokens_details": {"text_tokens": 20, "audio_tokens": 5},
    },
    "output_token_details": {"text_tokens": 10, "audio_tokens": 20},
}


def in_response(kind: str, **fields: Any) -> dict[str, Any]:
    place = {"response_id": "resp_1", "item_id": "item_1", "output_index": 0, "content_index": 0}
    return {"type": kind, "event_id": "event_1", **place, **fields}


def server(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "event_id": "event_1", **fields}


MESSAGE = {
    "id": "item_1",
    "object": "realtime.item",
    "type": "message",
    "role": "assistant",
    "status": "in_progress",
    "content": [],
}
CALL = {
    "id": "item_2",
    "object": "realtime.item",
    "type": "function_call",
    "status": "completed",
    "call_id": "call_1",
    "name": "end_call",
    "arguments": '{"reason":',
}
RECEIVED: list[tuple[dict[str, Any], events.Event | None]] = [
    (
        server("session.updated", session={"type": "realtime", "audio": {"input": {"format": {"type": "audio/pcmu"}}}}),
        events.SessionUpdated("audio/pcmu", ""),
    ),
    (
        server("input_audio_buffer.speech_started", item_id="item_1", audio_start_ms=120),
        events.SpeechStarted("item_1", 120),
    ),
    (
        server("input_audio_buffer.speech_stopped", item_id="item_1", audio_end_ms=900),
        events.SpeechStopped("item_1", 900),
    ),
    (
        server("input_audio_buffer.committed", item_id="item_2", previous_item_id="item_1"),
        events.AudioCommitted("item_2", "item_1"),
    ),
    (
        server("conversation.item.added", item=MESSAGE, previous_item_id=None),
        events.ItemAdded("item_1", None, "assistant"),
    ),
    (
        server("conversation.item.created", item=CALL, previous_item_id="item_1"),
        events.ItemAdded("item_2", "item_1", ""),
    ),
    (
        server(
            "conversation.item.input_audio_transcription.completed",
            item_id="item_1",
            content_index=0,
            transcript=" Yes. \n",
            usage={"type": "duration", "seconds": 1.5},
        ),
        events.CalleeTranscript("item_1", "Yes.", {}, 1.5),
    ),
    (
        server(
            "conversation.item.input_audio_transcription.completed",
            item_id="item_1",
            content_index=0,
            transcript="Yes.",
            usage={
                "type": "tokens",
                "input_tokens": 12,
                "output_tokens": 3,
                "total_tokens": 15,
                "input_token_details": {"audio_tokens": 10, "text_tokens": 2},
            },
        ),
        events.CalleeTranscript("item_1", "Yes.", {"input_text": 2, "input_audio": 10, "output_text": 3}),
    ),
    (
        server(
            "conversation.item.input_audio_transcription.failed",
            item_id="item_1",
            content_index=0,
            error={"type": "x", "code": "audio_unintelligible", "message": "No."},
        ),
        events.CalleeTranscriptFailed("item_1", "No."),
    ),
    (server("response.created", response={"id": "resp_1"}), events.ResponseCreated("resp_1")),
    (
        in_response("response.output_audio.delta", delta=base64.b64encode(b"ab").decode()),
        events.AgentAudio("resp_1", "item_1", b"ab"),
    ),
    (in_response("response.output_audio.done"), events.AgentAudioDone("resp_1", "item_1")),
    (in_response("response.output_audio_transcript.delta", delta="Hel"), events.AgentWords("item_1", "Hel")),
    (
        in_response("response.output_audio_transcript.done", transcript="Hello."),
        events.AgentTranscript("item_1", "Hello."),
    ),
    (
        server("response.output_item.done", response_id="resp_1", output_index=1, item=CALL),
        events.ToolCalled("resp_1", "item_2", "call_1", "end_call", '{"reason":'),
    ),
    (server("response.output_item.done", response_id="resp_1", output_index=0, item=MESSAGE), None),
    (
        server(
            "response.function_call_arguments.done",
            response_id="resp_1",
            item_id="item_2",
            output_index=1,
            call_id="call_1",
            name="end_call",
            arguments="{}",
        ),
        None,
    ),
    (
        server("response.done", response={"id": "resp_1", "status": "completed", "usage": USAGE}),
        events.ResponseDone(
            "resp_1",
            "completed",
            "",
            "",
            {
                "input_text": 20,
                "input_audio": 25,
                "cached_text": 20,
                "cached_audio": 5,
                "output_text": 10,
                "output_audio": 20,
            },
        ),
    ),
    (
        server(
            "response.done",
            response={
                "id": "resp_1",
                "status": "failed",
                "status_details": {"type": "failed", "error": {"code": "rate_limit_exceeded", "type": "requests"}},
            },
        ),
        events.ResponseDone("resp_1", "failed", "", "rate_limit_exceeded"),
    ),
    (
        server(
            "error", error={"type": "invalid_request_error", "code": "session_expired", "message": "Your session …"}
        ),
        events.ServerError("session_expired", "Your session …"),
    ),
    (
        server(
            "error",
            error={
                "type": "invalid_request_error",
                "code": "conversation_already_has_active_response",
                "message": "Busy.",
                "event_id": "ask_1",
            },
        ),
        events.ServerError("conversation_already_has_active_response", "Busy.", "ask_1"),
    ),
]


@pytest.mark.parametrize(("wire", "event"), RECEIVED)
def test_an_event_is_read(wire: dict[str, Any], event: events.Event | None) -> None:
    assert Decoder().decode(json.dumps(wire)) == event


@pytest.mark.parametrize("wire", [wire for wire, _ in RECEIVED])
def test_the_vectors_have_the_shape_of_the_reference(wire: dict[str, Any]) -> None:
    """So that the tests above cannot be right about a shape that the server never sends."""
    event = TypeAdapter(RealtimeServerEvent).validate_python(wire)
    assert event.type == wire["type"]


def test_events_of_other_types_are_ignored_and_counted() -> None:
    decoder = Decoder()
    assert decoder.decode('{"type": "rate_limits.updated", "rate_limits": []}') is None
    assert decoder.decode('{"type": "something.new"}') is None
    assert decoder.ignored == 2


ESSENTIAL = {"session", "item", "item_id", "response", "response_id", "delta", "transcript", "error"} | {
    "audio_start_ms",
    "audio_end_ms",
}
WITHOUT = [
    {key: value for key, value in wire.items() if key != name}
    for wire, event in RECEIVED
    if event is not None and not isinstance(event, events.CalleeTranscriptFailed)
    for name in sorted(ESSENTIAL & set(wire))
    if not (name == "response_id" and "transcript" in wire["type"])
]


@pytest.mark.parametrize("wire", WITHOUT, ids=lambda wire: f"{wire['type']} with only {sorted(wire)}")
def test_a_missing_field_is_a_problem_and_no_exception(wire: dict[str, Any]) -> None:
    decoder = Decoder()
    problem = decoder.decode(json.dumps(wire))
    assert isinstance(problem, events.ProtocolProblem)
    assert problem.what.startswith(wire["type"])
    assert decoder.problems == 1


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", "[]", "null", '{"type": 5}', '{"type": []}', '{"type": "response.created"}', '{"type": "error"}']
    + ['{"type": "input_audio_buffer.speech_started", "item_id": "i", "audio_start_ms": -1}']
    + ['{"type": "input_audio_buffer.speech_started", "item_id": "", "audio_start_ms": 1}']
    + ['{"type": "response.output_audio.delta", "response_id": "r", "item_id": "i", "delta": "?"}']
    + ["[" * 100_000],
)
def test_nonsense_is_a_problem_or_nothing(text: str) -> None:
    decoder = Decoder()
    event = decoder.decode(text)
    assert isinstance(event, events.ProtocolProblem) or decoder.ignored == 1


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=10), children, max_size=3),
    max_leaves=10,
)


@given(st.sampled_from(RECEIVED), st.data())
def test_a_field_of_any_other_type_never_raises(vector: tuple[dict[str, Any], Any], data: st.DataObject) -> None:
    wire = dict(vector[0])
    wire[data.draw(st.sampled_from(sorted(wire)))] = data.draw(json_values)
    Decoder().decode(json.dumps(wire))


@given(st.binary(max_size=200))
def test_random_bytes_never_raise(data: bytes) -> None:
    Decoder().decode(data)


TRANSCRIBED = "conversation.item.input_audio_transcription.completed"


def test_a_text_that_no_database_keeps_is_mended() -> None:
    event = Decoder().decode(f'{{"type": "{TRANSCRIBED}", "item_id": "i", "transcript": "Y\\u0000es \\ud83d, é"}}')
    assert event == events.CalleeTranscript("i", "Yes ?, é")


@pytest.mark.parametrize("seconds", ["1e999", "NaN", "Infinity", "1" * 400, "-1", "true", '"2"'])
def test_a_number_that_nobody_can_count_with_counts_as_absent(seconds: str) -> None:
    usage = f'{{"type": "duration", "seconds": {seconds}}}'
    wire = f'{{"type": "{TRANSCRIBED}", "item_id": "i", "transcript": "Yes.", "usage": {usage}}}'
    assert Decoder().decode(wire) == events.CalleeTranscript("i", "Yes.")
