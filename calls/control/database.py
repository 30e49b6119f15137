"""Database work of an asyncio process: in threads, and again when the database was away."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import structlog
from asgiref.sync import sync_to_async
from django.db import close_old_connections

from opendeep.core.cancellation import end_if_cancelled
from opendeep.core.database import DatabaseAway

log = structlog.get_logger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0


async def in_database(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Runs `function`, which must be safe to repeat, until the database does it."""
    pause = FIRST_PAUSE_SECONDS
    while True:
        try:
            return await sync_to_async(_fresh, thread_sensitive=False)(function, *args, **kwargs)
        except DatabaseAway as error:
            log.warning("database_away", error=str(error).strip())
        finally:
            end_if_cancelled()
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


def _fresh(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    close_old_connections()
    try:
        return function(*args, **kwargs)
    finally:
        close_old_connections()
