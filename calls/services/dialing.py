"""Moves calls on until they are dialled: queued -> preparing (preparing.py) -> dialing (placing.py).

Whoever makes a call due kicks a sweep, which takes what is due, some calls at a time. Sweeps may come twice, late, or
many at once: each step of a call is a compare-and-set.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from calls.asterisk.dialer import Dialer
from calls.models import Call, CallQuerySet
from calls.services import pace
from calls.services.capacity import LINE, TRUNK, lock_lines, open_lines
from calls.services.placing import Clock, place
from calls.services.preparing import prepare
from calls.states import State
from opendeep.core.jobs import alone, enqueue

PREPARED_AT_ONCE = 25
PLACED_AT_ONCE = 25
BATCHES_AT_MOST = 20
SESSIONS_AT_MOST = 5
"""Of one job. What is left is found by the next one."""
JOB_EXPIRES_SECONDS = 10.0  # by then the next sweeps have queued it again


def prepare_due(clock: Clock) -> int:
    """Queued calls whose moment has come, the longest due first. Returns how many were looked at."""
    with alone("calls.prepare_due") as is_alone:
        return _prepare_due(clock) if is_alone else 0


def _prepare_due(clock: Clock) -> int:
    seen = 0
    for _ in range(BATCHES_AT_MOST):
        at = clock()
        queued = Call.objects.filter(state=State.QUEUED, not_before__lte=at).order_by("not_before")
        ids = list(queued.values_list("id", flat=True)[:PREPARED_AT_ONCE])
        if not ids:
            break
        prepare(ids, at)
        seen += len(ids)
    return seen


def place_ready(clock: Clock, *, dialer: Dialer | None = None) -> int:
    """Calls whose voice is ready. Returns how many were looked at.

    Each trunk beyond the first gets a job of its own: a PBX that does not answer keeps nobody from another one.
    """
    trunks = list(ready_calls(clock()).order_by().values_list("trunk", flat=True).distinct())
    for other in trunks[1:]:
        enqueue("calls.place_ready_by", other, expires_seconds=JOB_EXPIRES_SECONDS)
    return place_ready_by(trunks[0], clock, dialer=dialer) if trunks else 0


def place_ready_by(trunk: str | None, clock: Clock, *, dialer: Dialer | None = None) -> int:
    """Those that go by `trunk` (its name; None: they were prepared without any)."""
    with alone("calls.place_ready", part=trunk or "") as is_alone:
        return _place_ready(trunk, clock, dialer) if is_alone else 0


def _place_ready(trunk: str | None, clock: Clock, dialer: Dialer | None) -> int:
    seen = 0
    for _ in range(SESSIONS_AT_MOST):
        ready = ready_calls(clock()).filter(trunk=trunk).order_by("voice_ready_at")
        calls = list(ready[:PLACED_AT_ONCE])
        if not calls:
            return seen
        seen += len(calls)
        if not place(calls, clock, dialer):
            break
    enqueue("calls.place_ready_by", trunk, expires_seconds=JOB_EXPIRES_SECONDS)
    return seen


def use_free_lines(clock: Clock) -> int:
    """Calls that wait for a line are looked at again when there are some, the oldest first. Returns how many."""
    at = clock()
    waiting_for_line = Call.objects.filter(state=State.QUEUED, waits_for__in=(LINE, TRUNK), not_before__gt=at)
    if not waiting_for_line.exists():
        return 0
    ids = list(waiting_for_line.order_by("created_at").values_list("id", flat=True)[: open_lines(at)])
    with transaction.atomic():
        lock_lines()  # whoever prepares them meanwhile holds their rows in another order
        waiting_for_line.filter(id__in=ids).update_in_order(not_before=at)
    return prepare_due(clock) if ids else 0


def ready_calls(at: datetime) -> CallQuerySet:
    """With a voice, and with a token as far as anybody knows; with what place() needs of each."""
    has_no_token = Q(waits_for=pace.RATE, not_before__gt=at)
    ready = Call.objects.unfinished().filter(~has_no_token, state=State.PREPARING, voice_ready_at__isnull=False)
    return ready.select_related("organization", "trunk")
