"""The process callcontrol: listens to one PBX, executes in-call commands, reconciles."""

import asyncio

import structlog
from django.conf import settings

from calls.asterisk.ami_client import AmiAccount, AmiClient, AmiTimes
from calls.asterisk.tls import context_from_settings
from calls.control.commands import Commands
from calls.control.news import News
from calls.control.reconcile import reconcile, reconcile_forever
from opendeep.core import alive
from opendeep.core.redis import async_connection

log = structlog.get_logger(__name__)

ALIVE_EVERY_SECONDS = 5.0


def account_from_settings() -> AmiAccount:
    return AmiAccount(
        host=settings.ASTERISK_AMI_HOST,
        port=settings.ASTERISK_AMI_PORT,
        username=settings.ASTERISK_AMI_EVENTS_USERNAME,
        secret=settings.ASTERISK_AMI_EVENTS_SECRET,
        tls=context_from_settings(),
    )


class CallControl:
    """Stateless: what a restarted one needs, it reads from the database and from the PBX."""

    def __init__(self, account: AmiAccount, times: AmiTimes | None = None) -> None:
        self.news = News()
        self.client = AmiClient(account, on_event=self.news.receive, times=times)
        self.commands = Commands(self.client)

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
                await alive.anote(redis, "callcontrol")
                if self.client.ready:
                    await alive.anote(redis, "pbx")
                await asyncio.sleep(ALIVE_EVERY_SECONDS)
        finally:
            await redis.aclose()
