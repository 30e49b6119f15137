"""Queued -> preparing: through the gate to a line, a trunk and a gateway that opens the voice. No phone rings yet."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction
from redis.exceptions import RedisError

from calls.compliance.facts import Facts
from calls.compliance.gate import ALLOW
from calls.contracts import GatewayInfo, LineOutage
from calls.models import Call
from calls.services import decisions, gate, gateways, pace, waiting
from calls.services.capacity import LINE, has_room, lock_lines
from calls.services.occupancy import Occupancy
from calls.services.transitions import MovedOn, apply_together
from calls.states import Signal, State
from calls.trunks.models import Trunk
from calls.trunks.ways_out import WaysOut
from opendeep.core.batches import all_or_each

log = structlog.get_logger(__name__)

LINE_WAIT = timedelta(seconds=2)
GATEWAY_WAIT = timedelta(seconds=3)

Reserved = dict[GatewayInfo, list[Call]]


def prepare(call_ids: Sequence[UUID], at: datetime) -> None:
    """Those of the calls that are queued and due get a line and a gateway; the others are told what they wait for.

    What is the same for all of them is read once. Safe to repeat, and to do twice at once.
    """
    alive = _alive()
    batches = all_or_each(
        call_ids, lambda some: _reserve(some, alive, at), lambda call_id, error: _not_prepared(call_id, error, at)
    )
    for reserved in batches:
        for gateway, calls in reserved.items():
            if not gateways.prepare(gateway, [call.id for call in calls]):
                for call in calls:
                    waiting.without_voice(call, reason="The gateway could not be told.", source="engine", at=at)


def _alive() -> list[GatewayInfo]:
    try:
        return gateways.alive()
    except RedisError as error:
        log.warning("gateways_unknown", error=str(error))
        return []


def _not_prepared(call_id: UUID, error: Exception, at: datetime) -> None:
    if isinstance(error, MovedOn):
        log.info("call_moved_on", call_id=str(call_id))
        return
    for call in Call.objects.filter(id=call_id, state=State.QUEUED):
        if isinstance(error, IntegrityError):  # another call to its number became live at the same moment
            why = "Another call to this number is going on."
            waiting.until(call, at + LINE_WAIT, waits_for="one_live_call", at=at, why=why)
        else:
            log.error("call_not_prepared", call_id=str(call.id), exc_info=error)
            waiting.after_fault(call, at=at)


def _reserve(call_ids: Sequence[UUID], alive: Sequence[GatewayInfo], at: datetime) -> Reserved:
    """Raises MovedOn."""
    with transaction.atomic():
        lock_lines()
        due = Call.objects.filter(id__in=call_ids, state=State.QUEUED, not_before__lte=at)
        reserved = _share_out(gate.read_with_policy(due), alive, at)
        for gateway, given in reserved.items():
            _give(given, gateway, at)
        return reserved


def _share_out(calls: Sequence[Call], alive: Sequence[GatewayInfo], at: datetime) -> Reserved:
    reserved: Reserved = {}
    if calls:
        desk = _Desk(calls, alive, at)
        for call in calls:
            gateway = desk.reserve(call)
            if gateway is not None:
                reserved.setdefault(gateway, []).append(call)
    return reserved


def _give(calls: Sequence[Call], gateway: GatewayInfo, at: datetime) -> None:
    """Raises MovedOn."""
    by_trunk: dict[Trunk, list[Call]] = {}
    for call in calls:
        if call.trunk is not None:
            by_trunk.setdefault(call.trunk, []).append(call)
    for trunk, given in by_trunk.items():
        apply_together(
            given,
            Signal.PREPARE,
            at=at,
            changes={"trunk": trunk, "gateway": gateway.id, "gateway_address": gateway.address, "waits_for": ""},
            details={call.id: {"gateway": gateway.id, "trunk": trunk.name} for call in given},
            preceded_by=[decisions.event_of(call.id, ALLOW, at) for call in given],
        )


class _Desk:
    """What is given out to the calls of one transaction, and what is left of it."""

    def __init__(self, calls: Sequence[Call], alive: Sequence[GatewayInfo], at: datetime) -> None:
        self._alive = alive
        self._at = at
        self._facts = Facts(calls, at)
        self._live = Occupancy.live()
        self._ways_out = WaysOut.now()
        owners = {call.organization_id for call in calls}
        self._pace = pace.full_at(set().union(*(pace.keys_of(owner, self._ways_out.trunks) for owner in owners)))

    def reserve(self, call: Call) -> GatewayInfo | None:
        """The gateway that opens the voice of `call`. None: it is over, or it waits and its row says for what."""
        if not gate.passes(call, self._facts, self._at):
            return None
        if not has_room(call, self._live):
            self._wait(call, LINE_WAIT, LINE, "All lines are taken.")
            return None
        call.trunk = self._trunk_for(call)
        if call.trunk is None:
            return None
        prepare_at = pace.prepare_at(call, self._at, self._live, self._pace)
        if prepare_at > self._at:
            self._wait(call, prepare_at - self._at, pace.RATE, "Calls per second are used up.")
            return None
        gateway = gateways.least_loaded(self._alive, self._live)
        if gateway is None:
            why = "No gateway has room for the voice." if self._alive else "No gateway is running."
            self._wait(call, GATEWAY_WAIT, "gateway", why)
            return None
        self._facts.went_live(call)
        self._live.add(call, gateway.id)
        return gateway

    def _trunk_for(self, call: Call) -> Trunk | None:
        """The trunk that has room for `call`; without one the call waits, and says why."""
        match self._ways_out.choose_for(call, self._live, self._at):
            case Trunk() as trunk:
                return trunk
            case LineOutage() as outage:
                waiting.for_trunk(call, outage, at=self._at)
            case _:
                self._wait(call, LINE_WAIT, LINE, "All lines are taken.")
        return None

    def _wait(self, call: Call, wait: timedelta, waits_for: str, why: str) -> None:
        waiting.until(call, self._at + wait, waits_for=waits_for, why=why, at=self._at)
