"""G.711 mu-law, tones, and what is measured of them. Samples are 16 bit, 8 kHz, mono."""

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.rig.clock import SAMPLE_RATE_HZ

Samples = npt.NDArray[np.int16]
SILENCE = b"\xff"
QUIET_LEVEL = 500


def tone(frequency_hz: float, seconds: float, level: int = 8000) -> Samples:
    """A sine of the given peak level."""
    moments = np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    return np.round(level * np.sin(2 * np.pi * frequency_hz * moments)).astype(np.int16)


def decode(pcmu: bytes) -> Samples:
    return _levels()[np.frombuffer(pcmu, np.uint8)]


def encode(samples: Samples) -> bytes:
    """Each sample becomes the code of the nearest level."""
    order = np.argsort(_levels(), kind="stable")
    levels = _levels()[order].astype(np.int32)
    borders = (levels[:-1] + levels[1:]) / 2
    return order[np.searchsorted(borders, samples)].astype(np.uint8).tobytes()


def spoken(samples: Samples) -> Samples:
    """The part between the first and the last sample that is not quiet."""
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > QUIET_LEVEL)
    return samples[loud[0] : loud[-1] + 1] if loud.size else samples[:0]


def pitch_hz(samples: Samples) -> float:
    """Frequency of the strongest component."""
    window = np.hanning(samples.size)
    spectrum: npt.NDArray[Any] = np.abs(np.fft.rfft(samples * window, n=8 * SAMPLE_RATE_HZ))
    return float(np.argmax(spectrum[1:]) + 1) / 8


@cache
def _levels() -> Samples:
    """The level of each of the 256 codes (ITU-T G.711, table 2): sign, three bits of exponent, four of mantissa."""
    codes = ~np.arange(256, dtype=np.uint8)
    exponent = (codes >> 4 & 0x07).astype(np.int32)
    mantissa = (codes & 0x0F).astype(np.int32)
    magnitude = ((mantissa << 3) + 0x84 << exponent) - 0x84
    return np.where(codes & 0x80, -magnitude, magnitude).astype(np.int16)
