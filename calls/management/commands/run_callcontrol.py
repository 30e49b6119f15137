"""manage.py run_callcontrol: one for each PBX."""

import asyncio
import signal
from typing import Any

from django.core.management.base import BaseCommand

from calls.control.process import CallControl, account_from_settings


class Command(BaseCommand):
    help = "Listens to the PBX's events, executes in-call commands and reconciles calls with the PBX's channels."

    def handle(self, *args: Any, **options: Any) -> None:
        asyncio.run(_run())


async def _run() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await CallControl(account_from_settings()).run(stop)
