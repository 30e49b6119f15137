"""The callee's end of the audio: sends mu-law at the pace of a telephone and keeps what it hears, packet by packet."""

import itertools
import random
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from tests.rig.clock import FRAME_SAMPLES, frames_until
from tests.rig.pcmu import SILENCE
from tests.rig.ports import LOOPBACK

HEADER = struct.Struct("!BBHII")
VERSION_2 = 0x80
MARKER = 0x80
TELEPHONE_EVENT = 101
END_OF_EVENT = 0x80
EVENT = struct.Struct("!BBH")
EVENT_VOLUME = 10
DIGITS = "0123456789*#ABCD"
# The kernel's own time of arrival: what Python is busy with does not blur it. Not in Python's socket module.
SO_TIMESTAMPNS = 35
TIMESPEC = struct.Struct("@qq")
POLL_S = 0.1
LARGEST_PACKET = 2048


@dataclass(frozen=True)
class Packet:
    """One RTP packet as it arrived; `timestamp` counts samples of 8 kHz, `arrived_s` is the kernel's clock."""

    arrived_s: float
    sequence: int
    timestamp: int
    marker: bool
    payload_type: int
    payload: bytes


@dataclass(frozen=True)
class Codec:
    """How audio is carried: `name` is its encoding in SDP."""

    payload_type: int
    name: str
    rate_hz: int


PCMU = Codec(0, "PCMU", 8_000)
L16_16K = Codec(118, "L16", 16_000)
"""16 bit linear, big endian."""


