"""manage.py run_gateway: the process that holds the talks."""

from typing import Any

import uvloop
from django.core.management.base import BaseCommand, CommandError

from audiogateway.worker import run_until_signalled
from opendeep.core.layer import use_own_loop


class Command(BaseCommand):
    help = "Holds the talks: AudioSocket for the PBX on one side, the Realtime session on the other."

    def handle(self, *args: Any, **options: Any) -> None:
        use_own_loop()
        try:
            uvloop.run(run_until_signalled())
        except* OSError as errors:
            raise CommandError(f"The gateway cannot start: {errors.exceptions[0]}. Is AUDIOSOCKET_BIND free?") from None
