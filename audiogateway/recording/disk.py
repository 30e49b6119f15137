"""Writing recordings, in one thread for the whole process: however slow the disk is, no call waits for it.

What waits is bounded. A chunk beyond that is refused, and one that the disk refuses is lost; the next one that can be
written has silence before it in their place, so that the rest of the talk stays where it belongs.

The header is true after every chunk: a file whose process was killed can be played as far as it goes.
"""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

import structlog

from audiogateway.audio.g711 import SAMPLE_RATE, SILENCE
from audiogateway.recording.wav import HEADER_BYTES, MAX_DATA_BYTES, SAMPLE_BYTES, header

log = structlog.get_logger(__name__)

MAX_WAITING_BYTES = 32_000_000
"""Two thousand seconds of talk: a pause of the disk of 6 s with 300 calls."""
_BLOCK = bytes([SILENCE]) * 65_536


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a recording. `dropped_ms` of `duration_ms` could not be written and are silence, or missing."""

    duration_ms: int
    bytes: int
    dropped_ms: int


@dataclass(frozen=True, slots=True)
class _Chunk:
    file: "SoundFile"
    position: int
    sound: bytes


@dataclass(frozen=True, slots=True)
class _End:
    file: "SoundFile"
    samples: int
    on_written: Callable[[Written], None]


class SoundFile:
    """One recording on the disk; only the thread of the disk uses it. Positions count samples."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd: int | None = None
        self._data_bytes = 0
        self._sound_bytes = 0

    def write(self, position: int, sound: bytes) -> None:
        """Raises OSError; then this sound is lost, and the next call may succeed."""
        fd = self._open()
        self._fill_up_to(fd, position)
        self._append(fd, sound)
        self._sound_bytes += len(sound)

    def close(self, samples: int) -> Written:
        """`samples` is how long the talk was. Raises nothing: what could not be written is told."""
        try:
            self._fill_up_to(self._open(), samples)
        except OSError as error:
            log.error("recording_not_finished", path=self.path.name, error=str(error))
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
        lost = max(samples * SAMPLE_BYTES - self._sound_bytes, 0)
        size = HEADER_BYTES + self._data_bytes if self.path.exists() else 0
        return Written(_ms(self._data_bytes), size, _ms(lost))

    def _open(self) -> int:
        if self._fd is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._fd = os.open(self.path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC, 0o640)
            _write_all(self._fd, header(0), 0)
        return self._fd

    def _fill_up_to(self, fd: int, position: int) -> None:
        while (missing := position * SAMPLE_BYTES - self._data_bytes) > 0:
            self._append(fd, _BLOCK[:missing])

    def _append(self, fd: int, data: bytes) -> None:
        if self._data_bytes + len(data) > MAX_DATA_BYTES:
            raise OSError("the file would be longer than its header can tell")
        _write_all(fd, data, HEADER_BYTES + self._data_bytes)
        self._data_bytes += len(data)
        _write_all(fd, header(self._data_bytes), 0)


def _write_all(fd: int, data: bytes, offset: int) -> None:
    while data:
        written = os.pwrite(fd, data, offset)
        data, offset = data[written:], offset + written


def _ms(data_bytes: int) -> int:
    return data_bytes * 1000 // (SAMPLE_BYTES * SAMPLE_RATE)


class Disk:
    """The queue and its thread. `write` and `finish` never wait."""

    def __init__(self, max_waiting_bytes: int = MAX_WAITING_BYTES) -> None:
        self._max_waiting_bytes = max_waiting_bytes
        self._queue: SimpleQueue[_Chunk | _End | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._waiting_bytes = 0
        self._thread = threading.Thread(target=self._run, name="recordings", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def write(self, file: SoundFile, position: int, sound: bytes) -> bool:
        """False when too much waits already; then this sound is lost."""
        with self._lock:
            if self._waiting_bytes + len(sound) > self._max_waiting_bytes:
                return False
            self._waiting_bytes += len(sound)
        self._queue.put(_Chunk(file, position, sound))
        return True

    def finish(self, file: SoundFile, samples: int, on_written: Callable[[Written], None]) -> None:
        """Ends a recording of `samples`. `on_written` is called in the thread of the disk."""
        self._queue.put(_End(file, samples, on_written))

    def stop(self, seconds: float) -> bool:
        """Waits until everything is written. False when that took too long, and something is left behind."""
        self._queue.put(None)
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (work := self._queue.get()) is not None:
            if isinstance(work, _End):
                work.on_written(work.file.close(work.samples))
            else:
                self._write(work)

    def _write(self, chunk: _Chunk) -> None:
        try:
            chunk.file.write(chunk.position, chunk.sound)
        except OSError as error:
            log.error("recording_not_written", path=chunk.file.path.name, error=str(error))
        finally:
            with self._lock:
                self._waiting_bytes -= len(chunk.sound)
