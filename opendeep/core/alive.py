"""Signs of life of the processes, kept in Redis with an expiry, and read by /readyz and the launcher."""

import redis.asyncio
from redis.exceptions import RedisError

from opendeep.core.redis import connection

EXPIRES_SECONDS = 20
PREFIX = "opendeep:alive:"


def note(process: str, detail: str = "ok") -> None:
    """Says that `process` (beat, worker, gateway, callcontrol, pbx) is alive. Redis away: said with the next sign."""
    try:
        connection().set(PREFIX + process, detail, ex=EXPIRES_SECONDS)
    except RedisError:
        return


async def anote(client: "redis.asyncio.Redis", process: str, detail: str = "ok") -> None:
    """As `note`, for asyncio processes that hold their own connection."""
    try:
        await client.set(PREFIX + process, detail, ex=EXPIRES_SECONDS)
    except RedisError:
        return


def is_alive(process: str) -> bool:
    """Whether a sign of `process` came within the last 20 seconds. Raises RedisError when Redis is away."""
    return bool(connection().exists(PREFIX + process))
