"""The server's half of a Realtime session, without socket, clock, voice or recogniser.

Texts from the client and news from the world go in by method; the events to send gather in `outgoing`, and
what somebody with a clock and a voice must do next gathers in `wanted`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.openai.realtime import client_events, events, schema, usage
from sandbox.openai.realtime.audio import Ear, Samples
from sandbox.openai.realtime.configuration import Configuration
from sandbox.openai.realtime.conversation import Conversation, Item, audio_item, message_item
from sandbox.openai.realtime.errors import ClientEventError
from sandbox.openai.realtime.events import Event, new_id
from sandbox.openai.realtime.listening import IdleTimeout, Listener, SpeechStarted, SpeechStopped
from sandbox.openai.realtime.response import CancelReason, Response, ResponseSettings

MAX_APPEND_BYTES = 15 * 1024 * 1024
RATE_LIMITS = (5_000, 20_000_000)
"""Requests and tokens per minute, as told by `rate_limits.updated`."""


@dataclass(frozen=True)
class Recognize:
    """Find out what was said in this item and tell `heard`."""

    item: Item


@dataclass(frozen=True)
class Respond:
    """Think about and perform this response; it has been announced already."""

    response: Response


@dataclass(frozen=True)
class Stop:
    """The response was cancelled: perform no more of it."""

    response: Response


Wanted = Recognize | Respond | Stop


class RealtimeProtocol:
    """One session."""

    def __init__(self, model: str, *, expires_at: int) -> None:
        self.outgoing: list[Event] = []
        self.wanted: list[Wanted] = []
        self.configuration = Configuration(new_id("sess"), model, expires_at)
        self.conversation = Conversation()
        self._listener = Listener(self.configuration.input_format, self.configuration.turn_detection)
        self._active: Response | None = None
        self._first_audio_ms: int | None = None
        self._speech_item_id = ""
        self._voice_is_frozen = False
        self._cache = usage.CacheLedger()
        self._read: dict[str, tuple[usage.Tokens, usage.Tokens]] = {}
        self._tokens_left = RATE_LIMITS[1]
        self._out_of_band: dict[str, Response] = {}
        self._handlers: dict[type[schema.ClientEvent], Callable[[Any], None]] = {
            schema.AudioAppend: self._append,
            schema.AudioCommit: self._commit,
            schema.AudioClear: self._clear,
            schema.SessionUpdate: self._update,
            schema.ItemCreate: self._create_item,
            schema.ItemRetrieve: self._retrieve_item,
            schema.ItemDelete: self._delete_item,
            schema.ItemTruncate: self._truncate_item,
            schema.ResponseCreate: self._create_response,
            schema.ResponseCancel: self._cancel_response,
        }

    def start(self) -> None:
        self._emit(events.session_created(self.configuration.as_json()))

    def receive(self, text: str) -> None:
        """One client event. What is wrong with it becomes an `error` event; the session goes on."""
        message: dict[str, Any] = {}
        try:
            message = client_events.read_json(text)
            event = client_events.parse(message)
            self._handlers[type(event)](event)
        except ClientEventError as wrong:
            cause = client_events.event_id_of(message)
            self._emit(events.error(wrong.code, wrong.message, kind=wrong.kind, param=wrong.param, event_id=cause))

    def heard(self, item: Item, words: str | None, *, failure: str | None = None) -> None:
        """What the recogniser made of an item; None or `failure` when nothing was recognisable."""
        item.words = words or ""
        if not self.configuration.transcribes or item.id not in self.conversation:
            return
        if words and not failure:
            item.wire["content"][0]["transcript"] = words
            seconds = {"type": "duration", "seconds": round(item.heard_ms / 1000, 3)}
            self._emit(events.transcription_delta(item.id, words))
            self._emit(events.transcription_completed(item.id, words, seconds))
        else:
            why = failure or "The audio could not be transcribed."
            self._emit(events.transcription_failed(item.id, "audio_unintelligible", why))

    # The life of a response

    @property
    def active(self) -> Response | None:
        """The response of the default conversation that is being produced."""
        return self._active if self._active is not None and self._active.active else None

    def context(self, response: Response) -> list[Item]:
        """What the response is made from."""
        own = response.settings.input_items
        return list(self.conversation) if own is None else own

    def say(self, response: Response, text: str, audio: bytes) -> None:
        if audio and response.in_conversation:
            self._voice_is_frozen = True
            if self._first_audio_ms is None:
                self._first_audio_ms = self._listener.position_ms
        response.say(text, audio)

    def count(self, response: Response) -> dict[str, Any]:
        """The usage of a response that ends now."""
        settings = response.settings
        if response.id not in self._read:
            read = usage.of_input(settings.instructions, settings.tools, self.context(response))
            cached = self._cache.read(settings.instructions, read) if response.in_conversation else usage.Tokens()
            self._read[response.id] = (read, cached)
        read, cached = self._read[response.id]
        return usage.as_json(read, cached, response.written())

    def ended(self, response: Response) -> None:
        """After the response's last event: bookkeeping of silence, and of limits."""
        self._read.pop(response.id, None)
        self._out_of_band.pop(response.id, None)
        if response is not self._active:
            return
        self._active = None
        if response.status == "completed" and not self._listener.speaking:
            begin = self._listener.position_ms if self._first_audio_ms is None else self._first_audio_ms
            self._listener.expect_speech_after(begin + response.spoken_ms)

    def cancel(self, response: Response, reason: CancelReason) -> None:
        response.cancel(reason, self.count(response))
        self.wanted.append(Stop(response))
        self.ended(response)

    def begin_response(self, params: schema.ResponseParams | None = None) -> None:
        """Raises ClientEventError while another response of the default conversation is active."""
        params = params or schema.ResponseParams()
        out_of_band = params.conversation == "none"
        if self.active is not None and not out_of_band:
            raise ClientEventError(
                "conversation_already_has_active_response",
                f"Conversation already has an active response in progress: {self.active.id}. "
                "Wait until the response is finished before creating a new one.",
            )
        conversation = None if out_of_band else self.conversation
        response = Response(self._settings_of(params), conversation, self.outgoing)
        if out_of_band:
            self._out_of_band[response.id] = response
        else:
            self._active, self._first_audio_ms = response, None
            self._listener.stop_expecting()
        response.start()
        self.count(response)
        self._emit_rate_limits(response)
        self.wanted.append(Respond(response))

    def _settings_of(self, params: schema.ResponseParams) -> ResponseSettings:
        session = self.configuration.session
        output = params.audio.output if params.audio and params.audio.output else schema.ResponseOutput()
        modalities = params.output_modalities or session.output_modalities
        voice = output.voice or session.audio.output.voice
        audio_format = self.configuration.output_format
        if output.format is not None:
            audio_format = type(audio_format)(output.format.type)
        return ResponseSettings(
            session_instructions=session.instructions,
            own_instructions=params.instructions or "",
            tools=session.tools if params.tools is None else params.tools,
            tool_choice=params.tool_choice or session.tool_choice,
            modality=modalities[0],
            output_format=audio_format,
            voice=voice if isinstance(voice, str) else voice.model_dump(),
            max_output_tokens=params.max_output_tokens or session.max_output_tokens,
            metadata=params.metadata,
            input_items=None if params.input is None else [self._input_item(item) for item in params.input],
        )

    def _emit_rate_limits(self, response: Response) -> None:
        self._tokens_left = max(0, self._tokens_left - self._read[response.id][0].total)
        self._emit(events.rate_limits_updated(RATE_LIMITS[0] - 1, self._tokens_left, RATE_LIMITS))

    def _emit(self, event: Event) -> None:
        self.outgoing.append(event)

    # Session and input audio

    def _update(self, event: schema.SessionUpdate) -> None:
        self.configuration.update(event.session, voice_is_frozen=self._voice_is_frozen)
        self._listener.configure(self.configuration.input_format, self.configuration.turn_detection)
        self._emit(events.session_updated(self.configuration.as_json()))

    def _append(self, event: schema.AudioAppend) -> None:
        for occurrence in self._listener.append(_audio_of(event.audio, "audio")):
            match occurrence:
                case SpeechStarted(start_ms):
                    self._speech_started(start_ms)
                case SpeechStopped(end_ms, samples):
                    self._emit(events.speech_stopped(self._speech_item_id, end_ms))
                    self._commit_item(self._speech_item_id, samples)
                    self._respond_by_itself()
                case IdleTimeout(start_ms, end_ms):
                    item_id = new_id("item")
                    self._emit(events.timeout_triggered(item_id, start_ms, end_ms))
                    self._commit_item(item_id, None)
                    self.begin_response()

    def _speech_started(self, start_ms: int) -> None:
        self._speech_item_id = new_id("item")
        self._emit(events.speech_started(self._speech_item_id, start_ms))
        detection, active = self.configuration.turn_detection, self.active
        if detection and detection.interrupt_response and active is not None:
            self.cancel(active, "turn_detected")

    def _respond_by_itself(self) -> None:
        detection = self.configuration.turn_detection
        if detection and detection.create_response and self.active is None:
            self.begin_response()

    def _commit_item(self, item_id: str, samples: Samples | None) -> None:
        """A user item from the buffer; `samples` None stands for silence that needs no recognition."""
        item = audio_item(item_id, samples) if samples is not None else _silent_item(item_id)
        before = self.conversation.add(item)
        self._emit(events.audio_committed(item_id, before))
        self._emit(events.item_added(item.public(), before))
        self._emit(events.item_done(item.public(), before))
        if samples is not None:
            self.wanted.append(Recognize(item))

    def _commit(self, event: schema.AudioCommit) -> None:
        item_id = self._speech_item_id if self._listener.speaking else new_id("item")
        self._commit_item(item_id, self._listener.commit())

    def _clear(self, event: schema.AudioClear) -> None:
        self._listener.clear()
        self._emit(events.audio_cleared())

    # Items

    def _create_item(self, event: schema.ItemCreate) -> None:
        item = self._new_item(event.item)
        before = self.conversation.add(item, event.previous_item_id)
        self._emit(events.item_added(item.public(), before))
        self._emit(events.item_done(item.public(), before))
        if item.words is None:
            self.wanted.append(Recognize(item))

    def _retrieve_item(self, event: schema.ItemRetrieve) -> None:
        item = self.conversation.get(event.item_id, "retrieve")
        public = item.public()
        audio = item.spoken or self.configuration.input_format.encode_ear(item.heard)
        if audio and public.get("content"):
            public["content"][0]["audio"] = base64.b64encode(audio).decode()
        self._emit(events.item_retrieved(public))

    def _delete_item(self, event: schema.ItemDelete) -> None:
        self.conversation.delete(event.item_id)
        self._emit(events.item_deleted(event.item_id))

    def _truncate_item(self, event: schema.ItemTruncate) -> None:
        self.conversation.truncate(event.item_id, event.content_index, event.audio_end_ms)
        self._emit(events.item_truncated(event.item_id, event.content_index, event.audio_end_ms))

    def _input_item(self, new: schema.AnyInput) -> Item:
        if isinstance(new, schema.ItemReference):
            return self.conversation.get(new.id, "retrieve")
        return self._new_item(new)

    def _new_item(self, new: schema.AnyNewItem) -> Item:
        if isinstance(new, schema.NewMessage):
            return self._new_message(new)
        wire = new.model_dump(exclude_none=True) | {"object": "realtime.item", "status": "completed"}
        wire.setdefault("id", new_id("item"))
        if isinstance(new, schema.NewFunctionCall):
            wire.setdefault("call_id", new_id("call"))
        elif not any(
            item.kind == "function_call" and item.wire["call_id"] == new.call_id for item in self.conversation
        ):
            raise ClientEventError(
                "invalid_tool_call_id", f"Tool call ID '{new.call_id}' not found in conversation.", param="item.call_id"
            )
        return Item(wire)

    def _new_message(self, new: schema.NewMessage) -> Item:
        allowed = _CONTENT_TYPES[new.role]
        for index, part in enumerate(new.content):
            if part.type not in allowed:
                supported = " and ".join(f"'{name}'" for name in allowed)
                raise ClientEventError(
                    "invalid_value",
                    f"Invalid value: '{part.type}'. Supported values are: {supported}.",
                    param=f"item.content[{index}].type",
                )
        content = [part.model_dump(exclude_none=True) for part in new.content]
        item = message_item(new.role, content, item_id=new.id)
        sound = next((part.audio for part in new.content if part.type == "input_audio"), None)
        if sound is not None:
            item.heard = Ear(self.configuration.input_format).hear(_audio_of(sound, "item.content[0].audio"))
            item.words = None
            for part_json in content:
                part_json.pop("audio", None)
        return item

    # Responses

    def _create_response(self, event: schema.ResponseCreate) -> None:
        self.begin_response(event.response)

    def _cancel_response(self, event: schema.ResponseCancel) -> None:
        known = self._out_of_band.get(event.response_id or "", self.active)
        if known is None or event.response_id not in {None, known.id}:
            raise ClientEventError("response_cancel_not_active", "Cancellation failed: no active response found")
        self.cancel(known, "client_cancelled")


_CONTENT_TYPES = {
    "system": ("input_text",),
    "user": ("input_text", "input_audio", "input_image"),
    "assistant": ("output_text",),
}


def _silent_item(item_id: str) -> Item:
    return message_item("user", [{"type": "input_audio", "transcript": None}], item_id=item_id)


def _audio_of(text: str, param: str) -> bytes:
    try:
        audio = binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        raise ClientEventError(
            "invalid_value", f"Invalid '{param}': expected base64-encoded audio.", param=param
        ) from None
    if len(audio) > MAX_APPEND_BYTES:
        raise ClientEventError("invalid_value", f"Invalid '{param}': more than 15 MiB of audio.", param=param)
    return audio
