"""Recording of talks: a session tells what it hears and says, the disk gets it second by second."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

import structlog

from audiogateway.audio.g711 import SAMPLE_RATE, linear_to_ulaw
from audiogateway.playout import FRAME_MS
from audiogateway.ports import Store, WallClock
from audiogateway.recording.disk import Disk, SoundFile, Written
from audiogateway.recording.mixer import StereoMixer
from calls.contracts import RecordingRecord, TalkOrder

log = structlog.get_logger(__name__)

CHUNK_FRAMES = 1000 // FRAME_MS
"""The disk gets a second at a time."""


class TalkRecording:
    """One talk. Nothing here waits."""

    def __init__(self, order: TalkOrder, path: str, recorder: "Recorder") -> None:
        self._call_id = order.call_id
        self._path = path
        self._recorder = recorder
        self._file = SoundFile(recorder.root / path)
        self._mixer = StereoMixer()
        self._frames = 0

    def heard(self, samples: bytes) -> None:
        """Sound of the callee: 16 bit, 8 kHz."""
        self._mixer.hear(linear_to_ulaw(samples))

    def ticked(self, said: Iterable[bytes | None], *, skipped: int) -> None:
        """The agent's frames of this tick, in mu-law; `skipped` frames before them were given up by the clock."""
        for _ in range(skipped):
            self._mixer.say(None)
        for frame in said:
            self._mixer.say(frame)
            self._frames += 1
        self._mixer.tick()
        if self._frames >= CHUNK_FRAMES:
            self._frames = 0
            self._pass_on(self._mixer.position, self._mixer.take())

    def close(self) -> None:
        self._pass_on(self._mixer.position, self._mixer.take_rest())
        self._loop = asyncio.get_running_loop()
        self._recorder.disk.finish(self._file, self._mixer.position, self._on_finished)

    def _pass_on(self, position: int, sound: bytes) -> None:
        if sound and not self._recorder.disk.write(self._file, position, sound):
            log.warning("recording_dropped", call_id=str(self._call_id), samples=len(sound) // 2)

    def _on_finished(self, written: Written) -> None:
        """In the thread of the disk."""
        self._loop.call_soon_threadsafe(self._on_written, written)

    def _on_written(self, written: Written) -> None:
        drifted_ms = self._mixer.dropped_samples * 1000 // SAMPLE_RATE
        record = RecordingRecord(self._path, written.duration_ms, written.bytes, written.dropped_ms + drifted_ms)
        self._recorder.store.record_recording(self._call_id, record, at=self._recorder.now())


class Recorder:
    """Begins recordings below `root`."""

    def __init__(self, root: Path, disk: Disk, store: Store, now: WallClock) -> None:
        self.root = root
        self.disk = disk
        self.store = store
        self.now = now

    def begin(self, order: TalkOrder) -> TalkRecording:
        """The row comes first, so that a recording whose process is killed is found, and is deleted in its time."""
        at = self.now()
        path = f"{order.organization_id}/{at:%Y-%m}/{order.call_id}.wav"
        self.store.record_recording(order.call_id, RecordingRecord(path), at=at)
        return TalkRecording(order, path, self)
