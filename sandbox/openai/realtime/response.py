"""One response while it is produced: every call puts the events of that step into `outgoing`, in API order.

It knows neither time nor voice: whoever performs it hands in the audio piece by piece, and may cancel between
any two pieces; then the open item is closed as incomplete.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from sandbox.openai.realtime import events, usage
from sandbox.openai.realtime.audio import AudioFormat
from sandbox.openai.realtime.conversation import Conversation, Item, message_item
from sandbox.openai.realtime.events import Event, FunctionCallEvents, PartEvents, new_id
from sandbox.openai.realtime.schema import FunctionTool, ToolChoice

Modality = Literal["audio", "text"]
CancelReason = Literal["turn_detected", "client_cancelled"]

FIRST_CHUNK_MS = 100
CHUNK_MS = 200
_ARGUMENT_DELTA = 16


@dataclass(frozen=True)
class ResponseSettings:
    """The session's settings with those of `response.create` on top; its own instructions are kept apart."""

    session_instructions: str
    own_instructions: str
    tools: list[FunctionTool]
    tool_choice: ToolChoice
    modality: Modality
    output_format: AudioFormat
    voice: object
    max_output_tokens: int | Literal["inf"]
    metadata: dict[str, str] | None = None
    input_items: list[Item] | None = None

    @property
    def instructions(self) -> str:
        """What the model would read."""
        return self.own_instructions or self.session_instructions


@dataclass
class _OpenMessage:
    item: Item
    index: int
    part: PartEvents
    said: list[str] = field(default_factory=list)


