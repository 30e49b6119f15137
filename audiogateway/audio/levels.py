"""How loud sound is, in dB below full scale, 20 ms at a time."""

import numpy as np
import numpy.typing as npt

Levels = npt.NDArray[np.float32]

QUIETEST_DBFS = -90.0
"""Of silence. Mu-law's smallest step is -72."""
_FULL_SCALE_SQUARED = np.float32(32768.0**2)
_FLOOR = np.float32(10 ** (QUIETEST_DBFS / 10))


def level_dbfs(linear: bytes) -> float:
    """Of one piece of sound: 16 bit, little endian, any rate. An odd last byte is half a sample and is left out."""
    return float(levels_dbfs(linear, len(linear) & ~1)[0]) if len(linear) > 1 else QUIETEST_DBFS


def levels_dbfs(linear: bytes, frame_bytes: int) -> Levels:
    """Of each whole frame."""
    frames = len(linear) // frame_bytes
    samples = np.frombuffer(linear, "<i2", count=frames * frame_bytes // 2).astype(np.float32)
    blocks = samples.reshape(frames, frame_bytes // 2)
    power = np.einsum("ij,ij->i", blocks, blocks) / (_FULL_SCALE_SQUARED * np.float32(frame_bytes // 2))
    levels: Levels = 10 * np.log10(np.maximum(power, _FLOOR))
    return levels
