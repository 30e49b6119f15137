"""What this machine makes of a clock: a process that does nothing but send a packet every 20 ms.

Whoever judges the timing of other processes of the same moment can tell by it what is theirs and what the machine's.
`python -m tests.rig.metronome PORT` is the process itself.
"""

import socket
import sys
import tempfile
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.rig.clock import frames_until
from tests.rig.ports import LOOPBACK
from tests.rig.process import OwnedProcess
from tests.rig.rtp import SO_TIMESTAMPNS, arrival_s

ROOT = Path(__file__).parents[2]
POLL_S = 0.1


class Metronome:
    """Ticks between enter and exit."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket.settimeout(POLL_S)
        self._socket.bind((LOOPBACK, 0))
        self._output = tempfile.NamedTemporaryFile(prefix="opendeep-metronome-")  # noqa: SIM115 - as long as this
        port = self._socket.getsockname()[1]
        command = ["env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "tests.rig.metronome", port]
        self._process = OwnedProcess(command, Path(self._output.name))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._listen)
        self._ticks: list[float] = []

    def __enter__(self) -> Self:
        self._process.__enter__()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.stop()
        self._stop.set()
        self._thread.join()
        self._socket.close()
        self._output.close()

    def ticks(self, from_s: float = 0.0, to_s: float = float("inf")) -> list[float]:
        """The kernel's times of those so far, between two moments."""
        return [tick for tick in list(self._ticks) if from_s <= tick <= to_s]

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                _, ancillary, _, _ = self._socket.recvmsg(16, 64)
            except TimeoutError:
                continue
            self._ticks.append(arrival_s(ancillary))


def main(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _ in frames_until(threading.Event()):
            sender.sendto(str(time.monotonic()).encode()[:16], (LOOPBACK, port))


if __name__ == "__main__":
    main(int(sys.argv[1]))
