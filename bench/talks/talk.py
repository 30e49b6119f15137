"""One talk: a caller's line, the model behind it, and who speaks when. Everything is stamped as it comes and goes."""

import asyncio
import random
import time
from array import array
from uuid import UUID

from bench.talks.model import SPEECH_SECONDS, Model
from bench.talks.wire import NOISES, SILENCE

HEARD_BY_MODEL_SECONDS = 0.12
"""So long after a callee's first sound the model says that somebody speaks."""
CALLEE_SPEAKS_SECONDS = 2.5
END_OF_TURN_SECONDS = 0.5
PAUSE_SECONDS = 0.6
BARGE_IN_AFTER_SECONDS = 2.0
BARGE_IN_EVERY = 3
SETTLED_SECONDS = 0.35
"""So long after the news of a barge-in nothing of the agent may be on the way any more."""


class Talk(asyncio.Protocol):
    """`step` is called every 20 ms. Times are seconds of time.perf_counter()."""

    def __init__(self, number: int, call_id: UUID) -> None:
        self._call_id = call_id
        self._random = random.Random(number)  # noqa: S311 - the same in every run
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._answered_at = 0.0
        self._agent_began: float | None = None
        self._agent_silent_until = 0.0
        self._turns = 0
        self._callee_until: float | None = None
        self._item = ""
        self._told = False
        self._end_at: float | None = None
        self._barge_in_at: float | None = None
        self._last_loud = 0.0
        self._was_quiet = True
        self._speaks = False
        self.model: Model | None = None
        self.is_over = False
        self.arrivals = array("d")
        self.first_audio: list[float] = []
        self.to_callee: list[float] = []
        self.to_model: list[float] = []
        self.barge_ins: list[float] = []

    # The line

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment] # uvloop's is no subclass
        self._answered_at = time.perf_counter()
        self._transport.write(b"\x01\x00\x10" + self._call_id.bytes)  # type: ignore[union-attr]
        assert self.model is not None, "who is called has a voice"
        self.model.on_speech = self._agent_begins
        self._agent_began = self._answered_at  # the greeting was prepared

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        self._buffer += data
        at = 0
        while len(self._buffer) - at >= len(SILENCE):
            self.arrivals.append(now)
            if self._buffer[at : at + len(SILENCE)] != SILENCE:
                self._hear(now)
            at += len(SILENCE)
        del self._buffer[:at]

    def connection_lost(self, error: Exception | None) -> None:
        self.is_over = True
        self._transport = None

    def hang_up(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _hear(self, now: float) -> None:
        if not self.first_audio:
            self.first_audio.append(now - self._answered_at)
        elif self._agent_began is not None and self._was_quiet and self._last_loud < self._agent_began:
            self.to_callee.append(now - self._agent_began)
        self._was_quiet = False
        self._last_loud = now

    # The script

    def _agent_begins(self, at: float) -> None:
        self._was_quiet = at - self._last_loud > 0.1  # else what is heard next is of before
        self._agent_began = at
        self._agent_silent_until = at + SPEECH_SECONDS
        self._turns += 1

    def step(self, now: float) -> None:
        if self._transport is None:
            return
        speaks = self._callee_until is not None and now < self._callee_until
        if speaks and not self._speaks:
            assert self.model is not None
            written = time.perf_counter()
            self.model.on_loud = lambda at: self.to_model.append(at - written)
        self._speaks = speaks
        self._transport.write(self._random.choice(NOISES) if speaks else SILENCE)
        self._act(now)

    def _act(self, now: float) -> None:
        assert self.model is not None
        if self._callee_until is None:
            if self._end_at is None and self._agent_began is not None and now >= self._callee_begins():
                self._callee_until = now + CALLEE_SPEAKS_SECONDS
                self._told = False
        elif not self._told and now >= self._callee_until - CALLEE_SPEAKS_SECONDS + HEARD_BY_MODEL_SECONDS:
            self._told = True
            self._item = self.model.callee_starts(int(HEARD_BY_MODEL_SECONDS * 1000))
            if time.perf_counter() - self._last_loud < 0.03:
                self._barge_in_at = time.perf_counter()
        elif now >= self._callee_until:
            self._callee_until, self._agent_began = None, None
            self._end_at = now + END_OF_TURN_SECONDS
        if self._end_at is not None and now >= self._end_at:
            self._end_at = None
            self.model.callee_stops(self._item)
        if self._barge_in_at is not None and now >= self._barge_in_at + SETTLED_SECONDS:
            self.barge_ins.append(max(self._last_loud - self._barge_in_at, 0.0))
            self._barge_in_at = None

    def _callee_begins(self) -> float:
        assert self._agent_began is not None
        interrupts = self._turns % BARGE_IN_EVERY == BARGE_IN_EVERY - 1
        return self._agent_began + (BARGE_IN_AFTER_SECONDS if interrupts else SPEECH_SECONDS + PAUSE_SECONDS)
