"""Queueing of Celery jobs after the commit that makes them necessary."""

from typing import Any

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

log = structlog.get_logger(__name__)


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
