"""The model's end of one talk: answers every response.create with four seconds of speech, and tells who speaks."""

import asyncio
import base64
import json
import re
import time
from collections.abc import Callable
from typing import Any

from bench.talks.wire import (
    CLOSE,
    PING,
    PONG,
    QUIET_ULAW,
    ULAW_SPEECH,
    accept_key,
    client_frames,
    frame,
    text_frame,
    unmask,
)

SPEECH_PIECES = 8
SPEECH_SECONDS = SPEECH_PIECES * 0.5
APPEND_BYTES = range(255, 285)
"""Of an append with 20 ms in G.711; no other event has this size."""
TALK_NUMBER = re.compile(rb"Talk number (\d+)\.")
DELTA = base64.b64encode(ULAW_SPEECH).decode()
USAGE = {
    "total_tokens": 30, "input_tokens": 10, "output_tokens": 20,
    "input_token_details": {"text_tokens": 10, "audio_tokens": 0, "cached_tokens": 0},
    "output_token_details": {"text_tokens": 4, "audio_tokens": 16},
}  # fmt: skip


class Model(asyncio.Protocol):
    """One WebSocket connection. `on_configured` is told the talk's number, None for sessions that belong to none."""

    def __init__(self, on_configured: "Callable[[Model, int | None], None]") -> None:
        self._on_configured = on_configured
        self._buffer = bytearray()
        self._is_open = False
        self._count = 0
        self._transport: asyncio.Transport
        self.is_configured = False
        self.heard_ms = 0
        self.on_speech: Callable[[float], None] = lambda at: None
        self.on_loud: Callable[[float], None] | None = None

    # asyncio's callbacks

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment] # uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._is_open and not self._shake_hands():
            return
        end = 0
        for opcode, begin, end in client_frames(self._buffer):  # noqa: B007 - the last end is used
            if end - begin - 4 in APPEND_BYTES:
                self.heard_ms += 20
                if self.on_loud is not None:
                    self._listen(begin, end)
            else:
                self._take(opcode, unmask(self._buffer, begin, end))
        del self._buffer[:end]

    def _shake_hands(self) -> bool:
        head, found, _ = bytes(self._buffer).partition(b"\r\n\r\n")
        if not found:
            return False
        del self._buffer[: len(head) + 4]
        self._is_open = True
        answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        self._transport.write(answer + b"Sec-WebSocket-Accept: " + accept_key(head) + b"\r\n\r\n")
        self.send({"type": "session.created", "session": {"type": "realtime", "expires_at": int(time.time()) + 3600}})
        return True

    def _listen(self, begin: int, end: int) -> None:
        """Whether this append is the first one with the callee's voice in it."""
        audio = base64.b64decode(json.loads(unmask(self._buffer, begin, end))["audio"])
        if audio.count(QUIET_ULAW) < len(audio) // 2 and self.on_loud is not None:
            tell, self.on_loud = self.on_loud, None
            tell(time.perf_counter())

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode == PING:
            self._transport.write(frame(PONG, payload))
        elif opcode == CLOSE:
            self._transport.write(frame(CLOSE, payload))
        else:
            self._answer(json.loads(payload), payload)

    def _answer(self, event: dict[str, Any], text: bytes) -> None:
        match event["type"]:
            case "session.update":
                formats = {side: {"format": {"type": "audio/pcmu"}} for side in ("input", "output")}
                self.send({"type": "session.updated", "session": {"type": "realtime", "audio": formats}})
                if not self.is_configured:
                    self.is_configured = True
                    number = TALK_NUMBER.search(text)
                    self._on_configured(self, int(number[1]) if number else None)
            case "response.create":
                self._speak()
            case "conversation.item.truncate":
                self.send({"type": "conversation.item.truncated", "item_id": event["item_id"], "content_index": 0,
                           "audio_end_ms": event["audio_end_ms"]})  # fmt: skip

    # What the model tells

    def send(self, event: dict[str, Any]) -> None:
        self._transport.write(text_frame({"event_id": "event_1", **event}))

    def callee_starts(self, lead_ms: int) -> str:
        """Speech has begun `lead_ms` ago. Returns the item's id."""
        self._count += 1
        item = f"item_callee_{self._count}"
        start = max(self.heard_ms - lead_ms - 300, 0)
        self.send({"type": "input_audio_buffer.speech_started", "item_id": item, "audio_start_ms": start})
        return item

    def callee_stops(self, item: str) -> None:
        self.send({"type": "input_audio_buffer.speech_stopped", "item_id": item, "audio_end_ms": self.heard_ms})
        self.send({"type": "input_audio_buffer.committed", "item_id": item, "previous_item_id": None})
        self.send({"type": "conversation.item.added", "previous_item_id": None, "item": {
            "id": item, "type": "message", "role": "user", "content": [{"type": "input_audio"}]}})  # fmt: skip
        self.send({"type": "conversation.item.input_audio_transcription.completed", "item_id": item,
                   "content_index": 0, "transcript": "Yes, that works for me very well, thank you.",
                   "usage": {"type": "duration", "seconds": 2.5}})  # fmt: skip

    def _speak(self) -> None:
        self._count += 1
        response, item = f"resp_{self._count}", f"item_agent_{self._count}"
        of = {"response_id": response, "item_id": item, "output_index": 0, "content_index": 0}
        message = {"id": item, "type": "message", "role": "assistant", "content": []}
        self.send({"type": "response.created", "response": {"id": response, "status": "in_progress"}})
        self.send({"type": "conversation.item.added", "previous_item_id": None, "item": message})
        self.on_speech(time.perf_counter())
        for _ in range(SPEECH_PIECES):
            self.send({"type": "response.output_audio.delta", **of, "delta": DELTA})
            self.send({"type": "response.output_audio_transcript.delta", **of, "delta": "and so on "})
        self.send({"type": "response.output_audio.done", **of})
        self.send({"type": "response.output_audio_transcript.done", **of, "transcript": "and so on " * SPEECH_PIECES})
        self.send({"type": "response.output_item.done", "response_id": response, "output_index": 0, "item": message})
        self.send({"type": "response.done", "response": {
            "id": response, "status": "completed", "output": [message], "usage": USAGE}})  # fmt: skip
