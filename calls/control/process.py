"""The process callcontrol: listens to one PBX, executes in-call commands, reconciles."""

import asyncio

import structlog

from calls.asterisk.ami_client import AmiAccount, AmiClient, AmiTimes
from calls.asterisk.pbx import DEFAULT_PBX, part_of
from calls.control.commands import Commands
from calls.control.news import News
from calls.control.reconcile import reconcile, reconcile_forever
from opendeep.core import alive
from opendeep.core.cancellation import end_if_cancelled
from opendeep.core.redis import async_connection

log = structlog.get_logger(__name__)

ALIVE_EVERY_SECONDS = 5.0


class CallControl:
    """Stateless: what a restarted one needs, it reads from the database and from the PBX.

    It touches no call that was dialled through another PBX than the one named `pbx`.
    """

    def __init__(self, account: AmiAccount, times: AmiTimes | None = None, *, pbx: str = DEFAULT_PBX) -> None:
        self.pbx = pbx
        self.news = News(pbx)
        self.client = AmiClient(account, on_event=self.news.receive, times=times)
        self.commands = Commands(self.client, pbx)

    async def run(self, stop: asyncio.Event) -> None:
        """Runs until `stop` is set."""
        parts = (
            self.client.run(self._logged_in),
            self.news.run(self.client),
            reconcile_forever(self.client, self.news),
            self.commands.run(),
            self._say_alive(),
        )
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(part) for part in parts]
                await stop.wait()
                log.info("callcontrol_stops")
                for task in tasks:
                    task.cancel()
        finally:
            await self.commands.close()

    async def _logged_in(self) -> None:
        await reconcile(self.client, self.news)

    async def _say_alive(self) -> None:
        redis = async_connection()
        try:
            while True:
                await alive.anote(redis, part_of("callcontrol", self.pbx))
                if self.client.ready:
                    await alive.anote(redis, part_of("pbx", self.pbx))
                end_if_cancelled()
                await asyncio.sleep(ALIVE_EVERY_SECONDS)
        finally:
            await redis.aclose()
