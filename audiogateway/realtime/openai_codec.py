"""OpenAI Realtime GA as texts and values: client events out, server events in. No socket, no clock.

The shapes are those of `openai.types.realtime` (openai 3.54); the tests validate everything that is sent with them.
Dispatch is by `.type` alone: events of other types are none of our business and are counted.
"""

import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audiogateway.realtime import events
from audiogateway.realtime.events import Event, ProtocolProblem

MAX_TEXT = 100_000
"""Longer texts of a transcript or of a tool's arguments are cut: nobody says that on the telephone."""
PCM_HZ = 24_000
MAX_NUMBER = 10**9
"""No count and no time of a call is larger; what is, counts as absent."""

# --- Client events --------------------------------------------------------------------------------

_APPEND_PREFIX = b'{"type":"input_audio_buffer.append","audio":"'
_APPEND_SUFFIX = b'"}'


def append_audio(audio: bytes) -> bytes:
    """The callee's sound, in the session's input format."""
    return _APPEND_PREFIX + binascii.b2a_base64(audio, newline=False) + _APPEND_SUFFIX


@dataclass(frozen=True, slots=True)
class TurnDetection:
    """Server VAD that only tells: the server neither answers, nor interrupts, nor asks whether anybody is there."""

    threshold: float = 0.5
    prefix_padding_ms: int = 300
    silence_duration_ms: int = 500

    def to_json(self) -> dict[str, Any]:
        return {
            "type": "server_vad",
            "threshold": self.threshold,
            "prefix_padding_ms": self.prefix_padding_ms,
            "silence_duration_ms": self.silence_duration_ms,
            "idle_timeout_ms": None,
            "create_response": False,
            "interrupt_response": False,
        }


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a session is told before the telephone rings. `language` is an ISO 639 code for the transcription.

    Without `turn_detection` the session hears, and nothing begins or ends by itself.
    """

    instructions: str
    tools: Sequence[Mapping[str, Any]]
    voice: str
    transcription_model: str
    language: str
    input_format: str
    output_format: str
    turn_detection: TurnDetection | None


def _audio_format(name: str) -> dict[str, Any]:
    return {"type": name, "rate": PCM_HZ} if name == "audio/pcm" else {"type": name}


def configure(wanted: Configuration) -> bytes:
    transcription = {"model": wanted.transcription_model}
    if wanted.language:
        transcription["language"] = wanted.language
    session = {
        "type": "realtime",
        "output_modalities": ["audio"],
        "instructions": wanted.instructions,
        "audio": {
            "input": {
                "format": _audio_format(wanted.input_format),
                "transcription": transcription,
                "turn_detection": wanted.turn_detection and wanted.turn_detection.to_json(),
            },
            "output": {"format": _audio_format(wanted.output_format), "voice": wanted.voice},
        },
        "tools": list(wanted.tools),
        "tool_choice": "auto",
    }
    return _encode({"type": "session.update", "session": session})


def detect_turns(wanted: TurnDetection) -> bytes:
    """From here on the session tells when the callee speaks."""
    session = {"type": "realtime", "audio": {"input": {"turn_detection": wanted.to_json()}}}
    return _encode({"type": "session.update", "session": session})


def create_response(instructions: str, event_id: str) -> bytes:
    """Asks for a response; with `instructions` these replace the session's, and no tools are used.

    An `error` event that refuses it names `event_id`.
    """
    event: dict[str, Any] = {"type": "response.create", "event_id": event_id}
    if instructions:
        event["response"] = {"instructions": instructions, "tool_choice": "none"}
    return _encode(event)


def cancel_response(response_id: str) -> bytes:
    return _encode({"type": "response.cancel", "response_id": response_id})


def truncate_item(item_id: str, audio_end_ms: int) -> bytes:
    """The callee heard so much of an agent's item, and the model shall know no more of it."""
    return _encode(
        {"type": "conversation.item.truncate", "item_id": item_id, "content_index": 0, "audio_end_ms": audio_end_ms}
    )


def delete_item(item_id: str) -> bytes:
    return _encode({"type": "conversation.item.delete", "item_id": item_id})


def commit_audio() -> bytes:
    return b'{"type":"input_audio_buffer.commit"}'


