"""Which format the model's sound really has, told by its bytes: some servers confirm one format and send another.

In 16 bit sound the two bytes of a sample have little in common; in mu-law all bytes are alike. And the right reading of
a voice is smooth, while any other one is noise.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from audiogateway.audio.g711 import ulaw_to_linear
from audiogateway.line_format import NARROW_BAND, WIDE_BAND, AgentSound

ENOUGH_BYTES = 8_000
"""A second of mu-law, a sixth of a second of 16 bit at 24 kHz."""
WINDOWS = 5
"""Of so many bytes: 16 bit noise may be the hiss with which a word begins, but none hisses for that long."""
UNLIKE = 0.2
"""How much the bytes at even and at odd places differ: 0.05 at most in mu-law, 0.4 at least in 16 bit sound."""
NOISE = 0.95
"""The mean step between samples, by their mean level: 1.4 in noise, 0.6 at most in a voice that is read rightly."""
QUIET = 500
"""Of 32768: what is below this is no voice yet, and too little to tell anything by."""
_SILENT_BYTES = b"\x00\xff\x7f"


class SoundCheck:
    """Looks at the beginning of a session's sound, once."""

    def __init__(self) -> None:
        self._beginning = bytearray()
        self._windows_left = WINDOWS
        self.is_done = False
        self.found: AgentSound | None = None
        """None while it is not known; and when `is_done`, that it is nothing known."""

    def add(self, audio: bytes) -> None:
        if self.is_done:
            return
        self._beginning += audio if self._beginning else _from_first_sound(audio)
        while len(self._beginning) >= ENOUGH_BYTES and not self.is_done:
            window = bytes(self._beginning[:ENOUGH_BYTES])
            del self._beginning[:ENOUGH_BYTES]
            self._windows_left -= 1
            self.found = recognized(window)
            self.is_done = self.found is not None or not self._windows_left or not _is_16_bit(window)
        if self.is_done:
            self._beginning.clear()


def _from_first_sound(audio: bytes) -> bytes:
    """Without the silence, and the noise of 16 bit sound, before the voice."""
    samples = np.frombuffer(audio[: len(audio) // 2 * 2], "<i2").astype(np.int32)
    loud = np.flatnonzero(np.abs(samples) >= QUIET)
    return audio[2 * int(loud[0]) :].lstrip(_SILENT_BYTES) if len(loud) else b""


def recognized(sound: bytes) -> AgentSound | None:
    """The format of a voice of at least ENOUGH_BYTES; None when it is none of ours."""
    if _is_16_bit(sound):
        # Which byte of a sample is the first one is not known: silence before the sound was left out bytewise.
        steps = min(_roughness(sound), _roughness(sound[1:-1]))
        return WIDE_BAND if steps < NOISE else None
    return NARROW_BAND if _roughness(ulaw_to_linear(sound)) < NOISE else None


def _is_16_bit(sound: bytes) -> bool:
    return _unlikeness(sound) > UNLIKE


def _unlikeness(sound: bytes) -> float:
    """Of the upper halves of the bytes at even places to those at odd ones: 0 when alike, 1 when never the same."""
    halves = np.frombuffer(sound, np.uint8) >> 4
    even, odd = _shares(halves[::2]), _shares(halves[1::2])
    return float(np.abs(even - odd).sum() / 2)


def _shares(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    return np.bincount(values, minlength=16) / len(values)


def _roughness(linear: bytes) -> float:
    samples = np.frombuffer(linear, "<i2").astype(np.float64)
    level = float(np.abs(samples).mean())
    return float(np.abs(np.diff(samples)).mean()) / level if level else 0.0
