"""How many calls may be live at once. Slots are rows in a live state, never counters, so none can leak."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Count, Q

from calls.models import Call, CallGroup
from calls.states import LIVE, State
from calls.trunks import service as trunks
from calls.trunks.models import Trunk
from opendeep.accounts.models import Organization
from opendeep.core.clock import now
from opendeep.core.jobs import kick_on_commit

LINE = "line"
"""What a call waits for (Call.waits_for) that found none free."""
TRUNK = "trunk"
"""What a call waits for whose trunks are all out of order."""
WAITS_FOR_CAPACITY = (LINE, TRUNK, "gateway", "rate")
DIALING_LOCK = 0x0D1A1  # any number of our own; names the advisory lock of PostgreSQL
LOCK_HOLDER_SILENT_MS = 10_000
"""PostgreSQL ends the session of a process that holds the lock and says nothing for so long: it was stopped."""

_sweeps = ["calls.use_free_lines"]


def sweep_when_a_line_frees(sweep: str) -> None:
    """From now on the sweep with this task name is run soon after a call has given up its line."""
    if sweep not in _sweeps:
        _sweeps.append(sweep)


def line_freed() -> None:
    """Tells those who wait for lines, on commit."""
    for sweep in _sweeps:
        kick_on_commit(sweep)


def lock_lines() -> None:
    """Serializes those who take a line, until the end of the transaction, so that a count stays true.

    SQLite needs nothing: its transactions begin with the write lock.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("Lines are locked inside the transaction that takes one.")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            limit = "set_config('idle_in_transaction_session_timeout', %s, true)"
            cursor.execute(f"SELECT {limit}, pg_advisory_xact_lock(%s)", [str(LOCK_HOLDER_SILENT_MS), DIALING_LOCK])


def free_lines(organization_id: UUID | None = None, group: str | None = None, *, at: datetime | None = None) -> int:
    """How many more calls may be requested at `at` (now) within the caps of the system, the organization, the group.

    Calls that wait for their turn and are due count as well: each will take a line. So do those that wait for
    nothing but a line, a gateway or a token, and look again in a moment.
    """
    at = at or now()
    turn = Q(not_before__lte=at) | Q(waits_for__in=WAITS_FOR_CAPACITY)
    waiting = Q(turn, state=State.QUEUED)
    organization = None if organization_id is None else Organization.objects.get(id=organization_id)
    batch = None if group is None else CallGroup.objects.filter(key=group).first()
    room = _least_room(Q(state__in=LIVE) | waiting, _caps(organization, batch))
    return max(min(room, _trunk_room(organization_id, waiting, at)), 0) if room > 0 else 0


def open_lines(at: datetime) -> int:
    """Lines of the system that no live call holds."""
    return max(min(_least_room(Q(state__in=LIVE), _caps(None, None)), _trunk_room(None, None, at)), 0)


def has_room(call: Call) -> bool:
    """Whether `call` may become live within all caps but its trunk's.

    Call it under lock_lines(), with a call that was read under it, and its organization and group, too.
    """
    return _least_room(Q(state__in=LIVE), _caps(call.organization, call.group)) > 0


def is_over_a_cap(call: Call, trunk: Trunk) -> bool:
    """Whether `call`, which is live, is one too many: a cap was lowered. Call it as has_room()."""
    over = _least_room(Q(state__in=LIVE), _caps(call.organization, call.group)) < 0
    return over or trunks.is_over_its_lines(trunk)


def _trunk_room(organization_id: UUID | None, waiting: Q | None, at: datetime) -> int:
    pool = trunks.pool_of(organization_id)
    room = sum(candidate.room for candidate in trunks.candidates(pool, at))
    return room if waiting is None else room - Call.objects.unfinished().filter(waiting, pool.calls).count()


@dataclass(frozen=True, slots=True)
class _Cap:
    lines: int
    calls: Q


def _caps(organization: Organization | None, group: CallGroup | None) -> list[_Cap]:
    caps = [_Cap(settings.MAX_CONCURRENT_CALLS, Q())]
    if organization is not None:
        caps.append(_Cap(organization.max_concurrent_calls, Q(organization=organization)))
    if group is not None and group.max_concurrent_calls is not None:
        caps.append(_Cap(group.max_concurrent_calls, Q(group=group)))
    return caps


def _least_room(taken: Q, caps: list[_Cap]) -> int:
    """One query, however many caps there are."""
    counts = {f"cap{number}": Count("pk", filter=cap.calls) for number, cap in enumerate(caps)}
    used: dict[str, int] = Call.objects.unfinished().filter(taken).aggregate(**counts)
    return min(cap.lines - used[f"cap{number}"] for number, cap in enumerate(caps))
