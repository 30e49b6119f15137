"""Server VAD by energy, 20 ms at a time: samples in, starts and ends of speech out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sandbox.openai.realtime.audio import EAR_RATE, Samples

FRAME_MS = 20
FRAME = EAR_RATE * FRAME_MS // 1000
ONSET_FRAMES = 2
"""So many loud frames in a row are speech; one alone is a click."""

_FULL_SCALE = 32768.0
_QUIETEST_DBFS = -70.0
_SPAN_DB = 50.0
_HYSTERESIS_DB = 6.0


@dataclass(frozen=True)
class SpeechEdge:
    """Speech begins (`started`) or has ended, at this sample counted from the first one fed."""

    started: bool
    sample: int


def level_of(threshold: float) -> float:
    """A threshold of 0..1 as mean square: 0 is -70 dBFS, 0.5 is -45, 1 is -20."""
    return _mean_square(_QUIETEST_DBFS + _SPAN_DB * threshold)


def _mean_square(dbfs: float) -> float:
    return float(_FULL_SCALE**2 * 10 ** (dbfs / 10))


class TurnDetector:
    """`silence_ms` of quiet end the speech; `position` counts the samples that were fed."""

    def __init__(self, *, threshold: float, silence_ms: int) -> None:
        self.configure(threshold=threshold, silence_ms=silence_ms)
        self.speaking = False
        self.position = 0
        self._rest: Samples = np.zeros(0, np.int16)
        self._run = 0

    def configure(self, *, threshold: float, silence_ms: int) -> None:
        self._enter = level_of(threshold)
        self._leave = self._enter * 10 ** (-_HYSTERESIS_DB / 10)
        self._silence_frames = max(1, silence_ms // FRAME_MS)

    def forget(self) -> None:
        """After a manual commit or a clear: nobody speaks, counting goes on."""
        self.speaking = False
        self._run = 0

    def feed(self, samples: Samples) -> list[SpeechEdge]:
        block = np.concatenate([self._rest, samples]) if len(self._rest) else samples
        count = len(block) // FRAME
        start = self.position - len(self._rest)
        self.position += len(samples)
        self._rest = block[count * FRAME :]
        if not count:
            return []
        frames = block[: count * FRAME].reshape(count, FRAME).astype(np.float32)
        power = np.einsum("ij,ij->i", frames, frames) / FRAME
        edges = (self._step(float(value), start + index * FRAME) for index, value in enumerate(power))
        return [edge for edge in edges if edge is not None]

    def _step(self, power: float, frame_start: int) -> SpeechEdge | None:
        """One frame. `_run` counts loud frames while quiet, and quiet frames while speaking."""
        against = power < self._leave if self.speaking else power >= self._enter
        self._run = self._run + 1 if against else 0
        if self._run < (self._silence_frames if self.speaking else ONSET_FRAMES):
            return None
        self.speaking = not self.speaking
        run, self._run = self._run, 0
        frame_end = frame_start + FRAME
        return SpeechEdge(self.speaking, frame_end - run * FRAME if self.speaking else frame_end)
