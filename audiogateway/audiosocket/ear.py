"""What the callee says, at 8 kHz, whatever the PBX sends.

Asterisk's application AudioSocket() always sends 8 kHz; its channel driver sends what it was told to (`c(slin24)`).
"""

from collections.abc import Callable

from audiogateway.audio.resample import Downsampler
from audiogateway.audiosocket.codec import Audio, Kind

HEARD_HZ = {Kind.SLIN_8K: 8_000, Kind.SLIN_24K: 24_000}


class Ear:
    """Of one line. `on_rate` is told the rate of the first sound, and of every change."""

    def __init__(self, on_rate: Callable[[int], None]) -> None:
        self._on_rate = on_rate
        self._kind: Kind | None = None
        self._downsampler = Downsampler()

    def hear(self, sound: Audio) -> bytes | None:
        """16 bit linear at 8 kHz. None at a rate that is of no use here."""
        if sound.kind is not self._kind:
            if sound.kind not in HEARD_HZ:
                return None
            self._kind = sound.kind
            self._on_rate(HEARD_HZ[sound.kind])
        return sound.samples if sound.kind is Kind.SLIN_8K else self._downsampler.feed(sound.samples)
