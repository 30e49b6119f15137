"""How many calls may be live at once. Slots are rows in a live state, never counters, so none can leak."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Q

from calls.models import Call, CallGroup
from calls.services.occupancy import SYSTEM, Occupancy, group_key, organization_key, trunk_key
from calls.states import State
from calls.trunks.models import Trunk
from calls.trunks.ways_out import WaysOut, lines_of
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


def has_room(call: Call, occupancy: Occupancy) -> bool:
    """Whether `call` may become live within all caps but its trunk's.

    Call it under lock_lines(), with a call that was read under it, and its organization and group, too.
    """
    return _room(call, occupancy) > 0


def is_over_a_cap(call: Call, trunk: Trunk, occupancy: Occupancy) -> bool:
    """Whether `call`, which is live, is one too many: a cap was lowered. Call it as has_room()."""
    return _room(call, occupancy) < 0 or occupancy.calls[trunk_key(trunk.name)] > lines_of(trunk)


def _room(call: Call, occupancy: Occupancy) -> int:
    used = occupancy.calls
    rooms = [
        settings.MAX_CONCURRENT_CALLS - used[SYSTEM],
        call.organization.max_concurrent_calls - used[organization_key(call.organization_id)],
    ]
    if call.group is not None and call.group.max_concurrent_calls is not None:
        rooms.append(call.group.max_concurrent_calls - used[group_key(call.group_id)])
    return min(rooms)


def free_lines(organization_id: UUID | None = None, group: str | None = None, *, at: datetime | None = None) -> int:
    """How many more calls may be requested at `at` (now) within the caps of the system, the organization, the group."""
    lines = FreeLines(at or now())
    lines.read_caps([] if organization_id is None else [organization_id], [] if group is None else [group])
    return lines.left(organization_id, group)


def open_lines(at: datetime) -> int:
    """Lines of the system that no live call holds."""
    live = Occupancy.live()
    room = sum(candidate.room for candidate in WaysOut.now().pool_of(None).candidates(live, at))
    return max(min(settings.MAX_CONCURRENT_CALLS - live.calls[SYSTEM], room), 0)


class FreeLines:
    """How many more calls may be requested at `at`: read once, and counted down by who asks for them.

    Calls that wait for their turn and are due count as well: each will take a line. So do those that wait for
    nothing but a line, a gateway or a token, and look again in a moment.
    """

    def __init__(self, at: datetime) -> None:
        turn = Q(not_before__lte=at) | Q(waits_for__in=WAITS_FOR_CAPACITY)
        self._live = Occupancy.live()
        waiting = Occupancy.of(Call.objects.unfinished().filter(turn, state=State.QUEUED))
        self._waiting = waiting.calls
        self._caps = {SYSTEM: settings.MAX_CONCURRENT_CALLS}
        self._ways_out = WaysOut.now()
        self._at = at
        self._room: dict[UUID | None, int] = {}

    def read_caps(self, organizations: Collection[UUID], groups: Collection[str]) -> None:
        self._caps |= _caps(organizations, groups)

    def left(self, organization_id: UUID | None = None, group: str | None = None) -> int:
        """Within the caps of the system and of what is named, once read_caps() has read them."""
        keys = [SYSTEM, organization_key(organization_id), group_key(group)]
        rooms = [self._caps[key] - self._live.calls[key] - self._waiting[key] for key in keys if key in self._caps]
        return max(min(*rooms, self._on_trunks(organization_id)), 0)

    def take(self, organization_id: UUID, group: str) -> None:
        self._take(organization_id, group, 1)

    def give_back(self, organization_id: UUID, group: str, lines: int) -> None:
        self._take(organization_id, group, -lines)

    def _take(self, organization_id: UUID, group: str, lines: int) -> None:
        for key in (SYSTEM, organization_key(organization_id), group_key(group)):
            self._waiting[key] += lines

    def _on_trunks(self, organization_id: UUID | None) -> int:
        pool = self._ways_out.pool_of(organization_id)
        if organization_id not in self._room:
            self._room[organization_id] = sum(way.room for way in pool.candidates(self._live, self._at))
        return self._room[organization_id] - pool.share_of(self._waiting)


def _caps(organizations: Collection[UUID], groups: Collection[str]) -> dict[str, int]:
    caps: dict[str, int] = {}
    if organizations:
        rows = Organization.objects.filter(pk__in=organizations).values_list("pk", "max_concurrent_calls")
        caps |= {organization_key(pk): cap for pk, cap in rows}
    if groups:
        capped = CallGroup.objects.filter(pk__in=groups, max_concurrent_calls__isnull=False)
        caps |= {group_key(pk): cap for pk, cap in capped.values_list("pk", "max_concurrent_calls") if cap is not None}
    return caps
