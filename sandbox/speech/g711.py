"""G.711 mu-law (ITU-T G.711, the telephone network's 8-bit companding) by table look-up.

PCM here is always signed 16-bit little endian, mono; one mu-law byte stands for one sample.
"""

import numpy as np
import numpy.typing as npt

SILENCE_BYTE = 0xFF
"""The mu-law code of a zero sample."""

_BIAS = 0x84
_CLIP = 32635


def _decode_table() -> npt.NDArray[np.int16]:
    code = ~np.arange(256, dtype=np.uint8)
    exponent = ((code >> 4) & 0x07).astype(np.int32)
    mantissa = (code & 0x0F).astype(np.int32)
    magnitude = (((mantissa << 3) + _BIAS) << exponent) - _BIAS
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


def _encode_table() -> npt.NDArray[np.uint8]:
    """The code of every 16-bit sample, indexed by the sample's bits read as unsigned."""
    sample = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
    sample = sample & ~0x03  # the standard codes 14-bit samples
    magnitude = np.minimum(np.abs(sample), _CLIP) + _BIAS
    exponent = np.log2(magnitude).astype(np.int32) - 7
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    sign = np.where(sample < 0, 0x80, 0)
    return np.asarray(~(sign | (exponent << 4) | mantissa) & 0xFF, dtype=np.uint8)


_DECODE = _decode_table()
_ENCODE = _encode_table()


def encode(pcm: bytes) -> bytes:
    """PCM -> mu-law, half as many bytes. Raises ValueError on an odd number of bytes."""
    codes: npt.NDArray[np.uint8] = _ENCODE[np.frombuffer(pcm, dtype="<u2")]
    return codes.tobytes()


def decode(ulaw: bytes) -> bytes:
    """mu-law -> PCM, twice as many bytes."""
    return _DECODE[np.frombuffer(ulaw, dtype=np.uint8)].tobytes()
