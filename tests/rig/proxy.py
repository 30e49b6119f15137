"""A TCP connection that can be cut in the middle, as by a network that fails."""

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

from tests.rig.ports import LOOPBACK

POLL_S = 0.05
READ_BYTES = 65_536


class CuttableProxy:
    """Passes connections to `port` on to `target_port` (both on loopback) between enter and exit, unless it is cut."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._server = socket.create_server((LOOPBACK, 0))
        self._server.settimeout(POLL_S)
        self.port: int = self._server.getsockname()[1]
        self._stop, self._is_cut = threading.Event(), threading.Event()
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._threads[0].join()
        self._server.close()
        self.cut()
        for thread in self._threads[1:]:
            thread.join()

    def cut(self) -> None:
        """Ends every connection; until mend(), new ones end at once."""
        self._is_cut.set()
        with self._lock:
            for open_socket in self._sockets:
                with suppress(OSError):
                    open_socket.shutdown(socket.SHUT_RDWR)
            self._sockets.clear()

    def mend(self) -> None:
        self._is_cut.clear()

    def _accept(self) -> None:
        while not self._stop.is_set():
            with suppress(TimeoutError):
                self._connect(self._server.accept()[0])

    def _connect(self, near: socket.socket) -> None:
        far: socket.socket | None = None
        with suppress(OSError):
            far = socket.create_connection((LOOPBACK, self._target_port))
        with self._lock:
            if far is None or self._is_cut.is_set():
                near.close()
                if far is not None:
                    far.close()
                return
            self._sockets += [near, far]
        for source, sink in ((near, far), (far, near)):
            thread = threading.Thread(target=_pass_on, args=(source, sink))
            self._threads.append(thread)
            thread.start()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(READ_BYTES):
            sink.sendall(data)
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
    source.close()
