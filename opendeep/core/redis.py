"""Connections to Redis for what is neither Celery's nor Channels'."""

from functools import cache

import redis
import redis.asyncio
from django.conf import settings

TIMEOUT_SECONDS = 2.0


@cache
def connection() -> "redis.Redis":
    """The process's synchronous connection pool; answers are str."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        decode_responses=True,
        socket_connect_timeout=TIMEOUT_SECONDS,
        socket_timeout=TIMEOUT_SECONDS,
    )


def async_connection() -> "redis.asyncio.Redis":
    """A new asyncio connection pool, owned (and closed) by the caller; answers are str."""
    return redis.asyncio.Redis.from_url(
        settings.REDIS_URL,
        decode_responses=True,
        socket_connect_timeout=TIMEOUT_SECONDS,
    )
