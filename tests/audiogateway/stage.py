"""A session with everything around it in memory, on virtual time."""

from dataclasses import replace
from typing import Any

from audiogateway.audiosocket.codec import encode_audio
from audiogateway.pacing import Ticker
from audiogateway.realtime import events
from audiogateway.session import Session
from calls.contracts import CommandName
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