def create_item(item: Mapping[str, Any], *, after: str = "") -> bytes:
    """Adds an item to the conversation, after the one that is named, or at the end."""
    place = {"previous_item_id": after} if after else {}
    return _encode({"type": "conversation.item.create", **place, "item": item})


def tool_output(call_id: str, output: Mapping[str, Any]) -> bytes:
    text = json.dumps(output, ensure_ascii=False)
    return create_item({"type": "function_call_output", "call_id": call_id, "output": text})


def _encode(event: Mapping[str, Any]) -> bytes:
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


# --- Server events --------------------------------------------------------------------------------


class _Malformed(Exception):
    pass


def _storable(text: str) -> str:
    """Cut, and without what JSON can write but no database keeps: NUL, and halves of characters."""
    text = text[:MAX_TEXT]
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "").encode("utf-8", "replace").decode()


class _Fields:
    """Typed access to one event's fields. Raises _Malformed, which becomes a ProtocolProblem."""

    __slots__ = ("_data",)

    def __init__(self, data: Any) -> None:
        if not isinstance(data, dict):
            raise _Malformed("an object is expected")
        self._data: dict[str, Any] = data

    def text(self, name: str) -> str:
        value = self._data.get(name)
        if not isinstance(value, str):
            raise _Malformed(f"{name} is missing")
        return _storable(value)

    def identifier(self, name: str) -> str:
        value = self.text(name)
        if not value or len(value) > 200:
            raise _Malformed(f"{name} is no identifier")
        return value

    def optional_text(self, name: str) -> str:
        value = self._data.get(name)
        return _storable(value) if isinstance(value, str) else ""

    def bytes_of(self, name: str) -> bytes:
        """The decoded base64 of a field; not cut, because the message itself has a limit."""
        value = self._data.get(name)
        if not isinstance(value, str):
            raise _Malformed(f"{name} is missing")
        return binascii.a2b_base64(value, strict_mode=True)

    def milliseconds(self, name: str) -> int:
        value = self._data.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MAX_NUMBER:
            raise _Malformed(f"{name} is no time")
        return int(value)

    def epoch_seconds(self, name: str) -> int:
        """0 when it is no time that anybody lives to see."""
        value = self._data.get(name)
        return value if isinstance(value, int) and 0 < value < 10**11 else 0

    def child(self, name: str) -> "_Fields":
        return _Fields(self._data.get(name))

    def optional_child(self, name: str) -> "_Fields":
        value = self._data.get(name)
        return _Fields(value if isinstance(value, dict) else {})

    def count(self, name: str) -> int:
        value = self._data.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MAX_NUMBER else 0

    def number(self, name: str) -> float:
        value = self._data.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return 0.0
        return float(value) if 0 < value <= MAX_NUMBER else 0.0


class Decoder:
    """Server texts in, events out. Counts what it does not know."""

    def __init__(self) -> None:
        self.ignored = 0
        self.problems = 0

    def decode(self, text: str | bytes) -> Event | None:
        """The event, None for a type that does not matter here, or a ProtocolProblem. Never raises."""
        try:
            data = json.loads(text)
            kind = data["type"]
            reader = _READERS.get(kind)
            if reader is None:
                self.ignored += 1
                return None
            return reader(_Fields(data))
        except (_Malformed, ValueError, KeyError, TypeError, RecursionError) as error:
            self.problems += 1
            return ProtocolProblem(_storable(f"{_kind_of(text)}: {error}"[:200]))


def _kind_of(text: str | bytes) -> str:
    try:
        return str(json.loads(text)["type"])[:80]
    except (ValueError, KeyError, TypeError, RecursionError):
        return "a message without a type"


def _session_updated(f: _Fields) -> Event:
    audio = f.child("session").optional_child("audio")
    formats = [
        audio.optional_child(side).optional_child("format").optional_text("type") for side in ("input", "output")
    ]
    return events.SessionUpdated(*formats)


def _item_added(f: _Fields) -> Event | None:
    item = f.child("item")
    role = item.optional_text("role") if item.text("type") == "message" else ""
    return events.ItemAdded(item.identifier("id"), f.optional_text("previous_item_id") or None, role)


