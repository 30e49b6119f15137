"""Reads recordings back, by the sizes in their headers as a player does."""

import struct
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Heard:
    """The two tracks, in mu-law."""

    callee: bytes
    agent: bytes


def listen(path: Path) -> Heard:
    """Raises AssertionError when a player could not make sense of the file."""
    data = path.read_bytes()
    riff, riff_bytes, wave = struct.unpack_from("<4sI4s", data)
    assert (riff, wave) == (b"RIFF", b"WAVE")
    assert riff_bytes + 8 <= len(data)
    chunks: dict[bytes, bytes] = {}
    offset = 12
    while offset < riff_bytes + 8:
        name, size = struct.unpack_from("<4sI", data, offset)
        chunks[name] = data[offset + 8 : offset + 8 + size]
        assert len(chunks[name]) == size
        offset += 8 + size
    code, channels, rate, bytes_per_second, block, bits, extra = struct.unpack("<HHIIHHH", chunks[b"fmt "])
    assert (code, channels, rate, bytes_per_second, block, bits, extra) == (7, 2, 8000, 16000, 2, 8, 0)
    sound = chunks[b"data"]
    assert struct.unpack("<I", chunks[b"fact"]) == (len(sound) // 2,)
    return Heard(sound[::2], sound[1::2])


def is_subsequence(part: bytes, whole: bytes) -> bool:
    """Whether `part` is `whole` with some bytes left out."""
    rest = iter(whole)
    return all(byte in rest for byte in part)
