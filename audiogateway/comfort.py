"""Silence in place of what a telephone does not send.

Many telephones send no packets while their owner is silent. The model hears the end of a sentence by the silence after
it, so without any it would wait for ever.
"""

GAP_FRAMES = 10
"""200 ms without a frame: longer than a network delays what is on its way, shorter than the pause that ends a turn."""


class Comfort:
    """Counts the frames of the clock against those that come."""

    def __init__(self) -> None:
        self._missing = 0

    def heard(self) -> None:
        """Sound has come."""
        self._missing = 0

    def ticked(self, frames: int) -> int:
        """So many frames were due. Returns how many of silence the model shall hear now."""
        was_missing = self._missing
        self._missing += frames
        if self._missing < GAP_FRAMES:
            return 0
        return frames if was_missing >= GAP_FRAMES else self._missing
