"""Messages over the channel layer, from code that is not asynchronous.

A web server's threads send on its own event loop. Processes without one (workers), and those whose loop has better
things to do (audio), call `use_own_loop` once: a loop with its connection for every single message costs
milliseconds, several of them for every step of a call.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future
from typing import Any

import structlog
from asgiref.sync import async_to_sync
from channels.exceptions import ChannelFull
from channels.layers import get_channel_layer
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

SEND_SECONDS = 5.0
MAX_UNDER_WAY = 1_000
"""Hints that wait for Redis; more than that are lost."""
AWAY = (RedisError, OSError, ChannelFull, TimeoutError)

Send = Callable[[str, dict[str, Any]], Coroutine[Any, Any, None]]


class _OwnLoop:
    """An event loop in a daemon thread, from the first message on."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._under_way = threading.BoundedSemaphore(MAX_UNDER_WAY)
        threading.Thread(target=self._loop.run_forever, name="channel-layer", daemon=True).start()

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(SEND_SECONDS)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Does not wait for the end of it."""
        if not self._under_way.acquire(blocking=False):
            work.close()
            log.warning("live_hint_lost", error="too many are waiting")
            return
        asyncio.run_coroutine_threadsafe(work, self._loop).add_done_callback(self._done)

    def _done(self, future: "Future[None]") -> None:
        self._under_way.release()
        if error := future.exception():
            log.warning("live_hint_lost", error=str(error))


_own: _OwnLoop | None = None


def use_own_loop() -> None:
    """From now on this process sends from a thread of its own. In a process that forks, call it in the child."""
    global _own  # noqa: PLW0603 - one for the process, as its channel layer is
    _own = _OwnLoop()


def send(channel: str, message: Mapping[str, Any]) -> bool:
    """Sends to one channel and waits until it is sent. False when it could not be."""
    layer = get_channel_layer()
    if layer is None:
        return False
    try:
        _run(layer.send, channel, dict(message))
    except AWAY as error:
        log.warning("message_not_sent", message_type=message["type"], error=str(error))
        return False
    return True


def hint_group(group: str, message: Mapping[str, Any]) -> None:
    """Sends to a group if it can. Whether it came to anything is not known, and must not matter."""
    layer = get_channel_layer()
    if layer is None:
        return
    if _own is not None:
        _own.start(layer.group_send(group, dict(message)))
        return
    try:
        _run(layer.group_send, group, dict(message))
    except AWAY as error:
        log.warning("live_hint_lost", group=group, error=str(error))


def _run(send: Send, to: str, message: dict[str, Any]) -> None:
    if _own is None:
        async_to_sync(send)(to, message)
    else:
        _own.run(send(to, message))
