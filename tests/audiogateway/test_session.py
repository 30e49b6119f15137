"""How a talk begins and ends, on virtual time: line, voice and PBX are in memory."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from audiogateway.audiosocket.codec import encode_audio
from audiogateway.hangup import HANG_UP_MS, LAST_WORDS_MS
from audiogateway.pacing import Ticker
from audiogateway.phase import Phase
from audiogateway.realtime import events
from audiogateway.session import Session
from audiogateway.silence import LONGEST_GREETING_MS, SILENCE_MS
from calls.contracts import Ack, CommandName
from tests.audiogateway.fakes import (
    MemoryStore,
    RecordingLine,
    RecordingVoice,
    ScriptedBus,
    Spawned,
    VirtualClock,
    surroundings,
    talk_order,
)

SILENCE = encode_audio(bytes(320))
END_CALL = events.ToolCalled("r1", "item_c", "call_1", "end_call", '{"reason": "Done.", "outcome": "completed"}')


def sound(ms: int) -> bytes:
    return bytes([1]) * (ms * 8)


class Stage:
    """One session with everything around it; the line is closed by the PBX when END_CALL is acknowledged."""

    def __init__(
        self,
        *,
        max_seconds: int = 900,
        first_speaker: str = "callee",
        transfer_ring_seconds: int = 0,
        wide_band: bool = False,
        **brief: Any,
    ) -> None:
        self.clock = VirtualClock()
        self.ticker = Ticker(self.clock)
        self.store, self.bus, self.spawned = MemoryStore(), ScriptedBus(), Spawned()
        self.line, self.voice = RecordingLine(), RecordingVoice()
        self.ready: list[Session] = []
        self.over: list[Session] = []
        self.lost: list[str] = []
        around = surroundings(self.store, self.bus, self.spawned, ticker=self.ticker, clock=self.clock)
        self.session = Session(
            replace(
                talk_order(first_speaker=first_speaker, **brief),
                max_seconds=max_seconds,
                transfer_ring_seconds=transfer_ring_seconds,
                wide_band=wide_band,
            ),
            around,
            on_ready=self.ready.append,
            on_over=self.over.append,
            on_voice_lost_early=lambda session, reason: self.lost.append(reason),
        )

    def connect(self) -> None:
        self.session.voice_is_open(self.voice)
        self.session.line_is_up(self.line)

    def an_answer_begins(self) -> None:
        """The callee has spoken, and the model answers with the response r1."""
        for event in (
            events.SpeechStarted("u1", 0),
            events.SpeechStopped("u1", 0),
            events.CalleeTranscript("u1", "Hello?"),
            events.ResponseCreated("r1"),
        ):
            self.session.on_event(event)

    async def run(self, seconds: float) -> None:
        """Lets time pass on the line; what was spawned meanwhile is finished after it."""
        self.clock.run(self.ticker, seconds)
        await self.spawned.finished()

    def commands(self) -> list[CommandName]:
        return [command.name for command in self.bus.commands]


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    stage = Stage()
    stage.connect()
    yield stage


async def test_sound_goes_out_from_the_moment_the_line_is_up(stage: Stage) -> None:
    assert stage.line.frames == [SILENCE]
    await stage.run(1.0)
    assert 50 <= len(stage.line.frames) <= 52
    assert set(stage.line.frames) == {SILENCE}


async def test_every_frame_is_one_message_of_20_ms(stage: Stage) -> None:
    stage.an_answer_begins()
    stage.session.on_event(events.AgentAudio("r1", "a1", sound(100)))
    await stage.run(1.0)
    assert {len(frame) for frame in stage.line.frames} == {323}
    assert sum(frame != SILENCE for frame in stage.line.frames) == 5


async def test_the_agent_hangs_up_when_its_last_words_were_heard(stage: Stage) -> None:
    stage.bus.on_command = lambda command: stage.session.on_line_closed("closed by the PBX")
    stage.an_answer_begins()
    stage.session.on_event(events.AgentAudio("r1", "a1", sound(2000)))
    stage.session.on_event(END_CALL)
    await stage.spawned.finished()
    stage.session.on_event(events.ResponseDone("r1", "completed", "", ""))
    await stage.run(1.9)
    assert stage.commands() == []
    await stage.run(0.4)
    assert stage.commands() == [CommandName.END_CALL]
    assert stage.store.over == ["agent_ended"]
    assert stage.over == [stage.session]
    assert stage.voice.is_closed


async def test_a_farewell_that_never_ends_is_cut_after_the_limit(stage: Stage) -> None:
    stage.an_answer_begins()
    stage.session.on_event(events.AgentAudio("r1", "a1", sound(60_000)))
    stage.session.on_event(END_CALL)
    await stage.spawned.finished()
    await stage.run(LAST_WORDS_MS / 1000 - 0.2)
    assert stage.commands() == []
    await stage.run(0.4)
    assert stage.commands() == [CommandName.END_CALL]


async def test_without_an_acknowledgement_the_line_is_cut_here(stage: Stage) -> None:
    stage.bus.answer = None
    stage.session.end_after_last_words("agent_ended")
    await stage.run(1.0)
    assert stage.line.hung_up == 1


async def test_a_refused_hangup_cuts_the_line_here(stage: Stage) -> None:
    stage.bus.answer = Ack("", False, "no such channel")
    stage.session.end_after_last_words("agent_ended")
    await stage.run(1.0)
    assert stage.line.hung_up == 1


async def test_a_hangup_that_is_acknowledged_and_does_not_happen_is_done_here(stage: Stage) -> None:
    stage.session.end_after_last_words("agent_ended")
    await stage.run(1.0)
    assert stage.line.hung_up == 0
    await stage.run(HANG_UP_MS / 1000 + 0.2)
    assert stage.line.hung_up >= 1


async def test_end_call_twice_hangs_up_once(stage: Stage) -> None:
    stage.session.end_after_last_words("agent_ended")
    stage.session.end_after_last_words("agent_ended")
    await stage.run(1.0)
    assert stage.commands() == [CommandName.END_CALL]


async def test_a_callee_who_hangs_up_ends_the_talk(stage: Stage) -> None:
    await stage.run(1.0)
    stage.session.on_line_closed("closed by the PBX")
    assert stage.store.over == ["callee_hung_up"]
    assert stage.over == [stage.session]
    frames = len(stage.line.frames)
    await stage.run(1.0)
    assert len(stage.line.frames) == frames


async def test_a_broken_line_is_told_apart(stage: Stage) -> None:
    stage.session.on_line_closed("connection lost")
    assert stage.store.over == ["connection_lost"]


async def test_last_words_are_waited_for_before_the_talk_is_over(stage: Stage) -> None:
    stage.session.on_event(events.SpeechStarted("u1", 0))
    stage.session.on_line_closed("closed by the PBX")
    assert stage.store.over == []
    stage.session.on_event(events.CalleeTranscript("u1", "Never call me again."))
    await stage.spawned.finished()
    assert stage.store.transcript == [("callee", "Never call me again.")]
    assert stage.store.over == ["callee_hung_up"]


async def test_last_words_that_do_not_come_are_not_waited_for_without_limit(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audiogateway.session.TRANSCRIPTION_SECONDS", 0)
    stage.session.on_event(events.SpeechStarted("u1", 0))
    stage.session.on_line_closed("closed by the PBX")
    await stage.spawned.finished()
    assert stage.store.over == ["callee_hung_up"]


async def test_events_after_the_end_change_nothing(stage: Stage) -> None:
    stage.session.on_line_closed("closed by the PBX")
    stage.session.on_event(events.ResponseDone("r1", "cancelled", "", ""))
    stage.session.on_voice_lost("closed")
    assert stage.store.over == ["callee_hung_up"]
    assert stage.over == [stage.session]


async def test_a_talk_over_its_maximum_says_goodbye() -> None:
    stage = Stage(max_seconds=2)
    stage.connect()
    await stage.run(2.2)
    assert stage.session.phase is Phase.CLOSING
    assert stage.voice.types()[-1] == "response.create"


async def test_a_voice_that_waits_for_the_callee_is_ready_when_it_is_open() -> None:
    stage = Stage()
    stage.session.voice_is_open(stage.voice)
    assert stage.ready == [stage.session]


async def test_a_voice_that_speaks_first_is_ready_with_its_first_sound() -> None:
    stage = Stage(first_speaker="agent")
    stage.session.voice_is_open(stage.voice)
    stage.session.on_event(events.ResponseCreated("r1"))
    assert stage.ready == []
    stage.session.on_event(events.AgentAudio("r1", "a1", sound(20)))
    stage.session.on_event(events.AgentAudio("r1", "a1", sound(20)))
    assert stage.ready == [stage.session]


async def test_a_voice_that_is_lost_while_it_rings_is_told() -> None:
    stage = Stage()
    stage.session.voice_is_open(stage.voice)
    stage.session.on_voice_lost("dropped")
    assert stage.lost == ["dropped"]
    assert stage.session.phase is Phase.OPENING


async def test_a_greeting_that_fails_while_it_rings_is_a_lost_voice() -> None:
    stage = Stage()
    stage.session.voice_is_open(stage.voice)
    for number in range(3):
        stage.session.on_event(events.ResponseDone(f"r{number}", "failed", "", "insufficient_quota"))
    assert stage.lost == ["The model cannot answer."]
    assert stage.voice.is_closed


async def test_a_released_voice_is_closed_without_a_talk() -> None:
    stage = Stage()
    stage.session.voice_is_open(stage.voice)
    stage.session.end_now("released")
    assert stage.voice.is_closed
    assert stage.over == [stage.session]
    assert stage.store.over == []


async def test_a_voice_that_opens_after_its_release_is_closed() -> None:
    stage = Stage()
    stage.session.end_now("released")
    stage.session.voice_is_open(stage.voice)
    assert stage.voice.is_closed


async def test_a_call_that_nobody_expects_any_more_is_cut() -> None:
    stage = Stage()
    stage.store.accepts_media = False
    stage.connect()
    assert stage.line.hung_up == 1


async def test_keys_of_the_callee_are_events_of_the_call(stage: Stage) -> None:
    stage.session.on_digit("5")
    assert stage.store.events == [("key_pressed", {"digit": "5"})]


async def test_the_figures_of_the_talk_are_written_before_it_is_over(stage: Stage) -> None:
    await stage.run(0.2)
    stage.clock.seconds += 0.5
    await stage.run(0.2)
    stage.session.on_line_closed("closed by the PBX")
    assert stage.store.figures["skipped_frames"] > 0
    assert stage.store.figures["prompt"].startswith("v1:")


async def test_the_line_keeps_its_sound_while_the_pbx_is_asked_to_hang_up(stage: Stage) -> None:
    stage.session.end_after_last_words("agent_ended")
    await stage.run(1.0)
    frames = len(stage.line.frames)
    await stage.run(0.5)
    assert len(stage.line.frames) - frames >= 24


REPORT_VOICEMAIL = events.ToolCalled("r1", "item_v", "call_v", "report_voicemail", '{"leave_message": false}')


async def test_a_voicemail_that_gets_no_message_is_hung_up_on_as_one(stage: Stage) -> None:
    stage.bus.on_command = lambda command: stage.session.on_line_closed("closed by the PBX")
    stage.an_answer_begins()
    stage.session.on_event(REPORT_VOICEMAIL)
    stage.session.on_event(events.ResponseDone("r1", "completed", "", ""))
    await stage.spawned.finished()
    await stage.run(0.5)
    assert stage.commands() == [CommandName.END_CALL]
    assert stage.store.over == ["voicemail"]


async def test_a_machine_that_hangs_up_is_a_voicemail(stage: Stage) -> None:
    stage.session.voicemail_answered(leave_message=True)
    stage.session.on_line_closed("closed by the PBX")
    assert stage.store.over == ["voicemail"]


async def test_a_machine_that_never_stops_talking_is_hung_up_on_without_a_word(stage: Stage) -> None:
    stage.session.voicemail_answered(leave_message=True)
    stage.session.on_event(events.SpeechStarted("u1", 0))
    await stage.run(LONGEST_GREETING_MS / 1000 + 0.5)
    assert stage.commands() == [CommandName.END_CALL]
    assert "response.create" not in stage.voice.types()


async def test_a_silent_callee_is_asked_and_then_told_goodbye(stage: Stage) -> None:
    stage.an_answer_begins()
    stage.session.on_event(events.ResponseDone("r1", "completed", "", ""))
    stage.voice.take()
    for number in range(2):
        await stage.run(SILENCE_MS / 1000 + 4)
        asked = [event for event in stage.voice.take() if event["type"] == "response.create"]
        assert len(asked) == 1
        assert ("still there", "Goodbye")[number] in asked[0]["response"]["instructions"]
        stage.session.on_event(events.ResponseCreated(f"r{number}"))
        stage.session.on_event(events.ResponseDone(f"r{number}", "completed", "", ""))
    await stage.run(0.5)
    assert stage.commands() == [CommandName.END_CALL]
    stage.session.on_line_closed("closed by the PBX")
    assert stage.store.over == ["silence"]


async def test_the_model_hears_silence_where_the_telephone_sends_nothing(stage: Stage) -> None:
    stage.session.on_audio(bytes([1, 0]) * 160)
    await stage.run(1.0)
    heard = bytes(stage.voice.audio)
    assert len(heard) == pytest.approx(8000, abs=2 * 160)
    assert set(heard[160:]) == {0xFF}
