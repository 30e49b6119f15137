"""Signs of life of the processes, kept in Redis with an expiry, and read by /readyz and the launcher."""

from collections.abc import Iterable

import redis.asyncio
from redis.exceptions import RedisError

from opendeep.core.redis import connection

EXPIRES_SECONDS = 20
PREFIX = "opendeep:alive:"
PARTS_OF_QUEUES = {"llm": "worker-llm"}
"""Queues of Celery that may be served apart from all others, and the part that is alive while one is served."""


def note(process: str, detail: str = "ok") -> None:
    """Says that `process` (beat, worker, worker-llm, gateway, ...) is alive. Redis away: said with the next sign."""
    try:
        connection().set(PREFIX + process, detail, ex=EXPIRES_SECONDS)
    except RedisError:
        return


def note_served(queues: Iterable[str]) -> None:
    """Says that a worker serves these queues, whether or not it has time for another job."""
    for queue in queues:
        if queue in PARTS_OF_QUEUES:
            note(PARTS_OF_QUEUES[queue])


async def anote(client: "redis.asyncio.Redis", process: str, detail: str = "ok") -> None:
    """As `note`, for asyncio processes that hold their own connection."""
    try:
        await client.set(PREFIX + process, detail, ex=EXPIRES_SECONDS)
    except RedisError:
        return


def is_alive(process: str) -> bool:
    """Whether a sign of `process` came within the last 20 seconds. Raises RedisError when Redis is away."""
    return bool(connection().exists(PREFIX + process))


def states(parts: Iterable[str]) -> dict[str, str]:
    """Each of `parts` as "ok" or "missing"; without Redis all of them are missing."""
    names = list(parts)
    try:
        return {name: "ok" if is_alive(name) else "missing" for name in names}
    except RedisError:
        return dict.fromkeys(names, "missing")