class Response:
    """`conversation` None makes it out of band: nothing of it enters the conversation."""

    def __init__(self, settings: ResponseSettings, conversation: Conversation | None, outgoing: list[Event]) -> None:
        self.id = new_id("resp")
        self.settings = settings
        self.status = "in_progress"
        self.spoken_ms = 0
        self._conversation = conversation
        self._outgoing = outgoing
        self._output: list[Item] = []
        self._open: _OpenMessage | None = None
        self._closed: _OpenMessage | None = None
        self._details: dict[str, Any] | None = None
        self._usage: dict[str, Any] | None = None

    @property
    def in_conversation(self) -> bool:
        return self._conversation is not None

    @property
    def active(self) -> bool:
        return self.status == "in_progress"

    def start(self) -> None:
        self._outgoing.append(events.response_created(self._as_json()))

    # A message

    def open_message(self) -> None:
        item = message_item("assistant", [], status="in_progress")
        item.spoken_format = self.settings.output_format
        index = self._add(item)
        self._open = _OpenMessage(item, index, PartEvents(self.id, index, item.id))
        self._outgoing.append(self._open.part.added(self._part("")))

    def say(self, text: str, audio: bytes = b"") -> None:
        """The next piece of the open message: words, and their sound in wire format."""
        message = self._open
        assert message is not None
        message.said.append(text)
        if self.settings.modality == "text":
            self._outgoing.append(message.part.text_delta(text))
            return
        if text:
            self._outgoing.append(message.part.transcript_delta(text))
        if audio:
            message.item.spoken += audio
            self.spoken_ms += self.settings.output_format.ms_of_bytes(len(audio))
            self._outgoing.append(message.part.audio_delta(base64.b64encode(audio).decode()))

    def close_message(self, status: str = "completed") -> None:
        message, self._open = self._open, None
        assert message is not None
        self._closed = message
        text = "".join(message.said).strip()
        item, part = message.item, message.part
        if not item.truncated:
            item.words = text
            item.wire["content"] = [self._content(text)]
        if self.settings.modality == "text":
            self._outgoing.append(part.text_done(text))
        else:
            self._outgoing += [part.audio_done(), part.transcript_done(text)]
        self._outgoing.append(part.done(self._part(text)))
        self._finish_item(item, message.index, status)

    def say_late(self) -> None:
        """A piece of sound of the last message, after its end: what was on its way already."""
        if self._closed is not None and self._closed.item.spoken:
            audio = self._closed.item.spoken[: self.settings.output_format.bytes_of_ms(CHUNK_MS)]
            self._outgoing.append(self._closed.part.audio_delta(base64.b64encode(audio).decode()))

    # A function call

    def call_function(self, name: str, arguments: str, *, times: int = 1) -> None:
        """`times`: how often the events that announce it come, which is once unless something is wrong."""
        call_id = new_id("call")
        wire = {
            "id": new_id("item"),
            "object": "realtime.item",
            "type": "function_call",
            "status": "in_progress",
            "name": name,
            "call_id": call_id,
            "arguments": "",
        }
        item = Item(wire)
        index = self._add(item)
        call = FunctionCallEvents(self.id, index, item.id, call_id)
        pieces = (arguments[at : at + _ARGUMENT_DELTA] for at in range(0, len(arguments), _ARGUMENT_DELTA))
        self._outgoing += [call.arguments_delta(piece) for piece in pieces]
        item.wire["arguments"] = arguments
        for _ in range(times):
            self._outgoing.append(call.arguments_done(name, arguments))
            self._finish_item(item, index, "completed")

    # The end

    def complete(self, tokens: dict[str, Any]) -> None:
        self._end("completed", {"type": "completed"}, tokens)

    def cut_short(self, reason: Literal["max_output_tokens", "content_filter"], tokens: dict[str, Any]) -> None:
        self._end("incomplete", {"type": "incomplete", "reason": reason}, tokens)

    def cancel(self, reason: CancelReason, tokens: dict[str, Any]) -> None:
        self._end("cancelled", {"type": "cancelled", "reason": reason}, tokens)

    def fail(self, kind: str, code: str, message: str, tokens: dict[str, Any]) -> None:
        error = {"type": kind, "code": code, "message": message}
        self._end("failed", {"type": "failed", "error": error}, tokens)

    def written(self) -> usage.Tokens:
        """Output tokens so far; spoken words cost text tokens besides their audio."""
        total = sum((usage.of_item(item) for item in self._output), usage.Tokens())
        if self._open is not None:
            total += usage.of_text("".join(self._open.said))
        return total

    def _end(self, status: str, details: dict[str, Any], tokens: dict[str, Any]) -> None:
        if self._open is not None:
            self.close_message("completed" if status == "completed" else "incomplete")
        self.status, self._details, self._usage = status, details, tokens
        self._outgoing.append(events.response_done(self._as_json()))

    def _add(self, item: Item) -> int:
        index = len(self._output)
        self._output.append(item)
        self._outgoing.append(events.output_item_added(self.id, index, item.public()))
        if self._conversation is not None:
            self._outgoing.append(events.item_added(item.public(), self._conversation.add(item)))
        return index

    def _finish_item(self, item: Item, index: int, status: str) -> None:
        item.wire["status"] = status
        if self._conversation is not None and item.id in self._conversation:
            before = self._conversation.previous_id(item.id)
            self._outgoing.append(events.item_done(item.public(), before))
        self._outgoing.append(events.output_item_done(self.id, index, item.public()))

    def _part(self, text: str) -> dict[str, Any]:
        if self.settings.modality == "text":
            return {"type": "text", "text": text}
        return {"type": "audio", "transcript": text}

    def _content(self, text: str) -> dict[str, Any]:
        if self.settings.modality == "text":
            return {"type": "output_text", "text": text}
        return {"type": "output_audio", "transcript": text}

    def _as_json(self) -> dict[str, Any]:
        output = {"format": self.settings.output_format.as_json(), "voice": self.settings.voice}
        return {
            "object": "realtime.response",
            "id": self.id,
            "status": self.status,
            "status_details": self._details,
            "output": [item.public() for item in self._output],
            "conversation_id": self._conversation.id if self._conversation else None,
            "output_modalities": [self.settings.modality],
            "max_output_tokens": self.settings.max_output_tokens,
            "audio": {"output": output},
            "usage": self._usage,
            "metadata": self.settings.metadata,
        }


def pieces(text: str, audio: bytes, audio_format: AudioFormat) -> Iterator[tuple[str, bytes]]:
    """Cut a spoken sentence into chunks of sound, each with the words that begin in it."""
    starts = [
        0,
        *range(audio_format.bytes_of_ms(FIRST_CHUNK_MS), len(audio), audio_format.bytes_of_ms(CHUNK_MS)),
    ]
    words = [f"{word} " for word in text.split()]
    done = 0
    for start, end in zip(starts, [*starts[1:], len(audio)], strict=True):
        due = -(-len(words) * end // len(audio)) if audio else len(words)
        yield "".join(words[done:due]), audio[start:end]
        done = due
