"""Builds every server event that this stand-in sends; one function per event type, shapes as in the GA reference.

A function returns the event as a dict ready for JSON. `audio` payloads are base64 text.
"""

from __future__ import annotations

import secrets
from typing import Any

Event = dict[str, Any]


def new_id(kind: str) -> str:
    """An id in the API's manner: `item_…`, `resp_…`, `event_…`."""
    return f"{kind}_{secrets.token_hex(10)}"


def _event(kind: str, **fields: Any) -> Event:
    return {"type": kind, "event_id": new_id("event"), **fields}


def error(
    code: str | None,
    message: str,
    *,
    kind: str = "invalid_request_error",
    param: str | None = None,
    event_id: str | None = None,
) -> Event:
    """`event_id` is that of the client event which caused the error."""
    return _event(
        "error",
        error={"type": kind, "code": code, "message": message, "param": param, "event_id": event_id},
    )


# Session


def session_created(session: dict[str, Any]) -> Event:
    return _event("session.created", session=session)


def session_updated(session: dict[str, Any]) -> Event:
    return _event("session.updated", session=session)


def rate_limits_updated(requests_left: int, tokens_left: int, limits: tuple[int, int]) -> Event:
    """`limits` are the requests and tokens allowed per minute."""
    requests, tokens = limits
    return _event(
        "rate_limits.updated",
        rate_limits=[
            {"name": "requests", "limit": requests, "remaining": requests_left, "reset_seconds": 0.06},
            {"name": "tokens", "limit": tokens, "remaining": tokens_left, "reset_seconds": 0.006},
        ],
    )


# Items


def item_added(item: dict[str, Any], previous_item_id: str | None) -> Event:
    return _event("conversation.item.added", item=item, previous_item_id=previous_item_id)


def item_done(item: dict[str, Any], previous_item_id: str | None) -> Event:
    return _event("conversation.item.done", item=item, previous_item_id=previous_item_id)


def item_retrieved(item: dict[str, Any]) -> Event:
    return _event("conversation.item.retrieved", item=item)


def item_deleted(item_id: str) -> Event:
    return _event("conversation.item.deleted", item_id=item_id)


def item_truncated(item_id: str, content_index: int, audio_end_ms: int) -> Event:
    return _event(
        "conversation.item.truncated",
        item_id=item_id,
        content_index=content_index,
        audio_end_ms=audio_end_ms,
    )


def transcription_delta(item_id: str, delta: str) -> Event:
    return _event("conversation.item.input_audio_transcription.delta", item_id=item_id, content_index=0, delta=delta)


def transcription_completed(item_id: str, transcript: str, usage: dict[str, Any]) -> Event:
    return _event(
        "conversation.item.input_audio_transcription.completed",
        item_id=item_id,
        content_index=0,
        transcript=transcript,
        usage=usage,
    )


def transcription_failed(item_id: str, code: str, message: str) -> Event:
    return _event(
        "conversation.item.input_audio_transcription.failed",
        item_id=item_id,
        content_index=0,
        error={"type": "transcription_error", "code": code, "message": message, "param": None},
    )


# Input audio


def speech_started(item_id: str, audio_start_ms: int) -> Event:
    return _event("input_audio_buffer.speech_started", item_id=item_id, audio_start_ms=audio_start_ms)


def speech_stopped(item_id: str, audio_end_ms: int) -> Event:
    return _event("input_audio_buffer.speech_stopped", item_id=item_id, audio_end_ms=audio_end_ms)


def audio_committed(item_id: str, previous_item_id: str | None) -> Event:
    return _event("input_audio_buffer.committed", item_id=item_id, previous_item_id=previous_item_id)


def audio_cleared() -> Event:
    return _event("input_audio_buffer.cleared")


def timeout_triggered(item_id: str, audio_start_ms: int, audio_end_ms: int) -> Event:
    return _event(
        "input_audio_buffer.timeout_triggered",
        item_id=item_id,
        audio_start_ms=audio_start_ms,
        audio_end_ms=audio_end_ms,
    )


# Responses


def response_created(response: dict[str, Any]) -> Event:
    return _event("response.created", response=response)


def response_done(response: dict[str, Any]) -> Event:
    return _event("response.done", response=response)


def output_item_added(response_id: str, output_index: int, item: dict[str, Any]) -> Event:
    return _event("response.output_item.added", response_id=response_id, output_index=output_index, item=item)


def output_item_done(response_id: str, output_index: int, item: dict[str, Any]) -> Event:
    return _event("response.output_item.done", response_id=response_id, output_index=output_index, item=item)


class PartEvents:
    """The events of one content part (index 0) of one output item."""

    def __init__(self, response_id: str, output_index: int, item_id: str) -> None:
        self._where: dict[str, Any] = {
            "response_id": response_id,
            "output_index": output_index,
            "item_id": item_id,
            "content_index": 0,
        }

    def added(self, part: dict[str, Any]) -> Event:
        return _event("response.content_part.added", **self._where, part=part)

    def done(self, part: dict[str, Any]) -> Event:
        return _event("response.content_part.done", **self._where, part=part)

    def audio_delta(self, audio: str) -> Event:
        return _event("response.output_audio.delta", **self._where, delta=audio)

    def audio_done(self) -> Event:
        return _event("response.output_audio.done", **self._where)

    def transcript_delta(self, delta: str) -> Event:
        return _event("response.output_audio_transcript.delta", **self._where, delta=delta)

    def transcript_done(self, transcript: str) -> Event:
        return _event("response.output_audio_transcript.done", **self._where, transcript=transcript)

    def text_delta(self, delta: str) -> Event:
        return _event("response.output_text.delta", **self._where, delta=delta)

    def text_done(self, text: str) -> Event:
        return _event("response.output_text.done", **self._where, text=text)


class FunctionCallEvents:
    """The events of one function call item."""

    def __init__(self, response_id: str, output_index: int, item_id: str, call_id: str) -> None:
        self._where: dict[str, Any] = {
            "response_id": response_id,
            "output_index": output_index,
            "item_id": item_id,
            "call_id": call_id,
        }

    def arguments_delta(self, delta: str) -> Event:
        return _event("response.function_call_arguments.delta", **self._where, delta=delta)

    def arguments_done(self, name: str, arguments: str) -> Event:
        return _event("response.function_call_arguments.done", **self._where, name=name, arguments=arguments)


def unknown(kind: str, fields: Event) -> Event:
    """An event that no client knows yet, for the fault of that name."""
    return _event(kind, **fields)


def without_fields() -> list[Event]:
    """Events that say what they are and nothing more, and one that does not even say that."""
    kinds = (
        "response.created",
        "response.output_item.added",
        "response.output_audio.delta",
        "response.output_item.done",
        "response.function_call_arguments.done",
        "response.done",
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "conversation.item.added",
        "conversation.item.input_audio_transcription.completed",
        "error",
    )
    return [*({"type": kind} for kind in kinds), {"event_id": new_id("event")}]


NONSENSE: Event = {"type": "nonsense"}
"""Stands in the queue for a text that is not JSON, for the fault of that name."""
