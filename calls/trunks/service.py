"""Trunks as rows: how they are, and their circuit breakers (compare-and-set)."""

from datetime import datetime
from uuid import UUID

import structlog
from django.db.models import F, Q

from calls.contracts import LineOutage
from calls.models import Call
from calls.services.occupancy import Occupancy
from calls.states import Outcome, State
from calls.trunks.breaker import PAUSE_WITHOUT_PBX, UNREACHABLE_TIMES, WINDOW, Breaker, pause, state_of, why_open
from calls.trunks.choice import choose
from calls.trunks.models import DEFAULT_TRUNK, Trunk
from calls.trunks.ways_out import WaysOut

log = structlog.get_logger(__name__)

TELLS_NOTHING = (Outcome.CANCELLED, Outcome.LOST, Outcome.BLOCKED)
"""Outcomes that say nothing about the trunk."""


def trunk_of(call: Call) -> Trunk:
    """The one that it took; one that was prepared without any goes by the default one."""
    return call.trunk or Trunk.objects.get_or_create(name=DEFAULT_TRUNK)[0]


def what_is_wrong(trunk: Trunk, at: datetime) -> LineOutage | None:
    """Why nothing goes out by `trunk` now, even what was prepared to."""
    if trunk.out_of_order_since is None or state_of(trunk.out_of_order_since, trunk.retry_at, at) is not Breaker.OPEN:
        return None
    return LineOutage(trunk.out_of_order_since, trunk.retry_at or at, trunk.out_of_order_reason)


def outage_of(organization_id: UUID, at: datetime) -> LineOutage | None:
    """Why no call of the organization goes out now, when all of its trunks are out of order."""
    found = choose(WaysOut.now().pool_of(organization_id).candidates(Occupancy.live(), at), at)
    return found if isinstance(found, LineOutage) else None


def condition_of(trunk: Trunk, at: datetime) -> str:
    """In words: "in order", "out of order: ...", "tried again: ..."."""
    state = state_of(trunk.out_of_order_since, trunk.retry_at, at)
    return f"{state}: {trunk.out_of_order_reason}" if trunk.out_of_order_reason else str(state)


def conditions_of_trunks(at: datetime) -> dict[str, str]:
    """How the trunks are that are switched on, by name."""
    return {trunk.name: condition_of(trunk, at) for trunk in Trunk.objects.filter(enabled=True)}


# --- What calls tell of their trunk ---------------------------------------------------------------


def note_reached(trunk: Trunk) -> None:
    """Its PBX has let us in."""
    if trunk.unreachable_times:
        Trunk.objects.filter(pk=trunk.pk).update(unreachable_times=0)


def note_unreachable(trunk: Trunk, reason: str, *, at: datetime) -> None:
    """Its PBX was out of reach, so nothing was dialled."""
    Trunk.objects.filter(pk=trunk.pk).update(unreachable_at=at, unreachable_times=F("unreachable_times") + 1)
    now_known = Trunk.objects.get(pk=trunk.pk)
    if now_known.out_of_order_since is None:
        if now_known.unreachable_times >= UNREACHABLE_TIMES:
            _open(now_known, reason, at)
            Trunk.objects.filter(pk=trunk.pk, out_of_order_since=at).update(retry_at=at + PAUSE_WITHOUT_PBX)
    elif what_is_wrong(now_known, at) is None:
        unchanged = Trunk.objects.filter(pk=trunk.pk, retry_at=now_known.retry_at)
        unchanged.update(retry_at=at + PAUSE_WITHOUT_PBX, out_of_order_reason=reason[:200])


def note_heard(call: Call, *, at: datetime) -> bool:
    """The far end was heard of: a trunk that is tried again is in order. True when that is news."""
    tried = Trunk.objects.filter(pk=call.trunk_id, out_of_order_since__isnull=False, retry_at__lte=call.dialing_at)
    mended = tried.update(
        out_of_order_since=None,
        out_of_order_reason="",
        retry_at=None,
        failed_tries=0,
        in_order_since=at,
        unreachable_times=0,
    )
    if mended:
        log.info("trunk_in_order", trunk=call.trunk_id)
    return bool(mended)


def note_ended(call: Call, outcome: Outcome, fault: str, *, at: datetime) -> bool:
    """A dialled `call` has ended, with a `fault` of the trunk in words or with none. True when it mended the trunk."""
    if call.trunk_id is None or outcome in TELLS_NOTHING:
        return False
    if not fault:
        return _was_heard(call, outcome) and note_heard(call, at=at)
    trunk = Trunk.objects.get(pk=call.trunk_id)
    if trunk.out_of_order_since is None:
        reason = why_open(_last_faults(trunk), fault)
        if reason:
            _open(trunk, reason, at)
    elif trunk.retry_at is not None and call.dialing_at is not None and call.dialing_at >= trunk.retry_at:
        _open_again(trunk, at)
    return False


def _was_heard(call: Call, outcome: Outcome) -> bool:
    """Whether the far end has said something. A network may decline a call in its stead, which says little."""
    if outcome == Outcome.REJECTED:
        return call.answered_at is not None or call.rang()
    return outcome != Outcome.FAILED


def _last_faults(trunk: Trunk) -> list[bool]:
    ended = Call.objects.filter(trunk=trunk, state=State.ENDED, dialing_at__isnull=False)
    if trunk.in_order_since is not None:
        ended = ended.filter(ended_at__gte=trunk.in_order_since)
    failed_otherwise = Q(outcome=Outcome.FAILED, trunk_fault=False)
    telling = ended.exclude(outcome__in=TELLS_NOTHING).exclude(failed_otherwise).order_by("-ended_at")
    return list(telling.values_list("trunk_fault", flat=True)[:WINDOW])


def _open(trunk: Trunk, reason: str, at: datetime) -> None:
    opened = Trunk.objects.filter(pk=trunk.pk, out_of_order_since=None).update(
        out_of_order_since=at,
        out_of_order_reason=reason[:200],
        retry_at=at + pause(0),
        failed_tries=0,
        times_out_of_order=F("times_out_of_order") + 1,
    )
    if opened:
        log.warning("trunk_out_of_order", trunk=trunk.pk, reason=reason)


def _open_again(trunk: Trunk, at: datetime) -> None:
    tries = trunk.failed_tries + 1
    unchanged = Trunk.objects.filter(pk=trunk.pk, retry_at=trunk.retry_at)
    if unchanged.update(failed_tries=tries, retry_at=at + pause(tries)):
        log.warning("trunk_still_out_of_order", trunk=trunk.pk, tries=tries)
