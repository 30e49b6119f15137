"""How many calls may be live at once. Slots are rows in a live state, never counters, so none can leak."""

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
    room = _least_room(Q(state__in=LIVE) | waiting, organization_id, group)
    return max(min(room, _trunk_room(organization_id, waiting, at)), 0) if room > 0 else 0


def open_lines(at: datetime) -> int:
    """Lines of the system that no live call holds."""
    return max(min(_least_room(Q(state__in=LIVE), None, None), _trunk_room(None, None, at)), 0)


def has_room(call: Call) -> bool:
    """Whether `call` may become live within all caps but its trunk's. Call it under lock_lines()."""
    return _least_room(Q(state__in=LIVE), call.organization_id, call.group_id) > 0


def is_over_a_cap(call: Call, trunk: Trunk) -> bool:
    """Whether `call`, which is live, is one too many: a cap was lowered. Call it under lock_lines()."""
    over = _least_room(Q(state__in=LIVE), call.organization_id, call.group_id) < 0
    return over or trunks.is_over_its_lines(trunk)


def _trunk_room(organization_id: UUID | None, waiting: Q | None, at: datetime) -> int:
    pool = trunks.pool_of(organization_id)
    room = sum(candidate.room for candidate in trunks.candidates(pool, at))
    return room if waiting is None else room - Call.objects.filter(waiting, pool.calls).count()


def _least_room(taken: Q, organization_id: UUID | None, group: str | None) -> int:
    caps: dict[str, int] = {"system": settings.MAX_CONCURRENT_CALLS}
    takers = {"system": Q()}
    if organization_id is not None:
        caps["organization"] = Organization.objects.values_list("max_concurrent_calls", flat=True).get(
            id=organization_id
        )
        takers["organization"] = Q(organization=organization_id)
    group_cap = _group_cap(group)
    if group_cap is not None:
        caps["group"] = group_cap
        takers["group"] = Q(group=group)
    counts = {name: Count("pk", filter=whose) for name, whose in takers.items()}
    used = Call.objects.filter(taken).aggregate(**counts)
    return min(caps[name] - used[name] for name in caps)


def _group_cap(group: str | None) -> int | None:
    if group is None:
        return None
    return CallGroup.objects.values_list("max_concurrent_calls", flat=True).filter(key=group).first()
