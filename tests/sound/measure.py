"""What is told of a stream of 20 ms frames by the moments at which they passed. Moments are seconds, results ms."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

FRAME_MS = 20.0
TOGETHER_MS = 2.0
"""Frames that follow each other faster than this were sent in one go."""
EDGE_FRAMES = 50
LOUD_LEVEL = 300
PAUSE_MS = 300.0
"""Words have shorter pauses between them."""


@dataclass(frozen=True)
class Spacing:
    """`drift_ms`: how much later the last second is than the first one, counted in frames; the median of each."""

    frames: int
    p50_ms: float
    p99_ms: float
    longest_ms: float
    longest_burst: int
    drift_ms: float

    def __str__(self) -> str:
        return (
            f"{self.frames} frames, gap p50 {self.p50_ms:.1f} p99 {self.p99_ms:.1f} longest {self.longest_ms:.1f} ms, "
            f"longest burst {self.longest_burst}, drift {self.drift_ms:+.1f} ms"
        )


def spacing(moments: Sequence[float]) -> Spacing:
    gaps = np.diff(moments) * 1000
    runs = (len(list(run)) for together, run in groupby(gaps < TOGETHER_MS) if together)
    lateness = np.asarray(moments) * 1000 - FRAME_MS * np.arange(len(moments))
    return Spacing(
        frames=len(moments),
        p50_ms=float(np.percentile(gaps, 50)),
        p99_ms=float(np.percentile(gaps, 99)),
        longest_ms=float(gaps.max()),
        longest_burst=1 + max(runs, default=0),
        drift_ms=float(np.median(lateness[-EDGE_FRAMES:]) - np.median(lateness[:EDGE_FRAMES])),
    )


def gaps_over(moments: Sequence[float], limit_ms: float) -> int:
    return int((np.diff(moments) * 1000 > limit_ms).sum())


def is_loud(samples: bytes) -> bool:
    """16 bit."""
    return bool(np.abs(np.frombuffer(samples, "<i2").astype(np.int32)).max(initial=0) > LOUD_LEVEL)


def silent_from(sound: Sequence[tuple[float, bytes]], moment_s: float) -> float:
    """When that ends which is spoken at `moment_s`: 20 ms after its last frame. Raises ValueError if nothing is spoken.

    A voice that speaks is never quite silent, not even between its words.
    """
    heard = [at for at, samples in sound if any(samples)]
    before = [at for at in heard if at <= moment_s]
    if not before or moment_s - before[-1] > PAUSE_MS / 1000:
        raise ValueError("nobody was speaking")
    last = before[-1]
    for at in heard[len(before) :]:
        if at - last > PAUSE_MS / 1000:
            break
        last = at
    return last + FRAME_MS / 1000
