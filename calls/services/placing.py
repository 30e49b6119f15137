"""Preparing, and the voice is ready -> dialing: the only place from which Originate is sent.

At most once: `dialing` is committed first, Originate is sent second, by whoever made that commit and by nobody else.
Whatever dies in between, a call that is found in `dialing` or later is never dialled again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction

from calls.asterisk.dialer import (
    Accepted,
    Answer,
    BadOrder,
    Dialer,
    DialOrder,
    DialSession,
    NotSent,
    PbxUnavailable,
    Refused,
    Unknown,
)
from calls.asterisk.originate import AmiDialer
from calls.asterisk.sending import uptime
from calls.compliance.facts import Facts
from calls.compliance.gate import ALLOW
from calls.endings import Ending
from calls.models import Call, CallEvent
from calls.services import decisions, gate, pace, waiting
from calls.services.capacity import LINE, is_over_a_cap, lock_lines
from calls.services.endings import end
from calls.services.occupancy import Occupancy
from calls.services.preparing import LINE_WAIT
from calls.services.transitions import MovedOn, apply_together
from calls.states import Outcome, Signal, State
from calls.trunks import service as trunks
from calls.trunks.models import Trunk
from opendeep.core.batches import all_or_each
from opendeep.core.phone import mask

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]

ORIGINATE_WITHIN_SECONDS = 3.0
"""A process that was held up for longer between commit and Originate sends nothing: the call may be given up."""
COMMITTED_AT_ONCE = 5
"""Calls whose dial is committed together. A process that is killed between commit and Originate loses these."""

Orders = Mapping[UUID, DialOrder]


def place(calls: Sequence[Call], clock: Clock, dialer: Dialer | None = None) -> bool:
    """Dials those of `calls`, all of one trunk, that wait for nothing but that; by their trunk, or by `dialer`.

    Connects and logs in first, so that a PBX that is away costs no attempt. Then, for a few calls after the other,
    commits and sends. Of a PBX that does not answer as it should no more is asked on this session: False, the others
    are ready yet.
    """
    orders = {call.id: order for call in calls if (order := _order(call, clock)) is not None}
    orderly = [call for call in calls if call.id in orders]
    if not orderly:
        return True
    trunk = trunks.trunk_of(orderly[0])
    few = [orderly[n : n + COMMITTED_AT_ONCE] for n in range(0, len(orderly), COMMITTED_AT_ONCE)]
    try:
        with (dialer or _dialer_of(trunk)).session() as session:
            trunks.note_reached(trunk)
            return all(_place(some, trunk, session, orders, clock) for some in few)
    except PbxUnavailable as error:
        log.warning("pbx_unavailable", trunk=trunk.name, calls=len(orderly), reason=str(error))
        trunks.note_unreachable(trunk, str(error), at=clock())
        for call in orderly:
            waiting.without_pbx(call, reason=str(error), at=clock())
    return True


def _place(calls: Sequence[Call], trunk: Trunk, session: DialSession, orders: Orders, clock: Clock) -> bool:
    """False when the PBX should not be asked for more."""
    commits = all_or_each(
        calls,
        lambda some: _commit_dialing(some, trunk, orders, clock),
        lambda call, error: _not_placed(call, error, clock()),
    )
    return all(_send(dialled, before, session, orders, clock) for dialled, before in commits)


def _not_placed(call: Call, error: Exception, at: datetime) -> None:
    if isinstance(error, MovedOn):
        log.info("call_moved_on", call_id=str(call.id))
    else:
        log.error("call_not_placed", call_id=str(call.id), exc_info=error)
        waiting.after_fault(call, at=at)


def _send(dialled: Sequence[UUID], before: float, session: DialSession, orders: Orders, clock: Clock) -> bool:
    """For the one job that committed these dials. False as of _place()."""
    wanted = _still_wanted(dialled, clock)
    if not wanted:
        return True
    answers = session.originate([orders[call_id] for call_id in wanted], before=before)
    _note(dict(zip(wanted, answers, strict=True)), clock())
    return all(isinstance(answer, Accepted | Refused) for answer in answers)


def _dialer_of(trunk: Trunk) -> Dialer:
    """Raises PbxUnavailable."""
    dial_string = trunk.dial_string or settings.ASTERISK_DIAL_STRING
    return AmiDialer.through(trunk.pbx, dial_string, trunk.context or settings.ASTERISK_CONTEXT)


def _order(call: Call, clock: Clock) -> DialOrder | None:
    """None: the settings make none, and the call is over."""
    try:
        return DialOrder(
            call_id=call.id,
            number=settings.TEST_REDIRECT_NUMBER or call.number,
            gateway_address=call.gateway_address,
            caller_id=call.organization.caller_id,
            ring_timeout_seconds=settings.RING_TIMEOUT_SECONDS,
        )
    except BadOrder as error:
        ending = Ending(Outcome.FAILED, str(error))
        end(call.id, ending, at=clock(), source="engine", only_from={State.PREPARING})
        return None


def _commit_dialing(calls: Sequence[Call], trunk: Trunk, orders: Orders, clock: Clock) -> tuple[list[UUID], float]:
    """For the one job that made the commit: whom it dials, and the moment of uptime() before which it may do so."""
    with transaction.atomic():
        lock_lines()
        before = uptime() + ORIGINATE_WITHIN_SECONDS
        at = clock()  # behind the lock: tokens are counted by the moments at which calls really go out
        fresh = _read_again(calls)
        now = _Now(at, Facts(fresh, at), Occupancy.live(), pace.Tokens(fresh))
        dialled = [call for call in fresh if _may_go_out(call, call.trunk or trunk, now)]
        now.tokens.write()
        _dial(dialled, trunk, orders, at)
        return [call.id for call in dialled], before


@dataclass(frozen=True, slots=True)
class _Now:
    """What was read under the lock, for all calls of a commit."""

    at: datetime
    facts: Facts
    live: Occupancy
    tokens: pace.Tokens


def _read_again(calls: Sequence[Call]) -> list[Call]:
    """In their order, without those that another job has moved on, perhaps to a new gateway without a voice."""
    preparing = Call.objects.filter(id__in=[call.id for call in calls], state=State.PREPARING)
    fresh = {call.id: call for call in gate.read_with_policy(preparing)}
    voices = {call.id: (call.gateway, call.voice_ready_at) for call in fresh.values()}
    return [fresh[call.id] for call in calls if voices.get(call.id) == (call.gateway, call.voice_ready_at)]


def _may_go_out(call: Call, trunk: Trunk, now: _Now) -> bool:
    if not (gate.passes(call, now.facts, now.at) and _has_line(call, trunk, now)):
        now.live.remove(call)
        return False
    token_at = now.tokens.take(call, now.at)
    if token_at is not None:
        waiting.for_token(call, token_at, at=now.at)
    return token_at is None


def _dial(calls: Sequence[Call], trunk: Trunk, orders: Orders, at: datetime) -> None:
    """Raises MovedOn."""
    redirected = {call.id: orders[call.id].number for call in calls if orders[call.id].number != call.number}
    apply_together(
        calls,
        Signal.DIAL,
        at=at,
        changes={"originate_sent_at": at, "waits_for": "", "trunk": trunk, "pbx": trunk.pbx},
        details={call_id: {"redirected_to": mask(number)} for call_id, number in redirected.items()},
        preceded_by=[decisions.event_of(call.id, ALLOW, at) for call in calls],
    )


def _has_line(call: Call, trunk: Trunk, now: _Now) -> bool:
    """Within the caps as they are now, on a trunk that is in order. One that has none goes back to the queue."""
    outage = trunks.what_is_wrong(trunk, now.at)
    if outage is not None:
        waiting.for_trunk(call, outage, at=now.at)
    elif is_over_a_cap(call, trunk, now.live):
        waiting.until(call, now.at + LINE_WAIT, waits_for=LINE, why="There are fewer lines now.", at=now.at)
    else:
        return True
    return False


def _still_wanted(calls: Sequence[UUID], clock: Clock) -> list[UUID]:
    """Looks once more, right before Originate: since the commit somebody may have said no, or given a call up."""
    rows = Call.objects.filter(id__in=calls, state=State.DIALING, hang_up_requested_at=None)
    wanted = set(rows.values_list("id", flat=True)) if calls else set()
    ending = Ending(Outcome.CANCELLED, "The call was ended on request before it was dialled.")
    for call_id in calls:
        if call_id not in wanted:
            end(call_id, ending, at=clock(), source="engine", only_from={State.DIALING})
    return [call_id for call_id in calls if call_id in wanted]


def _note(answers: Mapping[UUID, Answer], at: datetime) -> None:
    events = []
    for call_id, answer in answers.items():
        match answer:
            case NotSent():
                ending = Ending(Outcome.FAILED, "The dialing process was held up, so nothing was dialled.")
                end(call_id, ending, at=at, source="engine", only_from={State.DIALING})
            case Refused(reason):
                ending = Ending(Outcome.FAILED, f"The PBX refused the call: {reason}", trunk_fault=True)
                end(call_id, ending, at=at, source="engine")
            case Accepted():
                events.append(CallEvent(call_id=call_id, at=at, kind="originate_accepted", source="engine"))
            case Unknown(reason):
                log.warning("originate_unknown", call_id=str(call_id), reason=reason)
                told = {"reason": reason}
                events.append(CallEvent(call_id=call_id, at=at, kind="originate_unknown", source="engine", detail=told))
    CallEvent.objects.bulk_create(events)
