"""`python -m tests.sound.gateway REALTIME_URL DIRECTORY`: a gateway process that needs neither Redis nor a database.

Clock, calls, AudioSocket port, Realtime sessions and recordings are the product's own, put together as
audiogateway/worker.py does. Orders come in as lines of JSON, what becomes of them goes out in lines of JSON.
"""

import asyncio
import gc
import json
import sys
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import uvloop

from audiogateway.audiosocket.server import AudioSocketServer
from audiogateway.pacing import Ticker
from audiogateway.phrases import PhraseBook
from audiogateway.realtime.connection import RealtimeAccess, RealtimeClient
from audiogateway.recording.disk import Disk
from audiogateway.recording.recorder import Recorder
from audiogateway.roster import Roster
from audiogateway.surroundings import Models, Surroundings
from calls.contracts import Ack, Command, RecordingRecord, TalkOrder, TurnRecord
from tests.audiogateway.fakes import MemoryStore, talk_order

CAPACITY, WAITING_SECONDS = 100, 60.0
MODELS = Models("gpt-realtime-2.1", "gpt-transcribe", "marin")


def tell(what: str, call_id: UUID, **more: Any) -> None:
    sys.stdout.write(json.dumps({"what": what, "call_id": str(call_id), **more}, default=str) + "\n")
    sys.stdout.flush()


LOADED: set[str] = set()
"""Modules that were there before the first call."""


class Teller(MemoryStore):
    """ports.Store that tells what the tests look at, and forgets the rest."""

    def voice_ready(self, call_id: UUID, *, at: datetime) -> None:
        tell("ready", call_id)

    def voice_failed(self, call_id: UUID, *, reason: str, at: datetime) -> None:
        tell("failed", call_id, reason=reason)

    def record_turns(self, call_id: UUID, turns: Sequence[TurnRecord]) -> None:
        tell("turns", call_id, turns=[asdict(turn) for turn in turns])

    def record_event(
        self,
        call_id: UUID,
        *,
        kind: str,
        source: str,
        detail: Mapping[str, Any],
        at: datetime,
        command_id: str | None = None,
    ) -> None:
        tell("event", call_id, kind=kind, detail=detail)

    def record_figures(self, call_id: UUID, figures: Mapping[str, Any]) -> None:
        tell("figures", call_id, figures=figures)

    def record_recording(self, call_id: UUID, recording: RecordingRecord, *, at: datetime) -> None:
        tell("recording", call_id, **asdict(recording))

    def talk_over(self, call_id: UUID, *, cause: str, at: datetime) -> None:
        tell("over", call_id, cause=cause, loaded=sorted(set(sys.modules) - LOADED))


class NoBus:
    """ports.CommandBus on which nobody answers: the gateway hangs up by itself."""

    async def send(self, command: Command, *, takes_seconds: float = 0.0) -> Ack | None:
        return None


def order_of(line: Mapping[str, Any]) -> TalkOrder:
    order = talk_order(UUID(line["call_id"]), **line.get("brief", {}))
    return replace(order, records=True, **line.get("order", {}))


async def serve(url: str, directory: Path) -> None:
    async with asyncio.TaskGroup() as tasks:
        store, ticker, disk = Teller(), Ticker(), Disk()

        def spawn(work: Coroutine[Any, Any, None]) -> None:
            tasks.create_task(work)

        recorder = Recorder(directory, disk, store, lambda: datetime.now(UTC))
        realtime = RealtimeClient(RealtimeAccess(url, MODELS.realtime, "test-key"))
        around = Surroundings(
            store,
            NoBus(),
            ticker,
            spawn,
            MODELS,
            lambda: datetime.now(UTC),
            realtime.open,
            PhraseBook(realtime.open, spawn),
            recorder=recorder,
        )
        roster = Roster(around, capacity=CAPACITY, waiting_seconds=WAITING_SECONDS)
        server = AudioSocketServer(roster.answer)
        _, port = await server.listen("127.0.0.1", 0)
        disk.start()
        clock = tasks.create_task(ticker.run())
        gc.collect()
        gc.freeze()
        LOADED.update(sys.modules)
        tell("listening", UUID(int=0), port=port)
        orders = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
        while line := await orders.readline():
            order = order_of(json.loads(line))
            store.orders[order.call_id] = order
            roster.prepare(order.call_id)
        roster.end_all("stopped", politely=False)
        await roster.emptied()
        await server.close()
        await realtime.close()
        clock.cancel()
        await asyncio.to_thread(disk.stop, 10)


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1], Path(sys.argv[2])))
