"""What passes over a TCP port of the loopback interface, with the kernel's own times: neither end knows of it."""

import ctypes
import socket
import struct
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from tests.rig.rtp import SO_TIMESTAMPNS, arrival_s

ALL_PROTOCOLS = 0x0003
SO_ATTACH_FILTER, SO_RCVBUFFORCE = 26, 33
BUFFER_BYTES = 16 * 1024 * 1024
LARGEST_SEGMENT = 65_535
POLL_S = 0.1
TCP_HEADER = struct.Struct("!HHII")
HEADERS_ONLY = 52
"""IPv4 and TCP with its time stamps, and not a byte of payload."""


@dataclass(frozen=True)
class Segment:
    """Payload that was sent at `sent_s` (the kernel's clock); `sequence` is that of its first byte."""

    sent_s: float
    sequence: int
    payload: bytes


class Wire:
    """Between enter and exit, everything from and to `port`, once, as it leaves its sender. Needs root."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ALL_PROTOCOLS))
        self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        _attach(self._socket, _outgoing_payload_of(port))
        self._socket.bind(("lo", ALL_PROTOCOLS))
        self._socket.settimeout(POLL_S)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._listen)
        self._segments: list[tuple[int, int, Segment]] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._socket.close()

    def clients(self) -> list[int]:
        """Ports of those who connected to it and were sent or sent something, in that order."""
        ports = (source if target == self._port else target for source, target, _ in list(self._segments))
        return list(dict.fromkeys(ports))

    def sent_by(self, client: int) -> list[Segment]:
        return self._of(client, self._port)

    def sent_to(self, client: int) -> list[Segment]:
        return self._of(self._port, client)

    def _of(self, source: int, target: int) -> list[Segment]:
        """In order, without repetitions."""
        seen: dict[int, Segment] = {}
        for a, b, segment in list(self._segments):
            if (a, b) == (source, target):
                seen.setdefault(segment.sequence, segment)
        return list(seen.values())

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                packet, ancillary, _, _ = self._socket.recvmsg(LARGEST_SEGMENT, 64)
            except TimeoutError:
                continue
            start = 4 * (packet[0] & 0x0F)
            source, target, sequence, _ = TCP_HEADER.unpack_from(packet, start)
            payload = packet[start + 4 * (packet[start + 12] >> 4) :]
            if payload:  # without is the greeting of a connection
                self._segments.append((source, target, Segment(arrival_s(ancillary), sequence, payload)))


def messages(segments: Sequence[Segment]) -> list[tuple[float, int, bytes]]:
    """AudioSocket: when each message was there whole, its kind and its payload."""
    found: list[tuple[float, int, bytes]] = []
    rest = b""
    for segment in segments:
        rest += segment.payload
        while len(rest) >= 3 and len(rest) >= (end := 3 + int.from_bytes(rest[1:3], "big")):
            found.append((segment.sent_s, rest[0], rest[3:end]))
            rest = rest[end:]
    return found


def _outgoing_payload_of(port: int) -> list[tuple[int, int, int, int]]:
    """A program of the kernel's packet filter (Linux, Documentation/networking/filter.rst)."""
    packet_type = 0xFFFFF004  # SKF_AD_OFF + SKF_AD_PKTTYPE: on loopback every packet is seen going and coming
    return [
        (0x20, 0, 0, packet_type),
        (0x15, 0, 9, 4),  # is it going?
        (0x30, 0, 0, 9),
        (0x15, 0, 7, socket.IPPROTO_TCP),
        (0x80, 0, 0, 0),
        (0x25, 0, 5, HEADERS_ONLY),  # is it longer?
        (0xB1, 0, 0, 0),  # X: the length of the IP header
        (0x48, 0, 0, 0),
        (0x15, 3, 0, port),
        (0x48, 0, 0, 2),
        (0x15, 1, 0, port),
        (0x06, 0, 0, 0),
        (0x06, 0, 0, LARGEST_SEGMENT),
    ]


def _attach(sock: socket.socket, program: list[tuple[int, int, int, int]]) -> None:
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in program))
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", len(program), ctypes.addressof(code)))
