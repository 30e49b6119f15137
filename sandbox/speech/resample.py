"""Sample-rate conversion by a rational factor: one windowed-sinc low-pass, evaluated polyphase."""

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]

_ZERO_CROSSINGS = 24
_KAISER_BETA = 8.0
_PASSBAND = 0.94
"""Share of the lower Nyquist frequency that passes; what is above is gone before it can fold."""


def resample(samples: Samples, up: int, down: int) -> Samples:
    """Convert to `up / down` times the rate, without delay: output n stands at input time n * down / up."""
    divisor = math.gcd(up, down)
    up, down = up // divisor, down // divisor
    if up == down or not len(samples):
        return samples
    phases, reach = _phases(up, down)
    padded = np.pad(samples, reach)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    positions = np.arange(0, len(samples) * up, down)
    out = np.empty(len(positions), np.float32)
    for phase in range(up):
        of_phase = positions % up == phase
        out[of_phase] = windows[positions[of_phase] // up] @ phases[phase]
    return out


@lru_cache(maxsize=8)
def _phases(up: int, down: int) -> tuple[list[Samples], int]:
    """One filter per output phase, each with unit gain, and how many input samples it reaches either way."""
    cutoff = _PASSBAND * min(1.0, up / down)
    reach = math.ceil(_ZERO_CROSSINGS / cutoff)
    taps = []
    for phase in range(up):
        offset = np.arange(-reach, reach + 1) - phase / up
        window = np.kaiser(2 * reach + 1, _KAISER_BETA)
        tap = np.sinc(offset * cutoff) * window
        taps.append((tap / tap.sum()).astype(np.float32))
    return taps, reach
