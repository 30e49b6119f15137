"""G.711 mu-law <-> signed 16-bit linear, by table (ITU-T G.711; values as in sox and Asterisk)."""

import numpy as np
import numpy.typing as npt

SAMPLE_RATE = 8000
SILENCE = 0xFF
"""The mu-law byte of a sample of value zero."""

_BIAS = 0x84
_CLIP = 32635
_BYTE = np.dtype("u1")
_WORD = np.dtype("<u2")


def _decoding_table() -> npt.NDArray[np.int16]:
    code = ~np.arange(256, dtype=np.uint8)
    exponent = ((code >> 4) & 7).astype(np.int32)
    mantissa = (code & 0x0F).astype(np.int32)
    magnitude = (((mantissa << 3) + _BIAS) << exponent) - _BIAS
    table: npt.NDArray[np.int16] = np.where(code & 0x80, -magnitude, magnitude).astype("<i2")
    return table


def _encoding_table() -> npt.NDArray[np.uint8]:
    """Indexed by the sample's 16 bits read as unsigned."""
    samples = np.arange(65536, dtype=np.uint16).astype(np.int16).astype(np.int32)
    magnitude = np.minimum(np.abs(samples), _CLIP) + _BIAS
    exponent = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    sign = np.where(samples < 0, 0x80, 0)
    table: npt.NDArray[np.uint8] = (~(sign | (exponent << 4) | mantissa) & 0xFF).astype(np.uint8)
    return table


_decode = _decoding_table().take
_encode = _encoding_table().take


def ulaw_to_linear(ulaw: bytes) -> bytes:
    """One byte per sample in, two out (little endian)."""
    return _decode(np.frombuffer(ulaw, _BYTE)).tobytes()


def linear_to_ulaw(linear: bytes) -> bytes:
    """Two bytes per sample in (little endian), one out. An odd last byte is half a sample and is left out."""
    if len(linear) & 1:
        linear = linear[:-1]
    return _encode(np.frombuffer(linear, _WORD)).tobytes()
