"""`python -m bench.talks`: holds talks with a gateway, and says what they were like as one JSON object.

Reads one line from standard input, {"port", "gateway": [host, port], "calls": [ids], "seconds"}; prints "listening"
once the model's port is open. The callers ring when all their voices have begun to speak.
"""

import asyncio
import gc
import json
import sys
import time
from typing import Any
from uuid import UUID

import numpy as np
import uvloop

from bench.talks.model import Model
from bench.talks.talk import Talk

PHASES = 4
FRAME_SECONDS = 0.020
SETTLE_SECONDS = 5.0
CALLS_PER_SECOND = 50
VOICES_SECONDS = 120.0
WINDOW_FRAMES = 250


class Load:
    def __init__(self, order: dict[str, Any]) -> None:
        self._order = order
        self.talks = [Talk(number, UUID(call_id)) for number, call_id in enumerate(order["calls"])]
        self._missing = len(self.talks)
        self._all_ready = asyncio.Event()
        self.lags: list[float] = []

    async def run(self) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        await loop.create_server(lambda: Model(self._configured), "127.0.0.1", self._order["port"])
        say("listening")
        async with asyncio.timeout(VOICES_SECONDS):
            await self._all_ready.wait()
        gc.collect()
        gc.freeze()
        loop.call_soon(self._stay_awake, loop)
        clock = asyncio.create_task(self._tick())
        for talk in self.talks:
            await loop.create_connection(lambda talk=talk: talk, *self._order["gateway"])  # type: ignore[misc]
            await asyncio.sleep(1 / CALLS_PER_SECOND)
        await asyncio.sleep(SETTLE_SECONDS)
        say("talking")
        begins = time.perf_counter()
        await asyncio.sleep(self._order["seconds"])
        ends = time.perf_counter()
        say("done")
        result = self._figures(begins, ends)
        clock.cancel()
        for talk in self.talks:
            talk.hang_up()
        return result

    def _configured(self, model: Model, number: int | None) -> None:
        if number is not None and number < len(self.talks):
            self.talks[number].model = model
            model.on_speech = lambda at: self._ready()

    def _ready(self) -> None:
        self._missing -= 1
        if not self._missing:
            self._all_ready.set()

    def _stay_awake(self, loop: asyncio.AbstractEventLoop) -> None:
        """This core never sleeps: on virtual machines whoever sends to a sleeping one pays for waking it up."""
        loop.call_soon(self._stay_awake, loop)

    async def _tick(self) -> None:
        origin = time.perf_counter()
        step = 0
        while True:
            step += 1
            due = origin + step * FRAME_SECONDS / PHASES
            await asyncio.sleep(max(due - time.perf_counter(), 0))
            now = time.perf_counter()
            self.lags.append(now - due)
            for talk in self.talks[step % PHASES :: PHASES]:
                talk.step(now)

    def _figures(self, begins: float, ends: float) -> dict[str, Any]:
        late = np.concatenate([lateness(np.array(talk.arrivals), begins, ends) for talk in self.talks])
        return {
            "talks": len(self.talks),
            "lost": sum(talk.is_over for talk in self.talks),
            "frames": len(late),
            "frames_due": int((ends - begins) / FRAME_SECONDS * len(self.talks)),
            "lateness_p99_ms": p99_ms(late),
            "first_audio_p99_ms": p99_ms([s for talk in self.talks for s in talk.first_audio]),
            "to_callee_p99_ms": p99_ms([max(s - FRAME_SECONDS, 0) for talk in self.talks for s in talk.to_callee]),
            "to_model_p99_ms": p99_ms([s for talk in self.talks for s in talk.to_model]),
            "barge_in_p99_ms": p99_ms([s for talk in self.talks for s in talk.barge_ins]),
            "barge_ins": sum(len(talk.barge_ins) for talk in self.talks),
            "load_lag_p99_ms": p99_ms(self.lags),
        }


def lateness(arrivals: "np.ndarray[Any, Any]", begins: float, ends: float) -> "np.ndarray[Any, Any]":
    """Seconds that each frame came after its place in a 20 ms rhythm, as the earliest frames around it set it."""
    offsets = arrivals - np.arange(len(arrivals)) * FRAME_SECONDS
    late = [
        window - window.min()
        for window in np.array_split(offsets, max(len(offsets) // WINDOW_FRAMES, 1))
        if len(window)
    ]
    found = np.concatenate(late) if late else np.array([])
    return found[(arrivals >= begins) & (arrivals <= ends)]


def p99_ms(seconds: Any) -> float | None:
    return round(float(np.percentile(np.array(seconds), 99)) * 1000, 2) if len(seconds) else None


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    say(json.dumps(uvloop.run(Load(json.loads(sys.stdin.readline())).run())))
