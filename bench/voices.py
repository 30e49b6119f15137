"""A gateway without a model (`python -m bench.voices`): voices are ready at once, so the engine alone is measured."""

import asyncio
import os
from uuid import UUID

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "opendeep.settings")
GATEWAY = "bench"
CAPACITY = 1_000


class Voices:
    """The calls of this gateway (audiogateway.registration.Calls): it talks with nobody, so it is never loaded."""

    capacity = CAPACITY
    is_open = True
    load = 0

    def __init__(self) -> None:
        self.wanted: asyncio.Queue[UUID] = asyncio.Queue()

    def prepare(self, call_id: UUID) -> None:
        self.wanted.put_nowait(call_id)

    def release(self, call_id: UUID) -> None:
        pass

    def stop(self, call_id: UUID) -> None:
        pass

    def machine_detected(self, call_id: UUID) -> None:
        pass

    def human_detected(self, call_id: UUID) -> None:
        pass

    def question_closed(self, call_id: UUID) -> None:
        pass

    def person_answered(self, call_id: UUID) -> None:
        pass

    def callee_gave_up(self, call_id: UUID) -> None:
        pass


async def main() -> None:
    from audiogateway.pacing import Ticker  # noqa: PLC0415 - Django must be set up first
    from audiogateway.registration import Mailbox, Registration  # noqa: PLC0415
    from audiogateway.store import CallStore, Writer  # noqa: PLC0415
    from opendeep.core.clock import now  # noqa: PLC0415
    from opendeep.core.redis import async_connection  # noqa: PLC0415

    voices = Voices()
    mailbox = Mailbox(voices)
    registration = Registration(async_connection(), GATEWAY, "127.0.0.1:9", voices, mailbox, Ticker())
    writer = Writer()
    store = CallStore(writer, GATEWAY)
    async with asyncio.TaskGroup() as parts:
        parts.create_task(mailbox.run())
        parts.create_task(registration.run())
        parts.create_task(writer.run())
        while True:
            store.voice_ready(await voices.wanted.get(), at=now())


if __name__ == "__main__":
    django.setup()
    asyncio.run(main())
