"""Queueing of Celery jobs after the commit that makes them necessary."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from opendeep.core.clock import now
from opendeep.core.redis import connection

log = structlog.get_logger(__name__)

KICK_KEY_PREFIX = "opendeep:kick:"
KICK_AGAIN_KEY_PREFIX = "opendeep:kick-again:"
KICK_EVERY_SECONDS = 0.2
COVERED_SHARE = 0.75
"""Of that time whoever asks is served by the sweep that is queued; the rest is for clocks of workers that are ahead."""
KICK_EXPIRES_SECONDS = 10.0
ALONE_KEY_PREFIX = "opendeep:alone:"
ALONE_FOR_SECONDS = 2.0


def enqueue_on_commit(task_name: str, *args: Any, **options: float) -> None:
    """Queues `task_name(*args)` once the current transaction is committed.

    A broker that cannot be reached is logged and not raised: the row is committed, and the beat sweep of
    that kind of work finds it. `args` must be JSON (ids, not objects), `options` are those of enqueue().
    """
    transaction.on_commit(lambda: enqueue(task_name, *args, **options), robust=True)


def enqueue(
    task_name: str, *args: Any, expires_seconds: float | None = None, countdown_seconds: float | None = None
) -> bool:
    """Queues `task_name(*args)` now. False when the broker cannot be reached.

    A job that no worker has begun within `expires_seconds` is dropped: for sweeps, which queue it again. One with
    `countdown_seconds` begins later: only as a hint and for seconds, because workers hold such jobs in memory.
    """
    options: dict[str, Any] = {} if expires_seconds is None else {"expires": expires_seconds}
    if countdown_seconds is not None:
        options["countdown"] = countdown_seconds
    try:
        current_app.send_task(task_name, args=args, **options)
    except OperationalError as error:
        log.warning("job_not_queued", task=task_name, error=str(error))
        return False
    return True


def kick_at_on_commit(sweep: str, moment: datetime, *, at: datetime) -> None:
    """Has the sweep run soon after `moment`, once for all who name about the same. A hint, and for seconds."""
    transaction.on_commit(partial(_kick_at, sweep, moment, at), robust=True)


def _kick_at(sweep: str, moment: datetime, at: datetime) -> None:
    slot = math.ceil(moment.timestamp() / KICK_EVERY_SECONDS)
    wait = max(slot * KICK_EVERY_SECONDS - at.timestamp(), 0.0)
    try:
        first = connection().set(f"{KICK_KEY_PREFIX}{sweep}:{slot}", "1", nx=True, px=max(int(wait * 1000), 1))
    except RedisError as error:
        log.warning("sweep_not_kicked", task=sweep, error=str(error))
        return
    if first:
        enqueue(sweep, expires_seconds=wait + KICK_EXPIRES_SECONDS, countdown_seconds=wait)


def kick_on_commit(sweep: str) -> None:
    """Has the sweep with this task name run after the commit, instead of with the next beat.

    It runs at once for the first who asks, and as long as others follow once in KICK_EVERY_SECONDS, however many they
    are: for each of them it begins after he has asked.
    """
    transaction.on_commit(partial(_kick, sweep), robust=True)


_covered_until: dict[str, float] = {}
"""By sweep: until when (monotonic) this process need not ask, because it has queued a sweep that begins later."""


def _kick(sweep: str) -> None:
    asked_at = time.monotonic()
    if asked_at < _covered_until.get(sweep, asked_at):
        return
    for_ms = int(KICK_EVERY_SECONDS * 1000)
    covered_ms = int(KICK_EVERY_SECONDS * COVERED_SHARE * 1000)
    try:
        redis = connection()
        is_first = redis.set(KICK_KEY_PREFIX + sweep, "1", nx=True, px=for_ms)
        is_second = not is_first and redis.set(KICK_AGAIN_KEY_PREFIX + sweep, "1", nx=True, px=covered_ms)
        if is_second:  # whoever comes behind its sweep is no first one, but waits for the next
            redis.set(KICK_KEY_PREFIX + sweep, "1", px=2 * for_ms)
    except RedisError as error:  # then there is no broker either; beat comes anyhow
        log.warning("sweep_not_kicked", task=sweep, error=str(error))
        return
    if is_first:
        enqueue(sweep, expires_seconds=KICK_EXPIRES_SECONDS)
    elif is_second:  # it begins when its key is gone, so it sees what the others found the key for
        queued = enqueue(sweep, expires_seconds=KICK_EXPIRES_SECONDS, countdown_seconds=KICK_EVERY_SECONDS)
        if queued:
            _covered_until[sweep] = asked_at + KICK_EVERY_SECONDS * COVERED_SHARE


@contextmanager
def alone(sweep: str, *, part: str = "") -> Iterator[bool]:
    """Whether nobody else is at this sweep (or this part of it) right now; if somebody is, it is run again soon.

    It spares the work of doing the same twice at once and promises nothing: sweeps must bear that all the same. Who
    dies meanwhile, or takes longer than ALONE_FOR_SECONDS, keeps nobody from it.
    """
    lock = connection().lock(f"{ALONE_KEY_PREFIX}{sweep}:{part}", timeout=ALONE_FOR_SECONDS)
    try:
        is_alone = lock.acquire(blocking=False)
    except RedisError as error:
        log.warning("sweeps_not_told_apart", task=sweep, error=str(error))
        yield True
        return
    if not is_alone:
        at = now()
        _kick_at(sweep, at, at)
        yield False
        return
    try:
        yield True
    finally:
        with suppress(RedisError):  # also when somebody else has it by now
            lock.release()
