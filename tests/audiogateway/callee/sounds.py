"""Sounds of telephone lines, synthesised: 16 bit at 8 kHz, through mu-law as on a trunk."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from audiogateway.audio.g711 import linear_to_ulaw, ulaw_to_linear

RATE = 8000
LEVEL = 6000.0
Samples = npt.NDArray[np.float64]


def tone(hz: float | Sequence[float], ms: int, *, level: float = LEVEL) -> Samples:
    """One tone, or several together, each of this amplitude."""
    times = np.arange(RATE * ms // 1000) / RATE
    parts = [hz] if isinstance(hz, int | float) else hz
    return level * _sum([np.sin(2 * np.pi * part * times) for part in parts])


def _sum(parts: Sequence[Samples]) -> Samples:
    total: Samples = np.sum(parts, axis=0)
    return total


def silence(ms: int) -> Samples:
    return np.zeros(RATE * ms // 1000)


def noise(ms: int, *, level: float, seed: int = 1) -> Samples:
    return np.random.default_rng(seed).normal(0.0, level, RATE * ms // 1000)


def voiced(ms: int, *, pitch_hz: float, level: float = LEVEL) -> Samples:
    """A sung vowel: a steady pitch with its harmonics."""
    harmonics = [pitch_hz * number for number in range(1, int(3400 // pitch_hz) + 1)]
    return _sum([tone(hz, ms, level=level / number) for number, hz in enumerate(harmonics, start=1)])


def faded(sound: Samples, ms: int) -> Samples:
    """With a ramp at both ends."""
    ramp = np.linspace(0.0, 1.0, RATE * ms // 1000)
    shape = np.ones(len(sound))
    shape[: len(ramp)], shape[len(shape) - len(ramp) :] = ramp, ramp[::-1]
    return sound * shape


def line(*parts: Samples) -> bytes:
    """The parts one after the other, as they come off the line."""
    samples = np.clip(np.concatenate(parts), -32768, 32767).astype("<i2").tobytes()
    return ulaw_to_linear(linear_to_ulaw(samples))
