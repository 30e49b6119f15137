"""Work that keeps its order for each call, while different calls do not wait for each other."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar
from uuid import UUID

import structlog

from opendeep.core.cancellation import end_if_cancelled

log = structlog.get_logger(__name__)

Work = TypeVar("Work")

LANES = 4
LANE_LENGTH = 1_000


class Lanes(Generic[Work]):
    """Each call always uses the same lane; a lane does one thing after the other."""

    def __init__(self, handle: Callable[[Work], Awaitable[None]], *, lanes: int = LANES) -> None:
        self._handle = handle
        self._queues: list[asyncio.Queue[Work]] = [asyncio.Queue(LANE_LENGTH) for _ in range(lanes)]

    async def submit(self, call_id: UUID, work: Work) -> None:
        """Waits while the lane is full."""
        await self._queues[call_id.int % len(self._queues)].put(work)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for lane in self._queues:
                group.create_task(self._work(lane))

    async def drained(self) -> None:
        """Waits until everything that was submitted is done."""
        for lane in self._queues:
            await lane.join()

    async def _work(self, lane: asyncio.Queue[Work]) -> None:
        while True:
            work = await lane.get()
            try:
                await self._handle(work)
            except Exception:  # noqa: BLE001 - the edge of the process: one bad piece of news must not stop the others
                log.exception("callcontrol_work_failed", work=type(work).__name__)
            finally:
                lane.task_done()
            end_if_cancelled()
