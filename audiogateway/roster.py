"""The calls of this process: who is prepared, who is talking, and whether there is room for another one."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

import structlog
from django.db.utils import Error as DatabaseError

from audiogateway.audiosocket.server import Line, LineListener
from audiogateway.phase import Phase
from audiogateway.session import Session
from audiogateway.surroundings import Surroundings
from audiogateway.transfer import Transfer
from opendeep.core.errors import PermanentError, RetryableError

log = structlog.get_logger(__name__)

READY_SECONDS = 15.0
"""From the request to the first word; the engine waits for 20."""
VOICES_PER_CALL = 3
"""A voice that is lost while the telephone rings is opened again, but not for ever."""
BURIAL_SECONDS = 15
"""So long after that a session is taken for broken, and its call is ended without it."""
OVERTIME_SECONDS = 20
"""So long after its maximum duration a call is cut, whatever its session is waiting for."""


@dataclass(slots=True)
class _Seat:
    """A place that is taken from the first request on, before anything is known of the call."""

    taken_at: float
    session: Session | None = None
    line: Line | None = None
    voices_opened: int = field(default=0)


class Roster:
    """`waiting_seconds` is how long a prepared voice waits for its line."""

    def __init__(self, around: Surroundings, *, capacity: int, waiting_seconds: float) -> None:
        self._around = around
        self._waiting_seconds = waiting_seconds
        self._seats: dict[UUID, _Seat] = {}
        self.capacity = capacity
        self.is_open = True
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def load(self) -> int:
        return len(self._seats)

    async def emptied(self) -> None:
        """Waits until no call is left."""
        await self._empty.wait()

    def prepare(self, call_id: UUID) -> None:
        """Opens a voice for this call and says when it is ready; or says why not."""
        seat = self._seats.get(call_id)
        if seat is not None:
            if seat.session is not None and seat.session.is_ready:
                self._on_ready(seat.session)
            return
        if not self.is_open:
            self._refuse(call_id, "The gateway is stopping.")
        elif self.load >= self.capacity:
            self._refuse(call_id, "The gateway is full.")
        else:
            seat = self._seats[call_id] = _Seat(self._around.clock())
            self._empty.clear()
            self._around.spawn(self._prepare(call_id, seat))

    def release(self, call_id: UUID) -> None:
        """The call needs no voice any more. A talk that has begun is not touched."""
        seat = self._seats.get(call_id)
        if seat is None:
            return
        if seat.session is None:
            self._forget(call_id)
        elif seat.session.phase in (Phase.OPENING, Phase.WAITING):
            seat.session.end_now("released")

    def stop(self, call_id: UUID) -> None:
        """Somebody wants this talk to end: the agent says goodbye."""
        seat = self._seats.get(call_id)
        if seat is not None and seat.session is not None and seat.session.phase is Phase.TALKING:
            seat.session.end_politely("stopped")
        else:
            self.release(call_id)

    def machine_detected(self, call_id: UUID) -> None:
        """The PBX believes that a machine has answered."""
        self._tell_guess(call_id, is_machine=True)

    def human_detected(self, call_id: UUID) -> None:
        self._tell_guess(call_id, is_machine=False)

    def _tell_guess(self, call_id: UUID, *, is_machine: bool) -> None:
        seat = self._seats.get(call_id)
        if seat is not None and seat.session is not None:
            seat.session.machine_detected(is_machine=is_machine)

    def question_closed(self, call_id: UUID) -> None:
        """A question to the owner of this call may have its answer."""
        seat = self._seats.get(call_id)
        if seat is not None and seat.session is not None:
            seat.session.asking.look()

    def answer(self, call_id: UUID, line: Line) -> LineListener | None:
        """The PBX has connected this call. None when it is not expected, or was connected before.

        Once more it is expected when a callee, who was put through to a person, may come back.
        """
        seat = self._seats.get(call_id)
        if seat is None or seat.session is None or not seat.session.expects_line:
            return None
        seat.line = line
        seat.session.connect(line)
        return seat.session

    def person_answered(self, call_id: UUID) -> None:
        """The callee was put through, and talks with a person."""
        if (transfer := self._transfer_of(call_id)) is not None:
            transfer.person_answered()

    def callee_gave_up(self, call_id: UUID) -> None:
        """The callee hung up while being put through."""
        if (transfer := self._transfer_of(call_id)) is not None:
            transfer.callee_gave_up()

    def _transfer_of(self, call_id: UUID) -> Transfer | None:
        seat = self._seats.get(call_id)
        return seat.session.transfer if seat is not None and seat.session is not None else None

    def supervise(self) -> None:
        """Ends what is overdue, whatever the sessions themselves believe. Asked about once a second."""
        now = self._around.clock()
        self._each("max_duration", lambda call_id, seat: self._look_at(call_id, seat, now))

    def _each(self, cause: str, end: Callable[[UUID, _Seat], None]) -> None:
        """Asks every seat; the call of one whose session cannot be asked is ended without it, for this cause."""
        for call_id, seat in list(self._seats.items()):
            try:
                end(call_id, seat)
            except Exception:  # noqa: BLE001 - the fault of one session must not keep the others from being ended
                log.exception("session_cannot_be_ended", call_id=str(call_id))
                self._bury(call_id, seat, cause)

    def _look_at(self, call_id: UUID, seat: _Seat, now: float) -> None:
        session = seat.session
        if session is None or session.phase in (Phase.OPENING, Phase.WAITING):
            self._expire(call_id, seat, now - seat.taken_at)
            return
        overtime_seconds = (session.now_ms() - session.limit_ms) / 1000
        if overtime_seconds >= OVERTIME_SECONDS + BURIAL_SECONDS:
            log.error("session_does_not_end", call_id=str(call_id), phase=session.phase.value)
            self._bury(call_id, seat, "max_duration")
        elif overtime_seconds >= OVERTIME_SECONDS:
            session.end_now("max_duration")

    def _bury(self, call_id: UUID, seat: _Seat, cause: str) -> None:
        """Without asking the session: its line is cut, its call is over and judged, its seat is free."""
        if seat.session is not None and seat.session.phase not in (Phase.OPENING, Phase.WAITING):
            self._around.store.talk_over(call_id, cause=cause, at=self._around.now())
        self._forget(call_id)
        if seat.line is not None:
            seat.line.hang_up()
        if seat.session is not None:
            self._around.ticker.remove(seat.session)
            self._around.spawn(_discard(seat.session))

    def _expire(self, call_id: UUID, seat: _Seat, age_seconds: float) -> None:
        if age_seconds >= self._waiting_seconds:
            log.info("voice_expired", call_id=str(call_id))
            self.release(call_id)
        elif age_seconds >= READY_SECONDS and not (seat.session is not None and seat.session.is_ready):
            self._give_up(call_id, "The model did not begin to speak.")

    def end_all(self, cause: str, *, politely: bool) -> None:
        """Ends every call: those that talk by a goodbye when `politely`, at once otherwise."""

        def end(call_id: UUID, seat: _Seat) -> None:
            if seat.session is None or seat.session.phase in (Phase.OPENING, Phase.WAITING):
                self._give_up(call_id, "The gateway is stopping.")
            elif politely:
                seat.session.end_politely(cause)
            else:
                seat.session.end_now(cause)

        self._each(cause, end)

    # Opening voices

    async def _prepare(self, call_id: UUID, seat: _Seat) -> None:
        try:
            order = await self._around.store.talk_order(call_id)
        except DatabaseError as error:
            log.warning("talk_order_not_read", call_id=str(call_id), error=str(error))
            self._give_up(call_id, "The database is away.")
            return
        if self._seats.get(call_id) is not seat:
            return  # released meanwhile
        if order is None:
            log.info("voice_not_needed", call_id=str(call_id))
            self._forget(call_id)
            return
        seat.session = Session(
            order,
            self._around,
            on_ready=self._on_ready,
            on_over=self._on_over,
            on_voice_lost_early=self._on_voice_lost_early,
        )
        await self._open(seat, seat.session)

    async def _open(self, seat: _Seat, session: Session) -> None:
        call_id = session.order.call_id
        seat.voices_opened += 1
        try:
            voice = await self._around.open_voice(session.configuration(), session)
        except (PermanentError, RetryableError) as error:
            if session.phase is Phase.OPENING:
                self._give_up(call_id, str(error))
            return
        session.voice_is_open(voice)

    def _on_ready(self, session: Session) -> None:
        self._around.store.voice_ready(session.order.call_id, at=self._around.now())

    def _on_voice_lost_early(self, session: Session, reason: str) -> None:
        seat = self._seats.get(session.order.call_id)
        if seat is None:
            return
        if seat.voices_opened >= VOICES_PER_CALL:
            self._give_up(session.order.call_id, reason)
        else:
            self._around.spawn(self._open(seat, session))

    def _give_up(self, call_id: UUID, reason: str) -> None:
        self._refuse(call_id, reason)
        self.release(call_id)

    def _refuse(self, call_id: UUID, reason: str) -> None:
        log.warning("voice_failed", call_id=str(call_id), reason=reason)
        self._around.store.voice_failed(call_id, reason=reason[:200], at=self._around.now())

    def _on_over(self, session: Session) -> None:
        self._forget(session.order.call_id)

    def _forget(self, call_id: UUID) -> None:
        self._seats.pop(call_id, None)
        if not self._seats:
            self._empty.set()


async def _discard(session: Session) -> None:
    """What a broken session still holds; its fault stays in the scope of its own task."""
    session.discard()
