"""AudioSocket as bytes and values: `kind(1) | length(2, big endian) | payload`. No socket, no clock.

Source: Asterisk, include/asterisk/res_audiosocket.h and res/res_audiosocket.c.
"""

from dataclasses import dataclass
from enum import IntEnum
from uuid import UUID

HEADER_BYTES = 3
UUID_BYTES = 16
MAX_AUDIO_BYTES = 7680
"""20 ms at 192 kHz. The length field allows 65535, but no channel delivers frames of that size."""


class Kind(IntEnum):
    HANGUP = 0x00
    UUID = 0x01
    DTMF = 0x03
    SLIN_8K = 0x10
    SLIN_12K = 0x11
    SLIN_16K = 0x12
    SLIN_24K = 0x13
    SLIN_32K = 0x14
    SLIN_44K = 0x15
    SLIN_48K = 0x16
    SLIN_96K = 0x17
    SLIN_192K = 0x18
    ERROR = 0xFF


@dataclass(frozen=True, slots=True)
class CallId:
    """The first message of every connection."""

    call_id: UUID


@dataclass(frozen=True, slots=True)
class Audio:
    """Signed 16-bit little-endian mono samples at the rate of `kind`."""

    kind: Kind
    samples: bytes


@dataclass(frozen=True, slots=True)
class Digit:
    """A telephone key was released: 0-9, *, #, A-D."""

    digit: str


@dataclass(frozen=True, slots=True)
class Hangup:
    """The end of the call (Asterisk itself only closes the connection)."""


@dataclass(frozen=True, slots=True)
class PeerError:
    """The other side reports a failure; `code` is the first byte of the payload, or 0."""

    code: int


@dataclass(frozen=True, slots=True)
class Garbage:
    """These bytes are no AudioSocket; nothing after them is read."""

    reason: str


Message = CallId | Audio | Digit | Hangup | PeerError | Garbage


_DIGITS = frozenset("0123456789*#ABCD")
_SOUND = frozenset(kind for kind in Kind if Kind.SLIN_8K <= kind <= Kind.SLIN_192K)
_LENGTHS: dict[int, tuple[int, int]] = {
    Kind.HANGUP: (0, 0),
    Kind.UUID: (UUID_BYTES, UUID_BYTES),
    Kind.DTMF: (1, 1),
    Kind.ERROR: (0, 64),
    **dict.fromkeys(_SOUND, (2, MAX_AUDIO_BYTES)),
}
"""Smallest and largest payload of each kind; sound has whole samples. A kind that is missing here is garbage."""

_COMMON_KIND = Kind.SLIN_8K
_COMMON_HEADER = bytes([_COMMON_KIND, 0x01, 0x40])
_COMMON_BYTES = HEADER_BYTES + 320


class Decoder:
    """Bytes in, messages out. Holds at most one unfinished message; never raises."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._is_lost = False

    def feed(self, data: bytes) -> list[Message]:
        """The messages that `data` completes. After a Garbage nothing more comes."""
        if self._is_lost:
            return []
        if not self._rest and len(data) == _COMMON_BYTES and data.startswith(_COMMON_HEADER):
            return [Audio(_COMMON_KIND, data[HEADER_BYTES:])]  # nearly every read is one 20 ms frame
        rest = self._rest
        rest += data
        messages: list[Message] = []
        while (message := self._next()) is not None:
            messages.append(message)
            if type(message) is Garbage:
                self._is_lost = True
                rest.clear()
        return messages

    @property
    def buffered_bytes(self) -> int:
        return len(self._rest)

    def _next(self) -> Message | None:
        rest = self._rest
        if not rest:
            return None
        limits = _LENGTHS.get(rest[0])
        if limits is None:
            return Garbage(f"no such kind of message: 0x{rest[0]:02x}")
        if len(rest) < HEADER_BYTES:
            return None
        length = rest[1] << 8 | rest[2]
        if not limits[0] <= length <= limits[1] or (length & 1 and rest[0] in _SOUND):
            return Garbage(f"a message of kind 0x{rest[0]:02x} cannot have {length} bytes")
        end = HEADER_BYTES + length
        if len(rest) < end:
            return None
        message = _message(Kind(rest[0]), bytes(rest[HEADER_BYTES:end]))
        del rest[:end]
        return message


def _message(kind: Kind, payload: bytes) -> Message:
    match kind:
        case Kind.HANGUP:
            return Hangup()
        case Kind.UUID:
            return CallId(UUID(bytes=payload))
        case Kind.DTMF:
            digit = chr(payload[0]).upper()
            return Digit(digit) if digit in _DIGITS else Garbage(f"no such telephone key: 0x{payload[0]:02x}")
        case Kind.ERROR:
            return PeerError(payload[0] if payload else 0)
        case _:
            return Audio(kind, payload)


HANGUP_MESSAGE = bytes([Kind.HANGUP, 0, 0])


def audio_header(kind: Kind, payload_bytes: int) -> bytes:
    """The header of audio messages that all carry `payload_bytes` (even, at most MAX_AUDIO_BYTES)."""
    return bytes([kind]) + payload_bytes.to_bytes(2, "big")


def encode_audio(samples: bytes, kind: Kind = Kind.SLIN_8K) -> bytes:
    """Header and payload in one piece: Asterisk drops the call when a gap of 5 ms opens between them."""
    return audio_header(kind, len(samples)) + samples


def encode_call_id(call_id: UUID) -> bytes:
    """What the PBX's side sends first."""
    return bytes([Kind.UUID, 0, UUID_BYTES]) + call_id.bytes


def encode_digit(digit: str) -> bytes:
    """What the PBX's side sends for a key."""
    return bytes([Kind.DTMF, 0, 1]) + digit.encode("ascii")