class RtpPeer:
    """Listens on `port` between enter and exit; answers whoever sends first, and is silent until then.

    From then on it sends a packet every 20 ms as a telephone does: what was given to `play`, or silence. One that
    `saves_packets` sends nothing in place of silence. With another `codec` than mu-law it can hear, and cannot speak.
    """

    def __init__(self, *, saves_packets: bool = False, codec: Codec = PCMU) -> None:
        self._codec = codec
        self.saves_packets = saves_packets
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket.settimeout(POLL_S)
        self._socket.bind((LOOPBACK, 0))
        self.port: int = self._socket.getsockname()[1]
        self._stop = threading.Event()
        self._changed = threading.Condition()
        self._packets: list[Packet] = []
        self._to_play = b""
        self._sent: list[tuple[float, bytes]] = []
        self._keys: list[tuple[int, int]] = []
        self._pressed_at: int | None = None
        self._other_end: tuple[str, int] | None = None
        self._threads = [threading.Thread(target=self._receive), threading.Thread(target=self._send)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._socket.close()

    def play(self, pcmu: bytes) -> None:
        """Queue audio (8 kHz mu-law), to be heard by the other end at real-time pace."""
        with self._changed:
            self._to_play += pcmu

    def wait_until_played(self, timeout_s: float) -> None:
        self._wait(lambda: not self._to_play, timeout_s, "played to the end")

    def wait_for_audio(self, seconds: float, timeout_s: float) -> list[Packet]:
        """The audio packets so far, once they hold `seconds` of audio. Raises TimeoutError."""
        samples = round(seconds * 8000)
        self._wait(lambda: len(self.heard()) >= samples, timeout_s, f"{seconds} s of audio")
        return self.packets()

    def wait_for_digits(self, count: int, timeout_s: float) -> str:
        """The keys pressed and let go by the other end, once there are `count`. Raises TimeoutError."""
        self._wait(lambda: len(self.digits()) >= count, timeout_s, f"{count} digits")
        return self.digits()

    def packets(self) -> list[Packet]:
        """The audio packets that arrived so far."""
        return [packet for packet in list(self._packets) if packet.payload_type == self._codec.payload_type]

    def heard(self) -> bytes:
        """Their audio (8 kHz mu-law unless by another codec), in order of arrival, with nothing put into gaps."""
        return b"".join(packet.payload for packet in self.packets())

    def sent(self) -> list[tuple[float, bytes]]:
        """What was played so far, packet by packet: when it was sent, or a moment before that, and its audio."""
        return list(self._sent)

    def press(self, digit: str, duration_ms: int = 100) -> None:
        """Press a key and let it go, as telephone events (RFC 4733) between the packets of audio."""
        with self._changed:
            self._keys.append((DIGITS.index(digit), duration_ms * 8))

    def digits(self) -> str:
        """Keys that the other end has pressed and let go, as telephone events (RFC 4733).

        As for any receiver, events with one timestamp are one key. Asterisk now and then gives one to two keys that
        it was told to press without a pause between them, and then a key is lost.
        """
        events = [packet for packet in list(self._packets) if packet.payload_type == TELEPHONE_EVENT]
        let_go = {event.timestamp: DIGITS[event.payload[0]] for event in events if event.payload[1] & END_OF_EVENT}
        return "".join(let_go.values())

    def _wait(self, condition: Callable[[], bool], timeout_s: float, what: str) -> None:
        with self._changed:
            if not self._changed.wait_for(condition, timeout_s):
                raise TimeoutError(f"not {what} within {timeout_s} s; {len(self._packets)} RTP packets so far")

    def _receive(self) -> None:
        while not self._stop.is_set():
            try:
                datagram, ancillary, _, sender = self._socket.recvmsg(LARGEST_PACKET, 64)
            except TimeoutError:
                continue
            packet = _parse(datagram, arrival_s(ancillary))
            with self._changed:
                self._other_end = sender
                self._packets.append(packet)
                self._changed.notify_all()

    def _send(self) -> None:
        source = random.getrandbits(32)
        numbers = itertools.count(random.getrandbits(15))
        timestamps = itertools.count(random.getrandbits(31), FRAME_SAMPLES)
        for _ in frames_until(self._stop):
            if self._other_end is None:
                continue
            now = next(timestamps) & 0xFFFFFFFF
            for payload_type, timestamp, payload in self._next_packets(now):
                header = HEADER.pack(VERSION_2, payload_type, next(numbers) & 0xFFFF, timestamp, source)
                self._socket.sendto(header + payload, self._other_end)

    def _next_packets(self, now: int) -> list[tuple[int, int, bytes]]:
        """Payload type, time stamp and payload of what is sent in these 20 ms."""
        with self._changed:
            if self._keys:
                return self._next_of_key(now)
            frame, self._to_play = self._to_play[:FRAME_SAMPLES], self._to_play[FRAME_SAMPLES:]
            if frame:
                self._sent.append((time.time(), frame))
                self._changed.notify_all()
            elif self.saves_packets:
                return []
        return [(PCMU.payload_type, now, frame.ljust(FRAME_SAMPLES, SILENCE))]

    def _next_of_key(self, now: int) -> list[tuple[int, int, bytes]]:
        digit, lasts = self._keys[0]
        self._pressed_at = now if self._pressed_at is None else self._pressed_at
        duration = now - self._pressed_at & 0xFFFFFFFF
        if duration < lasts:
            return [(TELEPHONE_EVENT, self._pressed_at, EVENT.pack(digit, EVENT_VOLUME, duration + FRAME_SAMPLES))]
        end = (TELEPHONE_EVENT, self._pressed_at, EVENT.pack(digit, END_OF_EVENT | EVENT_VOLUME, lasts))
        del self._keys[0]
        self._pressed_at = None
        return [end] * 3


def _parse(datagram: bytes, arrived_s: float) -> Packet:
    first, second, sequence, timestamp, _ = HEADER.unpack_from(datagram)
    if first != VERSION_2:
        raise ValueError(f"an RTP packet with extensions or of another version: first byte {first:#x}")
    return Packet(arrived_s, sequence, timestamp, bool(second & MARKER), second & 0x7F, datagram[HEADER.size :])


def arrival_s(ancillary: Iterable[tuple[int, int, bytes]]) -> float:
    """The kernel's time of what `recvmsg` gave, where the socket has SO_TIMESTAMPNS."""
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
            seconds, nanoseconds = TIMESPEC.unpack(data)
            return float(seconds + nanoseconds / 1e9)
    return time.time()
