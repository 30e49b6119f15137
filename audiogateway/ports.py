"""What a talk needs from the world around it. The implementations are store.py, commands.py and worker.py."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from calls.contracts import Ack, CalleeKind, Command, RecordingRecord, TalkOrder, TurnRecord, UsageRecord
from calls.questions.contracts import QuestionView


class Store(Protocol):
    """Everything that is written about calls. Nothing here waits: it is queued, in order, and written by and by."""

    async def talk_order(self, call_id: UUID) -> TalkOrder | None:
        """The order of a call that needs a voice. Raises django.db.Error when the database is away."""

    def voice_ready(self, call_id: UUID, *, at: datetime) -> None: ...
    def voice_failed(self, call_id: UUID, *, reason: str, at: datetime) -> None: ...

    def media_up(self, call_id: UUID, *, at: datetime, on_refused: Callable[[], None]) -> None:
        """`on_refused` is called when nobody expects this call any more."""

    def record_turns(self, call_id: UUID, turns: Sequence[TurnRecord]) -> None: ...
    def record_event(
        self,
        call_id: UUID,
        *,
        kind: str,
        source: str,
        detail: Mapping[str, Any],
        at: datetime,
        command_id: str | None = None,
    ) -> None: ...
    def note_callee(self, call_id: UUID, *, kind: CalleeKind, why: str, at: datetime) -> None: ...
    def note_message_left(self, call_id: UUID, *, at: datetime) -> None: ...
    def record_usage(self, call_id: UUID, usage: Sequence[UsageRecord], *, at: datetime) -> None: ...
    def record_figures(self, call_id: UUID, figures: Mapping[str, Any]) -> None: ...
    def record_recording(self, call_id: UUID, recording: RecordingRecord, *, at: datetime) -> None: ...
    def request_reschedule(
        self, call_id: UUID, *, when: datetime, reason: str, at: datetime, command_id: str
    ) -> None: ...
    def mark_do_not_call(self, call_id: UUID, *, reason: str, source: str, at: datetime) -> None: ...
    def ask_owner(self, call_id: UUID, *, command_id: str, question: str, deadline: datetime, at: datetime) -> None: ...
    def expire_question(
        self, call_id: UUID, *, command_id: str, at: datetime, on_result: Callable[[QuestionView | None], None]
    ) -> None:
        """`on_result` is called with what the question is then: an answer that was faster counts."""

    async def question(self, call_id: UUID, command_id: str) -> QuestionView | None:
        """None while it is not written. Raises django.db.Error when the database is away."""

    def talk_over(self, call_id: UUID, *, cause: str, at: datetime) -> None: ...


class CommandBus(Protocol):
    """The way to whoever controls the call at the PBX."""

    async def send(self, command: Command, *, takes_seconds: float = 0.0) -> Ack | None:
        """The acknowledgement; None when none came in time, also not after sending once more.

        `takes_seconds` is how long the command itself takes before it can be acknowledged.
        """


WallClock = Callable[[], datetime]
"""The current moment, aware."""

Spawn = Callable[[Coroutine[Any, Any, None]], None]
"""Runs a coroutine in the scope of the process; its errors are logged there."""
