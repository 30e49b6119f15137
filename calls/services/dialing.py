"""One call, one step further: queued -> preparing -> dialing. The only place from which Originate is sent.

At most once: `dialing` is committed first, Originate is sent second, by whoever made that commit and by nobody else.
Whatever dies in between, a call that is found in `dialing` or later is never dialled again.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from redis.exceptions import RedisError

from calls.asterisk.dialer import (
    Accepted,
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
from calls.compliance.facts import facts_of
from calls.compliance.gate import ALLOW, Allow, Defer, Deny, may_dial
from calls.compliance.rules import LOOK_AGAIN
from calls.contracts import GatewayInfo, LineOutage
from calls.endings import Ending
from calls.models import Call, CallEvent, CallGroup
from calls.services import decisions, gateways, pace, waiting
from calls.services.capacity import LINE, TRUNK, has_room, is_over_a_cap, lock_lines, open_lines
from calls.services.endings import end
from calls.services.transitions import apply
from calls.states import Outcome, Signal, State
from calls.trunks import service as trunks
from calls.trunks.models import Trunk
from opendeep.core.jobs import enqueue
from opendeep.core.phone import mask

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]

ORIGINATE_WITHIN_SECONDS = 3.0
"""A process that was held up for longer between commit and Originate sends nothing: the call may be given up."""

LINE_WAIT = timedelta(seconds=2)
GATEWAY_WAIT = timedelta(seconds=3)
LOST_JOB_AFTER = timedelta(seconds=3)
DUE_BATCH = 200
JOB_EXPIRES_SECONDS = 10.0  # by then the next sweeps have queued it again


def dial_call(call_id: UUID, *, clock: Clock, dialer: Dialer | None = None) -> None:
    """Moves the call one step, whatever state it is in. Idempotent; jobs may come twice or late.

    It is dialled by the call's trunk, or by `dialer` in its place.
    """
    call = Call.objects.filter(id=call_id).select_related("organization", "trunk").first()
    if call is None:
        return
    if call.state == State.QUEUED and call.not_before <= clock():
        _prepare(call, clock())
    elif call.state == State.PREPARING and call.voice_ready_at is not None and not _waits_for_token(call, clock()):
        _place(call, clock, dialer)


def _waits_for_token(call: Call, at: datetime) -> bool:
    return call.waits_for == pace.RATE and call.not_before > at


def enqueue_due(at: datetime) -> int:
    """Queues a job for every call whose moment has come and whose own job was lost, or never sent."""
    before = at - LOST_JOB_AFTER
    queued = Call.objects.filter(state=State.QUEUED, not_before__lte=at, created_at__lt=before)
    ready = Call.objects.unfinished().filter(state=State.PREPARING, voice_ready_at__lt=before, not_before__lte=at)
    due = [
        *queued.order_by("not_before").values_list("id", flat=True)[:DUE_BATCH],
        *ready.order_by("voice_ready_at").values_list("id", flat=True)[:DUE_BATCH],
    ]
    return sum(enqueue("calls.dial_call", str(call_id), expires_seconds=JOB_EXPIRES_SECONDS) for call_id in due)


def use_free_lines(at: datetime) -> int:
    """Calls that wait for a line are looked at again when there are some, the oldest first. Returns how many."""
    waiting_for_line = Call.objects.filter(state=State.QUEUED, waits_for__in=(LINE, TRUNK), not_before__gt=at)
    ids = list(waiting_for_line.order_by("created_at").values_list("id", flat=True)[: open_lines(at)])
    Call.objects.filter(id__in=ids, state=State.QUEUED).update(not_before=at)
    return sum(enqueue("calls.dial_call", str(call_id), expires_seconds=JOB_EXPIRES_SECONDS) for call_id in ids)


# --- Queued: through the gate to a line and a gateway ---------------------------------------------


def _prepare(call: Call, at: datetime) -> None:
    try:
        alive = gateways.alive()
    except RedisError as error:
        log.warning("gateways_unknown", call_id=str(call.id), error=str(error))
        alive = []
    try:
        with transaction.atomic():
            lock_lines()
            fresh = _read_again(call, State.QUEUED)
            gateway = _reserve(fresh, alive, at) if fresh is not None else None
    except IntegrityError:  # another call to this number became live at the same moment
        why = "Another call to this number is going on."
        waiting.until(call, at + LINE_WAIT, waits_for="one_live_call", at=at, why=why)
        return
    if gateway is not None and not gateways.prepare(gateway, call.id):
        waiting.without_voice(call, reason="The gateway could not be told.", source="engine", at=at)


def _reserve(call: Call, alive: list[GatewayInfo], at: datetime) -> GatewayInfo | None:
    if not _passes_gate(call, at):
        return None
    if not has_room(call):
        waiting.until(call, at + LINE_WAIT, waits_for=LINE, why="All lines are taken.", at=at)
        return None
    call.trunk = _take_trunk(call, at)
    if call.trunk is None:
        return None
    prepare_at = pace.prepare_at(call, at)
    if prepare_at > at:
        waiting.until(call, prepare_at, waits_for=pace.RATE, why="Calls per second are used up.", at=at)
        return None
    gateway = gateways.least_loaded(alive)
    if gateway is None:
        why = "No gateway has room for the voice." if alive else "No gateway is running."
        waiting.until(call, at + GATEWAY_WAIT, waits_for="gateway", why=why, at=at)
        return None
    decisions.keep(call.id, ALLOW, at)
    changes = {"trunk": call.trunk, "gateway": gateway.id, "gateway_address": gateway.address, "waits_for": ""}
    detail = {"gateway": gateway.id, "trunk": call.trunk.name}
    apply(call.id, Signal.PREPARE, at=at, source="engine", changes=changes, detail=detail, known=call)
    return gateway


def _take_trunk(call: Call, at: datetime) -> Trunk | None:
    """The trunk that has room for `call`; without one the call waits, and says why."""
    match trunks.choose_for(call, at):
        case Trunk() as trunk:
            return trunk
        case LineOutage() as outage:
            waiting.for_trunk(call, outage, at=at)
        case _:
            waiting.until(call, at + LINE_WAIT, waits_for=LINE, why="All lines are taken.", at=at)
    return None


def _read_again(call: Call, state: State) -> Call | None:
    """The call with its organization, group and trunk, as all of them are now: read it under the lock of the lines.

    None when another job has moved it on, perhaps to a new gateway without a voice. The rows that may say "paused" are
    held until the transaction ends: whoever changes one waits for the dials that have read it, and no dial that is
    committed later has read the old words.
    """
    same_voice = {"gateway": call.gateway, "voice_ready_at": call.voice_ready_at}
    rows = Call.objects.filter(id=call.id, state=state, **same_voice).select_related("organization", "trunk")
    fresh = rows.select_for_update(no_key=True, of=("organization",)).first()
    if fresh is not None and fresh.group_id is not None:
        fresh.group = CallGroup.objects.select_for_update(no_key=True).get(key=fresh.group_id)
    return fresh


def _passes_gate(call: Call, at: datetime) -> bool:
    """Asks the gate, and acts on a no. Whoever then dials keeps the yes with decisions.keep."""
    decision = may_dial(facts_of(call, at), at)
    match decision:
        case Deny():
            decisions.keep(call.id, decision, at)
            end(call.id, Ending(Outcome.BLOCKED, decision.why), at=at, source="engine")
        case Defer():
            # A rule that says "in a moment" again and again is kept once.
            if call.waits_for != decision.rule or decision.until > at + LOOK_AGAIN:
                decisions.keep(call.id, decision, at)
            waiting.until(call, decision.until, waits_for=decision.rule, at=at)
    return isinstance(decision, Allow)


# --- Preparing, the voice is ready: to the PBX ----------------------------------------------------


def _place(call: Call, clock: Clock, dialer: Dialer | None) -> None:
    """Connects and logs in first, so that a PBX that is away costs no attempt; commits; then sends."""
    trunk = trunks.trunk_of(call)
    try:
        order = _order(call)
    except BadOrder as error:
        ending = Ending(Outcome.FAILED, str(error))
        end(call.id, ending, at=clock(), source="engine", only_from={State.PREPARING})
        return
    try:
        with (dialer or _dialer_of(trunk)).session() as session:
            trunks.note_reached(trunk)
            before = _commit_dialing(call, trunk, order, clock)
            if before is not None and _is_still_wanted(call, clock):
                _originate(session, order, clock, before)
    except PbxUnavailable as error:
        log.warning("pbx_unavailable", call_id=str(call.id), trunk=trunk.name, reason=str(error))
        trunks.note_unreachable(trunk, str(error), at=clock())
        waiting.without_pbx(call, reason=str(error), at=clock())


def _dialer_of(trunk: Trunk) -> Dialer:
    """Raises PbxUnavailable."""
    dial_string = trunk.dial_string or settings.ASTERISK_DIAL_STRING
    return AmiDialer.through(trunk.pbx, dial_string, trunk.context or settings.ASTERISK_CONTEXT)


def _order(call: Call) -> DialOrder:
    return DialOrder(
        call_id=call.id,
        number=settings.TEST_REDIRECT_NUMBER or call.number,
        gateway_address=call.gateway_address,
        caller_id=call.organization.caller_id,
        ring_timeout_seconds=settings.RING_TIMEOUT_SECONDS,
    )


def _commit_dialing(call: Call, trunk: Trunk, order: DialOrder, clock: Clock) -> float | None:
    """For the one job that made the commit: the moment of uptime() before which it may send Originate."""
    with transaction.atomic():
        lock_lines()
        before = uptime() + ORIGINATE_WITHIN_SECONDS
        at = clock()  # behind the lock: tokens are counted by the moments at which calls really go out
        fresh = _read_again(call, State.PREPARING)
        if fresh is None or not _passes_gate(fresh, at) or not _has_capacity(fresh, fresh.trunk or trunk, at):
            return None
        decisions.keep(call.id, ALLOW, at)
        detail = {"redirected_to": mask(order.number)} if order.number != call.number else {}
        changes = {"originate_sent_at": at, "waits_for": "", "trunk": trunk, "pbx": trunk.pbx}
        dialled = apply(call.id, Signal.DIAL, at=at, source="engine", changes=changes, detail=detail, known=fresh)
        return before if dialled else None


def _has_capacity(call: Call, trunk: Trunk, at: datetime) -> bool:
    """Within the caps as they are now, and with a token. A call that waits for one keeps its voice."""
    outage = trunks.what_is_wrong(trunk, at)
    if outage is not None:
        waiting.for_trunk(call, outage, at=at)
        return False
    if is_over_a_cap(call, trunk):
        waiting.until(call, at + LINE_WAIT, waits_for=LINE, why="There are fewer lines now.", at=at)
        return False
    token_at = pace.take(call, at)
    if token_at is not None:
        waiting.for_token(call, token_at, at=at)
    return token_at is None


def _is_still_wanted(call: Call, clock: Clock) -> bool:
    """Looks once more, right before Originate: since the commit somebody may have said no, or given the call up."""
    if Call.objects.filter(id=call.id, state=State.DIALING, hang_up_requested_at=None).exists():
        return True
    ending = Ending(Outcome.CANCELLED, "The call was ended on request before it was dialled.")
    end(call.id, ending, at=clock(), source="engine", only_from={State.DIALING})
    return False


def _originate(session: DialSession, order: DialOrder, clock: Clock, before: float) -> None:
    answer = session.originate(order, before=before)
    match answer:
        case NotSent():
            ending = Ending(Outcome.FAILED, "The dialing process was held up, so nothing was dialled.")
            end(order.call_id, ending, at=clock(), source="engine", only_from={State.DIALING})
        case Refused(reason):
            ending = Ending(Outcome.FAILED, f"The PBX refused the call: {reason}", trunk_fault=True)
            end(order.call_id, ending, at=clock(), source="engine")
        case Accepted():
            _note(order.call_id, "originate_accepted", {}, clock())
        case Unknown(reason):
            log.warning("originate_unknown", call_id=str(order.call_id), reason=reason)
            _note(order.call_id, "originate_unknown", {"reason": reason}, clock())


def _note(call_id: UUID, kind: str, detail: dict[str, str], at: datetime) -> None:
    CallEvent.objects.create(call_id=call_id, at=at, kind=kind, source="engine", detail=detail)
