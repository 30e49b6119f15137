"""24 kHz -> 8 kHz over a stream, by libsamplerate: what its filter remembers is carried from frame to frame."""

import numpy as np
import samplerate

RATIO = 3
LAG_SAMPLES = 24
"""3 ms at 8 kHz: a little more than the filter looks ahead."""
_FULL_SCALE = 32_768.0
_BYTES = 2


class Downsampler:
    """16 bit mono. Gives a third of what it is fed, at once and LAG_SAMPLES late, so that frames stay frames."""

    def __init__(self) -> None:
        self._filter = samplerate.Resampler("sinc_fastest", channels=1)
        self._ready = bytearray(LAG_SAMPLES * _BYTES)
        self._owed_thirds = 0

    def feed(self, samples: bytes) -> bytes:
        """An odd last byte is half a sample and is left out."""
        count = len(samples) // _BYTES
        sound = np.frombuffer(samples, "<i2", count).astype(np.float32) / _FULL_SCALE
        found = self._filter.process(sound, 1 / RATIO) * _FULL_SCALE
        self._ready += found.round().clip(-_FULL_SCALE, _FULL_SCALE - 1).astype("<i2").tobytes()
        self._owed_thirds += count
        whole, self._owed_thirds = divmod(self._owed_thirds, RATIO)
        taken = bytes(self._ready[: whole * _BYTES])
        del self._ready[: whole * _BYTES]
        return taken
