"""AudioSocket as Asterisk 22.10 speaks it, sans-I/O.

A message is kind (1 byte), length (2 bytes, big endian), payload. Asterisk sends the call's UUID first, then
audio and keys; it accepts audio and the request to hang up, and nothing else.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

HANGUP, UUID, DTMF, AUDIO_8K = 0x00, 0x01, 0x03, 0x10
SAMPLE_RATES_HZ = {
    0x10: 8_000,
    0x11: 12_000,
    0x12: 16_000,
    0x13: 24_000,
    0x14: 32_000,
    0x15: 44_100,
    0x16: 48_000,
    0x17: 96_000,
    0x18: 192_000,
}

_HEADER_BYTES = 3


class AudioSocketError(Exception):
    """The server sent what Asterisk does not accept; the connection ends."""


@dataclass(frozen=True)
class Audio:
    """Signed 16-bit little-endian mono at `rate_hz`."""

    rate_hz: int
    pcm: bytes


@dataclass(frozen=True)
class HangUpRequest:
    """The server is done; the dialplan goes on."""


class MessageReader:
    """Collects what the server sends into messages. Holds at most one message of 64 KiB beside the input."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Audio | HangUpRequest]:
        """Take what was received; yields what it completes. Raises AudioSocketError at what is not accepted."""
        self._buffer += data
        start = 0
        try:
            while len(self._buffer) - start >= _HEADER_BYTES:
                kind, length = self._buffer[start], int.from_bytes(self._buffer[start + 1 : start + 3], "big")
                if kind == HANGUP:
                    yield HangUpRequest()
                    start += _HEADER_BYTES  # its length is read and ignored
                    continue
                _check(kind, length)
                end = start + _HEADER_BYTES + length
                if len(self._buffer) < end:
                    break
                yield Audio(SAMPLE_RATES_HZ[kind], bytes(self._buffer[start + _HEADER_BYTES : end]))
                start = end
        finally:
            del self._buffer[:start]


def _check(kind: int, length: int) -> None:
    if kind not in SAMPLE_RATES_HZ:
        raise AudioSocketError(f"kind 0x{kind:02x} is not accepted")
    if length == 0:
        raise AudioSocketError("an audio message without audio")


def encode_id(call: uuid.UUID) -> bytes:
    """The first message of a connection."""
    return _message(UUID, call.bytes)


def encode_audio(pcm: bytes) -> bytes:
    """Asterisk always sends 8 kHz."""
    return _message(AUDIO_8K, pcm)


def encode_digit(digit: str) -> bytes:
    """A telephone key that the callee pressed: one ASCII character."""
    return _message(DTMF, digit.encode("ascii"))


def _message(kind: int, payload: bytes) -> bytes:
    return kind.to_bytes() + len(payload).to_bytes(2, "big") + payload
