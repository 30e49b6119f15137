"""A session and its recording, on virtual time: what was sent and received is what can be listened to."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from audiogateway.audio.g711 import linear_to_ulaw, ulaw_to_linear
from audiogateway.pacing import Ticker
from audiogateway.realtime import events
from audiogateway.recording.disk import Disk
from audiogateway.recording.recorder import Recorder
from audiogateway.session import Session
from tests.audiogateway.fakes import (
    CALL_ID,
    NOW,
    MemoryStore,
    RecordingLine,
    RecordingVoice,
    ScriptedBus,
    Spawned,
    VirtualClock,
    surroundings,
    talk_order,
)
from tests.audiogateway.recording.listening import Heard, listen

PATH = f"00000000-0000-0000-0000-000000000001/2026-11/{CALL_ID}.wav"


class Stage:
    """One session that is recorded below `root`. The callee says numbered frames."""

    def __init__(self, root: Path, *, records: bool = True) -> None:
        self.root = root
        self.clock, self.store, self.spawned, self.line = VirtualClock(), MemoryStore(), Spawned(), RecordingLine()
        self.disk = Disk()
        self.ticker = Ticker(self.clock)
        self.said = bytearray()
        recorder = Recorder(root, self.disk, self.store, lambda: NOW)
        around = surroundings(
            self.store, ScriptedBus(), self.spawned, ticker=self.ticker, clock=self.clock, recorder=recorder
        )
        order = replace(talk_order(first_speaker="callee"), records=records)
        self.over: list[Session] = []
        self.session = Session(
            order,
            around,
            on_ready=lambda session: None,
            on_over=self.over.append,
            on_voice_lost_early=lambda session, reason: None,
        )
        self.session.voice_is_open(RecordingVoice())
        self.session.line_is_up(self.line)

    def run(self, frames: int, *, spoken: bool = True) -> None:
        for number in range(frames):
            if spoken:
                frame = ulaw_to_linear(bytes([number % 120]) * 160)
                self.session.on_audio(frame)
                self.said += frame
            self.clock.seconds += 0.02
            self.ticker.run_due()

    async def hang_up(self) -> Heard | None:
        self.session.on_line_closed("closed by the PBX")
        assert self.disk.stop(10)
        await self.spawned.finished()
        await asyncio.sleep(0)  # what the disk's thread has told comes with the next turn of the loop
        assert self.over == [self.session]
        return listen(self.root / PATH) if (self.root / PATH).exists() else None

    def sent(self) -> bytes:
        """What the callee was sent, without the three bytes of each message's header."""
        return linear_to_ulaw(b"".join(frame[3:] for frame in self.line.frames))


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    stage = Stage(tmp_path)
    stage.disk.start()
    yield stage


def agent_says(stage: Stage, ms: int) -> None:
    stage.session.on_event(events.ResponseCreated("r1"))
    stage.session.on_event(events.AgentAudio("r1", "a1", bytes(3 + n // 160 % 100 for n in range(ms * 8))))


async def test_the_recording_is_what_was_sent_and_what_was_received(stage: Stage) -> None:
    agent_says(stage, 4000)
    stage.run(500)
    heard = await stage.hang_up()
    assert heard is not None
    assert heard.agent == stage.sent()
    spoken = heard.callee.strip(b"\xff")
    assert spoken == linear_to_ulaw(bytes(stage.said))
    assert heard.callee.index(spoken[:320]) <= 160


async def test_periods_that_the_clock_gave_up_are_silence_on_both_ears(stage: Stage) -> None:
    agent_says(stage, 4000)
    stage.run(50)
    sent_before = len(stage.line.frames)
    stage.clock.seconds += 1.0
    stage.ticker.run_due()
    stage.run(50)
    heard = await stage.hang_up()
    assert heard is not None
    skipped = 50 - (len(stage.line.frames) - sent_before - 50)
    sent = stage.sent()
    assert skipped > 40
    assert heard.agent == sent[: sent_before * 160] + b"\xff" * 160 * skipped + sent[sent_before * 160 :]
    spoken_again = heard.callee.rstrip(b"\xff").rindex(b"\xff") + 1
    assert abs(spoken_again - 100 * 160) <= 160


async def test_the_row_is_written_when_it_begins_and_when_the_file_is_finished(stage: Stage) -> None:
    stage.run(100)
    assert [(row.path, row.duration_ms) for row in stage.store.recordings] == [(PATH, 0)]
    await stage.hang_up()
    finished = stage.store.recordings[-1]
    assert finished.duration_ms == len(stage.line.frames) * 20
    assert finished.bytes == (stage.root / PATH).stat().st_size
    assert finished.dropped_ms == 0


async def test_while_the_talk_goes_on_the_file_can_be_listened_to(stage: Stage) -> None:
    stage.run(500)
    assert stage.disk.stop(10)
    assert len(listen(stage.root / PATH).callee) >= 7 * 8000


async def test_an_organization_that_records_nothing_has_no_file_and_no_row(tmp_path: Path) -> None:
    stage = Stage(tmp_path, records=False)
    stage.disk.start()
    stage.run(100)
    assert await stage.hang_up() is None
    assert stage.store.recordings == []
