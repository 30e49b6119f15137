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
    if up == down:
        return samples
    stream = StreamResampler(up, down)
    return np.concatenate([stream.feed(samples), stream.flush()])


class StreamResampler:
    """The same for a sound that arrives in pieces; what comes out lags by the filter's reach."""

    def __init__(self, up: int, down: int) -> None:
        divisor = math.gcd(up, down)
        self._up, self._down = up // divisor, down // divisor
        self._phases, self._reach = _phases(self._up, self._down)
        self._held = np.zeros(self._reach, np.float32)
        self._next = 0  # of the next output, in 1 / up of an input sample, counted from the first held window

    def feed(self, samples: Samples) -> Samples:
        """Take a piece of input; gives the output whose surroundings are known by now."""
        held = np.concatenate([self._held, samples])
        complete = len(held) - 2 * self._reach
        if complete <= 0:
            self._held = held
            return np.zeros(0, np.float32)
        windows = np.lib.stride_tricks.sliding_window_view(held, 2 * self._reach + 1)
        positions = np.arange(self._next, complete * self._up, self._down)
        out = np.empty(len(positions), np.float32)
        for phase in range(self._up):
            of_phase = positions % self._up == phase
            out[of_phase] = windows[positions[of_phase] // self._up] @ self._phases[phase]
        self._next += len(positions) * self._down - complete * self._up
        self._held = held[complete:].copy()
        return out

    def flush(self) -> Samples:
        """The rest, as if silence followed."""
        return self.feed(np.zeros(self._reach, np.float32))


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
