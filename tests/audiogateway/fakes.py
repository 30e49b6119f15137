"""What a talk meets in tests instead of the world: everything in memory, nothing waits."""

import asyncio
import json
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from django.db.utils import OperationalError

from audiogateway.pacing import MonotonicClock, Ticker
from audiogateway.phrases import PhraseBook
from audiogateway.realtime.connection import OpenVoice, Voice, VoiceListener
from audiogateway.realtime.openai_codec import Configuration
from audiogateway.recording.recorder import Recorder
from audiogateway.surroundings import Models, Surroundings
from calls.contracts import Ack, Brief, CalleeKind, Command, RecordingRecord, TalkOrder, TurnRecord, UsageRecord
from calls.questions.contracts import QuestionView
from opendeep.core.errors import RetryableError

CALL_ID = UUID("5b4ae6a2-0000-4000-8000-000000000001")
NOW = datetime(2026, 11, 22, 21, 30, tzinfo=UTC)


def talk_order(call_id: UUID = CALL_ID, **brief: Any) -> TalkOrder:
    """An appointment to be confirmed; `brief` changes fields of the brief."""
    values: dict[str, Any] = {
        "goal": "Ask whether they want to keep their appointment on Friday at ten.",
        "instructions": "Note the answer.",
        "opening": "Hello, do you want to keep your appointment on Friday at ten?",
        "on_behalf_of": "Miller Dental",
    }
    return TalkOrder(
        call_id=call_id,
        organization_id=UUID(int=1),
        organization_name="Miller",
        discloses_ai=True,
        contact_name="Anna Example",
        time_zone="America/New_York",
        brief=Brief(**(values | brief)),
        max_seconds=900,
    )


@dataclass
class MemoryStore:
    """ports.Store that remembers. `turns` holds the last word on each item."""

    orders: dict[UUID, TalkOrder] = field(default_factory=dict)
    accepts_media: bool = True
    turns: dict[str, TurnRecord] = field(default_factory=dict)
    events: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    callee: list[str] = field(default_factory=list)
    messages_left: int = 0
    usage: list[UsageRecord] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    recordings: list[RecordingRecord] = field(default_factory=list)
    reschedules: list[datetime] = field(default_factory=list)
    do_not_call: list[str] = field(default_factory=list)
    ready: list[UUID] = field(default_factory=list)
    failed: list[tuple[UUID, str]] = field(default_factory=list)
    questions: dict[str, QuestionView] = field(default_factory=dict)
    takes_questions: bool = True
    over: list[str] = field(default_factory=list)
    is_over: asyncio.Event = field(default_factory=asyncio.Event)
    is_ready: asyncio.Event = field(default_factory=asyncio.Event)

    async def talk_order(self, call_id: UUID) -> TalkOrder | None:
        return self.orders.get(call_id)

    def voice_ready(self, call_id: UUID, *, at: datetime) -> None:
        self.ready.append(call_id)
        self.is_ready.set()

    def voice_failed(self, call_id: UUID, *, reason: str, at: datetime) -> None:
        self.failed.append((call_id, reason))
        self.is_ready.set()

    def media_up(self, call_id: UUID, *, at: datetime, on_refused: Callable[[], None]) -> None:
        if not self.accepts_media:
            on_refused()

    def record_turns(self, call_id: UUID, turns: Sequence[TurnRecord]) -> None:
        self.turns |= {turn.item_id: turn for turn in turns}

    def record_event(
        self,
        call_id: UUID,
        *,
        kind: str,
        source: str,
        detail: Mapping[str, Any],
        at: datetime,
        command_id: str | None = None,
    ) -> None:
        self.events.append((kind, detail))

    def note_callee(self, call_id: UUID, *, kind: CalleeKind, why: str, at: datetime) -> None:
        self.callee.append(kind.value)

    def note_message_left(self, call_id: UUID, *, at: datetime) -> None:
        self.messages_left += 1

    def record_usage(self, call_id: UUID, usage: Sequence[UsageRecord], *, at: datetime) -> None:
        self.usage += usage

    def record_figures(self, call_id: UUID, figures: Mapping[str, Any]) -> None:
        self.figures |= figures

    def record_recording(self, call_id: UUID, recording: RecordingRecord, *, at: datetime) -> None:
        self.recordings.append(recording)

    def request_reschedule(self, call_id: UUID, *, when: datetime, reason: str, at: datetime, command_id: str) -> None:
        self.reschedules.append(when)

    def mark_do_not_call(self, call_id: UUID, *, reason: str, source: str, at: datetime) -> None:
        self.do_not_call.append(reason)

    def ask_owner(self, call_id: UUID, *, command_id: str, question: str, deadline: datetime, at: datetime) -> None:
        if self.takes_questions:
            self.questions[command_id] = QuestionView(
                uuid4(), call_id, "", question, "open", asked_at=at, deadline=deadline, answer="", answered_at=None
            )

    async def question(self, call_id: UUID, command_id: str) -> QuestionView | None:
        if not self.takes_questions:
            raise OperationalError("away")
        return self.questions.get(command_id)

    def expire_question(
        self, call_id: UUID, *, command_id: str, at: datetime, on_result: Callable[[QuestionView | None], None]
    ) -> None:
        if self.takes_questions:
            if self.questions[command_id].status == "open":
                self.change_question(command_id, "expired")
            on_result(self.questions[command_id])

    def change_question(self, command_id: str, status: str, answer: str = "") -> None:
        """What happens to a question elsewhere."""
        self.questions[command_id] = replace(self.questions[command_id], status=status, answer=answer)

    def talk_over(self, call_id: UUID, *, cause: str, at: datetime) -> None:
        self.over.append(cause)
        self.is_over.set()

    @property
    def transcript(self) -> list[tuple[str, str]]:
        """Speaker and what was heard, in the order of the conversation."""
        turns = sorted(self.turns.values(), key=lambda turn: turn.position)
        return [(turn.speaker, turn.heard_text) for turn in turns]


