"""The AudioSocket application of one call: a TCP connection to the gateway, with a person at the other end."""

import asyncio
import enum
import logging
import uuid
from typing import cast

import numpy as np

from sandbox.pbx.audiosocket import (
    Audio,
    AudioSocketError,
    HangUpRequest,
    MessageReader,
    encode_audio,
    encode_digit,
    encode_id,
)
from sandbox.pbx.callee import FRAME_BYTES, SILENCE, TICK_MS, Callee
from sandbox.speech.resample import StreamResampler

INACTIVITY_TICKS = 2000 // TICK_MS
"""Asterisk's rule: nothing heard from either side for so long ends the application."""

MAX_UNSENT_BYTES = 4 * FRAME_BYTES
"""Asterisk writes without waiting: when the socket is full because the gateway does not read, the call ends."""

log = logging.getLogger(__name__)


class LegEnd(enum.Enum):
    """Why the application returned. The dialplan goes on unless the callee or the trunk has gone."""

    GATEWAY_DONE = "gateway"
    CALLEE_HUNG_UP = "callee"
    LINE_DEAD = "trunk"
    FAILED = "media"


class JitterBuffer:
    """What the callee's telephone does with packets: waits a moment, plays 20 ms at a time, drops what piles up."""

    START_BYTES = 3 * FRAME_BYTES
    MAX_BYTES = 15 * FRAME_BYTES

    def __init__(self) -> None:
        self._pcm = bytearray()
        self._is_playing = False

    def push(self, pcm: bytes) -> None:
        self._pcm += pcm
        del self._pcm[: max(0, len(self._pcm) - self.MAX_BYTES)]

    def pop(self) -> bytes:
        """The next 20 ms; silence while there is nothing to play."""
        enough = FRAME_BYTES if self._is_playing else self.START_BYTES
        self._is_playing = len(self._pcm) >= enough
        if not self._is_playing:
            return SILENCE
        frame = bytes(self._pcm[:FRAME_BYTES])
        del self._pcm[:FRAME_BYTES]
        return SILENCE if frame == SILENCE else frame


class AudioLeg(asyncio.Protocol):
    """Ticked by the clock while it lasts; `ended` gets a result once.

    Without `sends_audio` the callee's telephone sends no packets while its owner is silent. When none has come for
    `line_timeout_ms`, the line is dead.
    """

    def __init__(
        self, call: uuid.UUID, callee: Callee, *, sends_audio: bool = True, line_timeout_ms: int = 60_000
    ) -> None:
        self.ended: asyncio.Future[LegEnd] = asyncio.get_running_loop().create_future()
        self._call = call
        self._callee = callee
        self._sends_audio = sends_audio
        self._line_timeout_ticks = line_timeout_ms // TICK_MS
        self._transport: asyncio.Transport | None = None
        self._reader = MessageReader()
        self._heard = JitterBuffer()
        self._converters: dict[int, StreamResampler] = {}
        self._quiet_ticks = 0
        self._packetless_ticks = 0
        self._lost_ticks = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(encode_id(self._call))

    def data_received(self, data: bytes) -> None:
        if self.ended.done():
            return
        try:
            for message in self._reader.feed(data):
                match message:
                    case Audio(rate_hz, pcm):
                        self._quiet_ticks = 0
                        self._heard.push(self._at_8k(rate_hz, pcm))
                    case HangUpRequest():
                        self._end(LegEnd.GATEWAY_DONE)
                        return
        except AudioSocketError as broken:
            log.warning("call %s: the gateway broke AudioSocket: %s", self._call, broken)
            self._end(LegEnd.FAILED)

    def eof_received(self) -> None:
        self._end(LegEnd.GATEWAY_DONE)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(LegEnd.FAILED if exc else LegEnd.GATEWAY_DONE)

    def press(self, digit: str) -> None:
        """The callee pressed a key."""
        if self._transport and not self.ended.done():
            self._transport.write(encode_digit(digit))

    def lose_packets(self, duration_ms: int) -> None:
        """The callee's packets of so long a time get lost on their way."""
        self._lost_ticks = duration_ms // TICK_MS

    def tick(self) -> None:
        """20 ms of the call."""
        if self.ended.done() or self._transport is None:
            return
        frame = self._callee.tick(self._heard.pop())
        if self._callee.has_hung_up:
            self._end(LegEnd.CALLEE_HUNG_UP)
            return
        self._quiet_ticks += 1
        self._packetless_ticks += 1
        if self._lost_ticks:
            self._lost_ticks -= 1
        elif frame is not None and (self._sends_audio or frame is not SILENCE):
            self._quiet_ticks = self._packetless_ticks = 0
            self._send(frame)
        self._give_up_if_quiet()

    def _give_up_if_quiet(self) -> None:
        if self._packetless_ticks >= self._line_timeout_ticks:
            log.info("call %s: no packet of the callee for %d ms", self._call, self._packetless_ticks * TICK_MS)
            self._end(LegEnd.LINE_DEAD)
        if self._quiet_ticks >= INACTIVITY_TICKS:
            log.warning("call %s: no audio from either side for 2 s", self._call)
            self._end(LegEnd.FAILED)

    def _send(self, frame: bytes) -> None:
        assert self._transport is not None
        if self._transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            log.warning("call %s: the gateway does not read", self._call)
            self._end(LegEnd.FAILED)
        else:
            self._transport.write(encode_audio(frame))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort() if self._transport.get_write_buffer_size() else self._transport.close()

    def _end(self, why: LegEnd) -> None:
        if not self.ended.done():
            self.ended.set_result(why)

    def _at_8k(self, rate_hz: int, pcm: bytes) -> bytes:
        if rate_hz == 8000:
            return pcm
        converter = self._converters.setdefault(rate_hz, StreamResampler(8000, rate_hz))
        samples = np.frombuffer(pcm[: len(pcm) // 2 * 2], dtype="<i2").astype(np.float32)
        return converter.feed(samples).clip(-32768, 32767).astype("<i2").tobytes()
