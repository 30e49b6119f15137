"""Bytes of both wires: WebSocket as a server sees it, Realtime events, AudioSocket frames."""

import base64
import hashlib
import json
import random
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from audiogateway.audio.g711 import linear_to_ulaw

ACCEPT_SALT = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
FRAME_BYTES = 320
SILENCE = b"\x10" + FRAME_BYTES.to_bytes(2, "big") + bytes(FRAME_BYTES)
QUIET_ULAW = b"\xff"
_random = random.Random(20)  # noqa: S311 - sound, and the same in every run

NOISES = [
    SILENCE[:3] + b"".join(_random.randrange(-level, level).to_bytes(2, "little", signed=True) for _ in range(160))
    for level in (4_000, 6_000, 9_000, 12_000, 16_000)
]
"""20 ms of a loud callee, at several levels."""


def _speech() -> bytes:
    """As smooth as a voice, and in every frame as loud as another."""
    seconds = np.arange(4_000) / 8_000
    swell = 6_000 + 4_000 * np.sin(2 * np.pi * 3 * seconds)
    return linear_to_ulaw((swell * np.sin(2 * np.pi * 180 * seconds)).astype("<i2").tobytes())


ULAW_SPEECH = _speech()
"""Half a second of a loud agent: none of its frames is silent."""


def accept_key(request: bytes) -> bytes:
    """The header's value that answers the opening handshake in `request`."""
    lines = dict(line.split(b":", 1) for line in request.split(b"\r\n")[1:] if b":" in line)
    key = next(value.strip() for name, value in lines.items() if name.lower() == b"sec-websocket-key")
    return base64.b64encode(hashlib.sha1(key + ACCEPT_SALT).digest())  # noqa: S324 - RFC 6455 says so


def text_frame(event: Mapping[str, Any]) -> bytes:
    return frame(TEXT, json.dumps(event, separators=(",", ":")).encode())


def frame(opcode: int, payload: bytes) -> bytes:
    """Unmasked, as servers send."""
    size = len(payload)
    if size < 126:
        return bytes((0x80 | opcode, size)) + payload
    if size < 1 << 16:
        return bytes((0x80 | opcode, 126)) + size.to_bytes(2, "big") + payload
    return bytes((0x80 | opcode, 127)) + size.to_bytes(8, "big") + payload


def client_frames(buffer: bytearray) -> Iterator[tuple[int, int, int]]:
    """(opcode, begin of the mask, end) of every whole frame at the front of `buffer`; the caller cuts them off."""
    at = 0
    while len(buffer) - at >= 6:
        size, head = buffer[at + 1] & 0x7F, 2
        if size == 126:
            size, head = int.from_bytes(buffer[at + 2 : at + 4], "big"), 4
        elif size == 127:
            size, head = int.from_bytes(buffer[at + 2 : at + 10], "big"), 10
        end = at + head + 4 + size
        if end > len(buffer):
            return
        yield buffer[at] & 0x0F, at + head, end
        at = end


def unmask(buffer: bytearray, begin: int, end: int) -> bytes:
    """The payload of a client's frame, whose mask begins at `begin`."""
    payload = buffer[begin + 4 : end]
    mask = (bytes(buffer[begin : begin + 4]) * (len(payload) // 4 + 1))[: len(payload)]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(mask, "big")).to_bytes(len(payload), "big")