def _audio(f: _Fields) -> Event:
    return events.AgentAudio(f.identifier("response_id"), f.identifier("item_id"), f.bytes_of("delta"))


def _output_item_done(f: _Fields) -> Event | None:
    """A tool call is acted on here, and not on function_call_arguments.done, which tells of the same call."""
    item = f.child("item")
    if item.optional_text("type") != "function_call":
        return None
    return events.ToolCalled(
        response_id=f.identifier("response_id"),
        item_id=item.optional_text("id"),
        call_id=item.identifier("call_id"),
        name=item.text("name"),
        arguments=item.text("arguments"),
    )


def _response_done(f: _Fields) -> Event:
    response = f.child("response")
    details = response.optional_child("status_details")
    return events.ResponseDone(
        response_id=response.identifier("id"),
        status=response.optional_text("status"),
        reason=details.optional_text("reason"),
        error_code=details.optional_child("error").optional_text("code"),
        tokens=token_counts(response.optional_child("usage")),
    )


def token_counts(usage: _Fields) -> dict[str, int]:
    """Tokens by price: cached ones are part of the input and are counted apart, so that the sum is the whole."""
    read, written = usage.optional_child("input_token_details"), usage.optional_child("output_token_details")
    cached = read.optional_child("cached_tokens_details")
    counts = {
        "input_text": read.count("text_tokens") - cached.count("text_tokens"),
        "input_audio": read.count("audio_tokens") - cached.count("audio_tokens"),
        "cached_text": cached.count("text_tokens"),
        "cached_audio": cached.count("audio_tokens"),
        "output_text": written.count("text_tokens"),
        "output_audio": written.count("audio_tokens"),
    }
    return {kind: count for kind, count in counts.items() if count > 0}


def _callee_transcript(f: _Fields) -> Event:
    usage = f.optional_child("usage")
    details = usage.optional_child("input_token_details")
    tokens = {
        "input_text": details.count("text_tokens"),
        "input_audio": details.count("audio_tokens"),
        "output_text": usage.count("output_tokens"),
    }
    return events.CalleeTranscript(
        item_id=f.identifier("item_id"),
        text=f.text("transcript").strip(),
        tokens={kind: count for kind, count in tokens.items() if count},
        seconds=usage.number("seconds"),
    )


def _error(f: _Fields) -> Event:
    error = f.child("error")
    code, message, event_id = (error.optional_text(name) for name in ("code", "message", "event_id"))
    return events.ServerError(code, message[:500], event_id)


_READERS: dict[str, Callable[[_Fields], Event | None]] = {
    "session.created": lambda f: events.SessionCreated(f.optional_child("session").epoch_seconds("expires_at")),
    "session.updated": _session_updated,
    "input_audio_buffer.speech_started": lambda f: events.SpeechStarted(
        f.identifier("item_id"), f.milliseconds("audio_start_ms")
    ),
    "input_audio_buffer.speech_stopped": lambda f: events.SpeechStopped(
        f.identifier("item_id"), f.milliseconds("audio_end_ms")
    ),
    "input_audio_buffer.committed": lambda f: events.AudioCommitted(
        f.identifier("item_id"), f.optional_text("previous_item_id") or None
    ),
    "conversation.item.added": _item_added,
    "conversation.item.created": _item_added,  # what older, compatible servers send instead
    "conversation.item.input_audio_transcription.completed": _callee_transcript,
    "conversation.item.input_audio_transcription.failed": lambda f: events.CalleeTranscriptFailed(
        f.identifier("item_id"), f.optional_child("error").optional_text("message")[:200]
    ),
    "response.created": lambda f: events.ResponseCreated(f.child("response").identifier("id")),
    "response.done": _response_done,
    "response.output_audio.delta": _audio,
    "response.output_audio.done": lambda f: events.AgentAudioDone(f.identifier("response_id"), f.identifier("item_id")),
    "response.output_audio_transcript.delta": lambda f: events.AgentWords(f.identifier("item_id"), f.text("delta")),
    "response.output_audio_transcript.done": lambda f: events.AgentTranscript(
        f.identifier("item_id"), f.text("transcript")
    ),
    "response.output_item.done": _output_item_done,
    "error": _error,
}
