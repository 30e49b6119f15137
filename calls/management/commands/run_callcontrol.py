"""manage.py run_callcontrol: one for each PBX."""

import asyncio
import signal
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from calls.asterisk.pbx import DEFAULT_PBX, Pbx, pbx_named, pbx_names
from calls.control.process import CallControl
from opendeep.core.layer import use_own_loop


class Command(BaseCommand):
    help = "Listens to the PBX's events, executes in-call commands and reconciles calls with the PBX's channels."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--pbx", default=DEFAULT_PBX, choices=pbx_names(), help="a name in ASTERISK_PBXS (default: ASTERISK_AMI_*)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        use_own_loop()
        asyncio.run(_run(pbx_named(options["pbx"])))


async def _run(pbx: Pbx) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await CallControl(pbx.events_account(), pbx=pbx.name).run(stop)
