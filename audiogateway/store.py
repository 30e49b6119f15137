"""Writing about calls, off the audio path: a bounded queue and one writer, in order, for the whole process.

While the database is away the oldest write is tried again until it succeeds, and the others wait behind it. Every
write of calls.facade is idempotent, so one that succeeded without our learning of it does no harm.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from asgiref.sync import sync_to_async
from django.db import close_old_connections

from calls import facade
from calls.contracts import CalleeKind, RecordingRecord, TalkOrder, TurnRecord, UsageRecord
from calls.questions.contracts import QuestionView
from opendeep.core.database import DatabaseAway
from opendeep.core.errors import DomainError

log = structlog.get_logger(__name__)

MAX_WAITING = 100_000
"""Hours of talk. Beyond it the newest writes are refused, and that is logged as what it is: a loss."""
RETRY_SECONDS = 0.5
RETRY_AT_MOST_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Write:
    """One call of the facade. `on_result` gets what it returned, on the event loop."""

    call_id: UUID
    name: str
    run: Callable[[], Any]
    on_result: Callable[[Any], None] | None = None


class Writer:
    """The queue and its consumer. `in_thread` runs a function of the facade away from the event loop."""

    def __init__(self, in_thread: Callable[[Callable[[], Any]], Any] | None = None) -> None:
        self._in_thread = in_thread or _database_thread()
        self._waiting: deque[Write] = deque()
        self._arrived = asyncio.Event()
        self._written = asyncio.Event()
        self._written.set()
        self.lost = 0

    def put(self, write: Write) -> None:
        if len(self._waiting) >= MAX_WAITING:
            self.lost += 1
            log.error("write_lost", call_id=str(write.call_id), what=write.name, lost=self.lost)
            return
        self._waiting.append(write)
        self._written.clear()
        self._arrived.set()

    async def run(self) -> None:
        """Writes until cancelled."""
        while True:
            await self._arrived.wait()
            while self._waiting:
                await self._write(self._waiting[0])
                self._waiting.popleft()
            self._arrived.clear()
            self._written.set()

    async def flushed(self) -> None:
        """Waits until everything that was put is written."""
        await self._written.wait()

    @property
    def backlog(self) -> int:
        return len(self._waiting)

    async def read(self, function: Callable[[], Any]) -> Any:
        return await self._in_thread(function)

    async def _write(self, write: Write) -> None:
        wait_seconds = RETRY_SECONDS
        while True:
            try:
                result = await self._in_thread(write.run)
            except DatabaseAway as error:
                log.warning("database_away", call_id=str(write.call_id), what=write.name, error=str(error))
                await asyncio.sleep(wait_seconds)
                wait_seconds = min(wait_seconds * 2, RETRY_AT_MOST_SECONDS)
                continue
            except DomainError as error:
                log.warning("write_refused", call_id=str(write.call_id), what=write.name, error=str(error))
                return
            except Exception:  # noqa: BLE001 - one poisoned write must not stop those behind it
                log.exception("write_failed", call_id=str(write.call_id), what=write.name)
                return
            if write.on_result is not None:
                self._tell(write, result)
            return

    def _tell(self, write: Write, result: Any) -> None:
        try:
            assert write.on_result is not None
            write.on_result(result)
        except Exception:  # noqa: BLE001 - the fault of one call must not stop the writing of all
            log.exception("result_not_taken", call_id=str(write.call_id), what=write.name)


def _database_thread() -> Callable[[Callable[[], Any]], Any]:
    """One thread of its own for the database: its connection lives there, and writes cannot overtake each other."""
    executor = ThreadPoolExecutor(1, thread_name_prefix="store")

    def fresh(function: Callable[[], Any]) -> Any:
        close_old_connections()
        return function()

    return sync_to_async(fresh, thread_sensitive=False, executor=executor)


class CallStore:
    """Implements ports.Store over calls.facade."""

    def __init__(self, writer: Writer, gateway_id: str) -> None:
        self._writer = writer
        self._gateway_id = gateway_id

    async def talk_order(self, call_id: UUID) -> TalkOrder | None:
        order: TalkOrder | None = await self._writer.read(lambda: facade.talk_order(call_id))
        return order

    def voice_ready(self, call_id: UUID, *, at: datetime) -> None:
        self._put(call_id, "voice_ready", lambda: facade.voice_ready(call_id, gateway_id=self._gateway_id, at=at))

    def voice_failed(self, call_id: UUID, *, reason: str, at: datetime) -> None:
        self._put(
            call_id,
            "voice_failed",
            lambda: facade.voice_failed(call_id, gateway_id=self._gateway_id, reason=reason, at=at),
        )

    def media_up(self, call_id: UUID, *, at: datetime, on_refused: Callable[[], None]) -> None:
        tries = 0

        def run() -> bool:
            nonlocal tries
            tries += 1
            return facade.media_up(call_id, gateway_id=self._gateway_id, at=at)

        def answered(accepted: bool) -> None:
            # After a lost connection to the database our own first try may be what the second one met.
            if not accepted and tries == 1:
                on_refused()

        self._writer.put(Write(call_id, "media_up", run, answered))

    def record_turns(self, call_id: UUID, turns: Sequence[TurnRecord]) -> None:
        self._put(call_id, "record_turns", lambda: facade.record_turns(call_id, turns))

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
        self._put(
            call_id,
            "record_event",
            lambda: facade.record_event(call_id, kind=kind, source=source, detail=detail, at=at, command_id=command_id),
        )

    def note_callee(self, call_id: UUID, *, kind: CalleeKind, why: str, at: datetime) -> None:
        self._put(call_id, "note_callee", lambda: facade.note_callee(call_id, kind=kind, why=why, at=at))

    def note_message_left(self, call_id: UUID, *, at: datetime) -> None:
        self._put(call_id, "note_message_left", lambda: facade.note_message_left(call_id, at=at))

    def record_usage(self, call_id: UUID, usage: Sequence[UsageRecord], *, at: datetime) -> None:
        self._put(call_id, "record_usage", lambda: facade.record_usage(call_id, usage, at=at))

    def record_figures(self, call_id: UUID, figures: Mapping[str, Any]) -> None:
        self._put(call_id, "record_figures", lambda: facade.record_figures(call_id, figures))

    def record_recording(self, call_id: UUID, recording: RecordingRecord, *, at: datetime) -> None:
        self._put(call_id, "record_recording", lambda: facade.record_recording(call_id, recording, at=at))

    def request_reschedule(self, call_id: UUID, *, when: datetime, reason: str, at: datetime, command_id: str) -> None:
        self._put(
            call_id,
            "request_reschedule",
            lambda: facade.request_reschedule(call_id, when=when, reason=reason, at=at, command_id=command_id),
        )

    def mark_do_not_call(self, call_id: UUID, *, reason: str, source: str, at: datetime) -> None:
        self._put(
            call_id, "mark_do_not_call", lambda: facade.mark_do_not_call(call_id, reason=reason, source=source, at=at)
        )

    def ask_owner(self, call_id: UUID, *, command_id: str, question: str, deadline: datetime, at: datetime) -> None:
        self._put(
            call_id,
            "ask_owner",
            lambda: facade.ask_owner(call_id, command_id=command_id, text=question, deadline=deadline, at=at),
        )

    def expire_question(
        self, call_id: UUID, *, command_id: str, at: datetime, on_result: Callable[[QuestionView | None], None]
    ) -> None:
        self._writer.put(
            Write(
                call_id,
                "expire_question",
                lambda: facade.expire_question(call_id, command_id=command_id, at=at),
                on_result,
            )
        )

    async def question(self, call_id: UUID, command_id: str) -> QuestionView | None:
        found: QuestionView | None = await self._writer.read(lambda: facade.question_of_tool_call(call_id, command_id))
        return found

    def talk_over(self, call_id: UUID, *, cause: str, at: datetime) -> None:
        self._put(
            call_id, "talk_over", lambda: facade.talk_over(call_id, gateway_id=self._gateway_id, cause=cause, at=at)
        )

    def _put(self, call_id: UUID, name: str, run: Callable[[], Any]) -> None:
        self._writer.put(Write(call_id, name, run))
