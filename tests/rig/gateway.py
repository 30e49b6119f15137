"""The smallest audio gateway: an AudioSocket server that says one thing over and over and keeps what it hears.

Stands where the product's gateway stands, so that the tests of the rig need none of the product.
"""

import socket
import struct
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self
from uuid import UUID

from tests.rig.clock import FRAME_SAMPLES, frames_until
from tests.rig.ports import LOOPBACK

HEADER = struct.Struct("!BH")
HANGUP, IDENTITY, DIGIT, AUDIO_8_KHZ = 0x00, 0x01, 0x03, 0x10
FRAME_BYTES = 2 * FRAME_SAMPLES
CONNECT_TIMEOUT_S = 10.0


class AudioCall:
    """One connection from Asterisk. `heard` is 16 bit little endian, 8 kHz, mono."""

    def __init__(self, connection: socket.socket, says: bytes) -> None:
        self._socket = connection
        self._says = says
        self._over = threading.Event()
        self._changed = threading.Condition()
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._heard = bytearray()
        self.kinds: set[int] = set()
        self.digits = ""
        try:
            kind, payload = self._read_message()
        except ConnectionError:
            connection.close()
            raise
        if kind != IDENTITY:
            raise ValueError(f"AudioSocket began with kind {kind:#x}, not with the id of the call")
        self.id = UUID(bytes=payload)
        self._threads = [threading.Thread(target=self._listen), threading.Thread(target=self._speak)]
        for thread in self._threads:
            thread.start()

    def heard(self) -> bytes:
        with self._changed:
            return bytes(self._heard)

    def wait_for_audio(self, seconds: float, timeout_s: float) -> bytes:
        """What was heard so far, once that is `seconds` long. Raises TimeoutError."""
        enough = round(seconds * 16000)
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._heard) >= enough, timeout_s):
                raise TimeoutError(f"only {len(self._heard) / 16000} s of audio within {timeout_s} s")
            return bytes(self._heard)

    def wait_until_over(self, timeout_s: float) -> None:
        if not self._over.wait(timeout_s):
            raise TimeoutError(f"Asterisk did not end the call within {timeout_s} s")

    def hang_up(self) -> None:
        """Tell Asterisk that the talk is over."""
        self._socket.sendall(HEADER.pack(HANGUP, 0))

    def close(self) -> None:
        self._over.set()
        with suppress(OSError):  # Asterisk may have closed it already
            self._socket.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._socket.close()

    def _listen(self) -> None:
        while not self._over.is_set():
            try:
                kind, payload = self._read_message()
            except ConnectionError:
                self._over.set()
                return
            with self._changed:
                self.kinds.add(kind)
                if kind == AUDIO_8_KHZ:
                    self._heard += payload
                elif kind == DIGIT:
                    self.digits += payload.decode()
                self._changed.notify_all()

    def _speak(self) -> None:
        position = 0
        for _ in frames_until(self._over) if self._says else ():
            frame = self._says[position : position + FRAME_BYTES]
            position = (position + FRAME_BYTES) % len(self._says)
            try:
                self._socket.sendall(HEADER.pack(AUDIO_8_KHZ, len(frame)) + frame)
            except ConnectionError:
                return

    def _read_message(self) -> tuple[int, bytes]:
        kind, length = HEADER.unpack(self._read_exactly(HEADER.size))
        return kind, self._read_exactly(length)

    def _read_exactly(self, count: int) -> bytes:
        received = b""
        while len(received) < count:
            part = self._socket.recv(count - len(received))
            if not part:
                raise ConnectionError("Asterisk closed the AudioSocket connection")
            received += part
        return received


class ToneGateway:
    """Accepts calls on `address` between enter and exit; on each it says `says` (16 bit, 8 kHz, whole frames).

    With nothing to say it sends nothing at all.
    """

    def __init__(self, says: bytes) -> None:
        self._says = says
        self._server = socket.create_server((LOOPBACK, 0))
        self.address = f"{LOOPBACK}:{self._server.getsockname()[1]}"
        self._calls: list[AudioCall] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for call in self._calls:
            call.close()

    def accept(self, timeout_s: float = CONNECT_TIMEOUT_S) -> AudioCall:
        """The next call that Asterisk brings. Raises TimeoutError, and ConnectionError when it was gone at once."""
        self._server.settimeout(timeout_s)
        connection, _ = self._server.accept()
        call = AudioCall(connection, self._says)
        self._calls.append(call)
        return call
