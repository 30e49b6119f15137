"""Recordings on a real disk: in order, bounded, and playable whatever happens."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from audiogateway.recording import disk
from audiogateway.recording.disk import Disk, SoundFile, Written
from tests.audiogateway.recording.listening import listen

SECOND = b"\x01\x02" * 8000
QUIET_SECOND = b"\xff" * 8000


class Stage:
    """A disk whose thread runs until `stop`; `written` is what was told of each file that ended."""

    def __init__(self, max_waiting_bytes: int = 1_000_000) -> None:
        self.disk = Disk(max_waiting_bytes)
        self.written: list[Written] = []

    def finish(self, file: SoundFile, samples: int) -> Written:
        self.disk.finish(file, samples, self.written.append)
        assert self.disk.stop(10)
        return self.written[0]


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_chunks_stand_in_the_file_in_their_order(stage: Stage, tmp_path: Path) -> None:
    stage.disk.start()
    file = SoundFile(tmp_path / "a" / "b.wav")
    for number in range(3):
        assert stage.disk.write(file, number * 8000, bytes([number, 9]) * 8000)
    assert stage.finish(file, 24000) == Written(3000, 48000 + 58, 0)
    heard = listen(file.path)
    assert heard.callee == b"".join(bytes([number]) * 8000 for number in range(3))
    assert heard.agent == b"\x09" * 24000
    assert file.path.stat().st_size == 48058


def test_what_does_not_fit_the_queue_is_silence_and_what_follows_stays_in_its_place(tmp_path: Path) -> None:
    stage = Stage(max_waiting_bytes=2 * len(SECOND))
    file = SoundFile(tmp_path / "b.wav")
    assert stage.disk.write(file, 0, SECOND)
    assert stage.disk.write(file, 8000, SECOND)
    assert not stage.disk.write(file, 16000, SECOND)
    stage.disk.start()
    wait_until_written(stage.disk)
    assert stage.disk.write(file, 24000, SECOND)
    assert stage.finish(file, 32000).dropped_ms == 1000
    assert listen(file.path).callee == b"\x01" * 16000 + QUIET_SECOND + b"\x01" * 8000


def wait_until_written(slow: Disk) -> None:
    done = threading.Event()
    slow.finish(SoundFile(Path("/dev/null/nowhere")), 0, lambda written: done.set())
    assert done.wait(10)


def test_a_full_disk_costs_what_it_refused_and_nothing_else(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, is_full = disk._write_all, [False]

    def write_all(fd: int, data: bytes, offset: int) -> None:
        if is_full[0]:
            raise OSError(28, "No space left on device")
        real(fd, data, offset)

    monkeypatch.setattr(disk, "_write_all", write_all)
    stage.disk.start()
    file = SoundFile(tmp_path / "b.wav")
    for number in range(3):
        is_full[0] = number == 1
        assert stage.disk.write(file, number * 8000, SECOND)
        wait_until_written(stage.disk)
    assert stage.finish(file, 24000) == Written(3000, 48058, 1000)
    assert listen(file.path).agent == b"\x02" * 8000 + QUIET_SECOND + b"\x02" * 8000


def test_a_place_that_cannot_be_written_is_told_and_raises_nothing(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    stage.disk.start()
    file = SoundFile(tmp_path / "file" / "b.wav")
    assert stage.disk.write(file, 0, SECOND)
    assert stage.finish(file, 8000) == Written(0, 0, 1000)


def test_a_disk_that_hangs_is_not_waited_for_without_limit(stage: Stage, tmp_path: Path) -> None:
    hangs = threading.Event()
    stage.disk.start()
    stage.disk.finish(SoundFile(tmp_path / "b.wav"), 0, lambda written: wait_for(hangs))
    assert not stage.disk.stop(0.01)
    hangs.set()


def wait_for(event: threading.Event) -> None:
    event.wait(10)


KILLED = """
import sys
from pathlib import Path
from audiogateway.recording.disk import SoundFile
file = SoundFile(Path(sys.argv[1]))
position = 0
while True:
    file.write(position, bytes([position // 8000 % 251, 9]) * 8000)
    position += 8000
    print(position, flush=True)
"""


def test_a_file_of_a_killed_process_plays_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "b.wav"
    with subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = [int(process.stdout.readline()) for _ in range(20)]
        process.kill()
    heard = listen(path)
    assert len(heard.callee) >= told[-1]
    assert heard.callee == b"".join(bytes([second % 251]) * 8000 for second in range(len(heard.callee) // 8000))
