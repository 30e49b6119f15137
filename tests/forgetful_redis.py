"""A Redis that forgets a cancellation, as the real library does when it comes at the wrong moment."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Self

from redis.exceptions import RedisError


class ForgetfulRedis:
    """Waits for ever for whatever is asked of it; once cancelled it answers nothing, or with an error of its own."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails
        self.forgets = True
        self.is_asked = asyncio.Event()

    def pubsub(self) -> Self:
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Nothing to give back."""

    async def psubscribe(self, _: str) -> None:
        """Subscribed at once."""

    async def get_message(self, **_: object) -> None:
        await self._wait()

    async def new_channel(self) -> None:
        await self._wait()

    async def set(self, *_: object, **__: object) -> None:
        await self._wait()

    async def aclose(self) -> None:
        """Nothing to give back."""

    async def _wait(self) -> None:
        self.is_asked.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if not self.forgets:
                raise
        if self.fails:
            raise RedisError("The connection was closed.")


async def ends_when_cancelled(loop: Coroutine[Any, Any, None], redis: ForgetfulRedis) -> bool:
    running = asyncio.create_task(loop)
    await redis.is_asked.wait()
    running.cancel()
    await asyncio.wait([running], timeout=5)
    has_ended = running.done()
    redis.forgets = False  # or a loop that does not end would keep the whole run
    running.cancel()
    await asyncio.wait([running], timeout=5)
    return has_ended
