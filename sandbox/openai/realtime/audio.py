"""The three audio formats of the API, each to and from what the ear (8 kHz) and the voice work with.

Samples are int16 arrays; an ear hears 8 kHz whatever the wire carries.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from sandbox.openai.realtime.errors import ClientEventError
from sandbox.speech import g711

Samples = npt.NDArray[np.int16]
FormatName = Literal["audio/pcm", "audio/pcmu", "audio/pcma"]

EAR_RATE = 8000
_DECIMATION_TAPS = 31


def _alaw_decode_table() -> Samples:
    code = np.arange(256) ^ 0x55
    exponent, mantissa = (code >> 4) & 0x07, code & 0x0F
    base = (mantissa << 4) + 8
    magnitude = np.where(exponent == 0, base, (base + 0x100) << np.maximum(exponent - 1, 0))
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


def _alaw_encode_table() -> npt.NDArray[np.uint8]:
    """The code whose decoded value is nearest, for each 16-bit sample read as unsigned."""
    levels = _ALAW_DECODE.astype(np.int32)
    order = np.argsort(levels)
    edges = (levels[order][1:] + levels[order][:-1]) / 2
    samples = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
    return order[np.searchsorted(edges, samples)].astype(np.uint8)


_ALAW_DECODE = _alaw_decode_table()
_ALAW_ENCODE = _alaw_encode_table()
_ULAW_DECODE: Samples = np.frombuffer(g711.decode(bytes(range(256))), dtype="<i2").astype(np.int16)


class Decimator:
    """24 kHz -> 8 kHz over a stream: keeps the filter's memory and the phase between blocks."""

    def __init__(self) -> None:
        offsets = np.arange(_DECIMATION_TAPS) - (_DECIMATION_TAPS - 1) / 2
        taps = np.sinc(offsets / 3.2) * np.hamming(_DECIMATION_TAPS)
        self._taps = (taps / taps.sum()).astype(np.float32)
        self._held = np.zeros(_DECIMATION_TAPS - 1, np.float32)

    def feed(self, samples: Samples) -> Samples:
        held = np.concatenate([self._held, samples.astype(np.float32)])
        count = max(0, (len(held) - _DECIMATION_TAPS) // 3 + 1)
        self._held = held[count * 3 :]
        if not count:
            return np.zeros(0, np.int16)
        filtered = np.convolve(held, self._taps, "valid")[::3][:count]
        return filtered.clip(-32768, 32767).astype(np.int16)


class AudioFormat:
    """One direction's wire format."""

    def __init__(self, name: FormatName) -> None:
        self.name = name
        self.rate = 24000 if name == "audio/pcm" else 8000
        self.bytes_per_sample = 2 if name == "audio/pcm" else 1

    def bytes_of_ms(self, milliseconds: int) -> int:
        return self.rate * milliseconds // 1000 * self.bytes_per_sample

    def ms_of_bytes(self, count: int) -> int:
        return count * 1000 // (self.rate * self.bytes_per_sample)

    def as_json(self) -> dict[str, Any]:
        return {"type": self.name, "rate": 24000} if self.name == "audio/pcm" else {"type": self.name}

    def encode(self, pcm: bytes) -> bytes:
        """16-bit PCM at this format's rate -> wire bytes."""
        match self.name:
            case "audio/pcmu":
                return g711.encode(pcm)
            case "audio/pcma":
                return bytes(_ALAW_ENCODE[np.frombuffer(pcm, dtype="<u2")].tobytes())
        return pcm

    def encode_ear(self, samples: Samples) -> bytes:
        """What the ear heard (8 kHz) -> wire bytes; wide band gets each sample three times."""
        if self.name == "audio/pcm":
            samples = np.repeat(samples, 3)
        return self.encode(samples.astype("<i2").tobytes())


class Ear:
    """Wire bytes of one input format -> 8 kHz samples."""

    def __init__(self, audio_format: AudioFormat) -> None:
        self.format = audio_format
        self._decimator = Decimator()

    def hear(self, wire: bytes) -> Samples:
        """Raises ClientEventError on half a sample."""
        match self.format.name:
            case "audio/pcmu":
                return _ULAW_DECODE[np.frombuffer(wire, np.uint8)]
            case "audio/pcma":
                return _ALAW_DECODE[np.frombuffer(wire, np.uint8)]
        if len(wire) % 2:
            raise ClientEventError(
                "invalid_value", "Invalid 'audio': 16-bit PCM needs an even number of bytes.", param="audio"
            )
        return self._decimator.feed(np.frombuffer(wire, "<i2").astype(np.int16))