@dataclass
class ScriptedBus:
    """ports.CommandBus: acknowledges, refuses, or keeps silent (None); tells `on_command` of every command."""

    answer: Ack | None = field(default_factory=lambda: Ack("", True))
    commands: list[Command] = field(default_factory=list)
    taken_seconds: list[float] = field(default_factory=list)
    on_command: Callable[[Command], None] = lambda command: None

    async def send(self, command: Command, *, takes_seconds: float = 0.0) -> Ack | None:
        self.commands.append(command)
        self.taken_seconds.append(takes_seconds)
        self.on_command(command)
        return self.answer


@dataclass
class RecordingVoice:
    """realtime.connection.Voice that keeps what it is told."""

    sent: list[dict[str, Any]] = field(default_factory=list)
    audio: bytearray = field(default_factory=bytearray)
    is_closed: bool = False
    lives_seconds: float = 3600.0

    def send(self, event: bytes) -> None:
        self.sent.append(json.loads(event))

    def send_audio(self, audio: bytes) -> None:
        self.audio += audio

    def close(self) -> None:
        self.is_closed = True

    def types(self) -> list[str]:
        return [event["type"] for event in self.sent]

    def take(self) -> list[dict[str, Any]]:
        """What was sent since the last time."""
        taken, self.sent = self.sent, []
        return taken


async def no_voice(configuration: Configuration, listener: VoiceListener) -> Voice:
    """connection.OpenVoice of a model that cannot be reached."""
    raise RetryableError("The model cannot be reached.")


def surroundings(
    store: MemoryStore,
    bus: "ScriptedBus",
    spawned: "Spawned",
    *,
    ticker: Ticker | None = None,
    clock: MonotonicClock = time.monotonic,
    open_voice: OpenVoice = no_voice,
    phrases: PhraseBook | None = None,
    recorder: Recorder | None = None,
) -> Surroundings:
    """What a session needs, in memory. Without `phrases` none is ever prepared."""
    models = Models("gpt-realtime-2.1", "gpt-transcribe", "marin")
    book = phrases or PhraseBook(no_voice, lambda work: work.close())
    ticker = ticker or Ticker(clock)
    return Surroundings(store, bus, ticker, spawned, models, lambda: NOW, open_voice, book, clock, recorder)


@dataclass
class RecordingLine:
    """audiosocket.server.Line that keeps the frames. `on_hang_up` stands for the PBX."""

    frames: list[bytes] = field(default_factory=list)
    hung_up: int = 0

    def write(self, message: bytes) -> None:
        self.frames.append(message)

    def hang_up(self) -> None:
        self.hung_up += 1


@dataclass
class VirtualClock:
    """Seconds that pass only when told to."""

    seconds: float = 100.0

    def __call__(self) -> float:
        return self.seconds

    def run(self, ticker: Ticker, seconds: float) -> None:
        """Lets time pass for the lines of `ticker`."""
        end = self.seconds + seconds
        while (wait := ticker.run_due()) + self.seconds <= end:
            self.seconds += wait
        self.seconds = end


class Spawned:
    """Collects coroutines as tasks; `finished` waits for all of them."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def __call__(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.add(asyncio.get_running_loop().create_task(work))

    async def finished(self) -> None:
        while pending := [task for task in self._tasks if not task.done()]:
            await asyncio.gather(*pending)
        for task in self._tasks:
            task.result()
