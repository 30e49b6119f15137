"""The PBX stand-in in a thread of the test process, with time running fast."""

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from calls.asterisk.ami_client import AmiAccount
from calls.asterisk.originate import AmiDialer
from sandbox.pbx.server import serving
from sandbox.pbx.settings import Settings
from tests.sandbox.pbx.wire import ami

SPEED = 20
USERNAME, SECRET = "opendeep", "s3cret"
START_SECONDS = 20.0
RINGS_FOR_EVER = "+12025550102"
BUSY = "+12025550101"
HELPFUL = "+12025550100"


class SandboxPbx:
    """`port` is its AMI port. Stop and start it again on the same port as a PBX that was restarted."""

    def __init__(self, journal: Path, port: int = 0) -> None:
        self.port = port
        self._journal = journal
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="sandbox-pbx")

    @property
    def account(self) -> AmiAccount:
        return AmiAccount("127.0.0.1", self.port, USERNAME, SECRET)

    @property
    def dialer(self) -> AmiDialer:
        return AmiDialer("127.0.0.1", self.port, USERNAME, SECRET, "PJSIP/{number}@trunk", "opendeep-out")

    def start(self) -> None:
        self._thread.start()
        assert self._started.wait(START_SECONDS), "the PBX stand-in did not start"

    def stop(self) -> None:
        if self._stop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()

    def fault(self, kind: str, count: int = 1) -> None:
        """See sandbox/pbx/faults.py."""
        asyncio.run_coroutine_threadsafe(self._ask("SandboxFault", Fault=kind, Count=str(count)), self._loop).result()

    def channels(self) -> set[str]:
        """The ids of the calls that it has."""

        async def ask() -> set[str]:
            async with ami(self.port, username=USERNAME, secret=SECRET) as client:
                client.send(Action="CoreShowChannels", ActionID="list")
                messages = await client.through(Event="CoreShowChannelsComplete")
                return {m["Uniqueid"] for m in messages if m.get("Event") == "CoreShowChannel"}

        return asyncio.run_coroutine_threadsafe(ask(), self._loop).result()

    def originates(self, call_id: object) -> int:
        """How often it was told to dial this call, by its own journal."""
        return sum(row["event"] == "originate" for row in self._rows(call_id))

    def dials(self) -> Counter[str]:
        """How often it was told to dial each call, since it has last forgotten."""
        rows = [json.loads(line) for line in self._journal.read_text().splitlines()]
        return Counter(row["channel_id"] for row in rows if row["event"] == "originate")

    def forget(self) -> None:
        """Begins its journal anew."""
        self._journal.write_text("")

    def keys_of(self, call_id: object) -> str:
        """The keys that it was told to press in this call."""
        return "".join(row["digit"] for row in self._rows(call_id) if row["event"] == "key")

    def _rows(self, call_id: object) -> list[dict[str, Any]]:
        rows = [json.loads(line) for line in self._journal.read_text().splitlines()]
        return [row for row in rows if row["channel_id"] == str(call_id)]

    async def _ask(self, action: str, **headers: str) -> None:
        async with ami(self.port, username=USERNAME, secret=SECRET) as client:
            await client.ask(action, **headers)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        settings = Settings(USERNAME, SECRET, port=self.port, journal=self._journal)
        async with serving(settings, speed=SPEED) as port:
            self.port = port
            self._started.set()
            await self._stop.wait()


@contextmanager
def sandbox_pbx(journal: Path, port: int = 0) -> Iterator[SandboxPbx]:
    pbx = SandboxPbx(journal, port)
    pbx.start()
    try:
        yield pbx
    finally:
        pbx.stop()
