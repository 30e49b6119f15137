"""One gateway process, put together from the settings: its parts, their scope, and its orderly end."""

import asyncio
import gc
import resource
import signal
import sys
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import structlog
from django.conf import settings

from audiogateway.audiosocket.server import AudioSocketServer
from audiogateway.commands import RedisCommandBus
from audiogateway.hangup import LAST_WORDS_MS
from audiogateway.onset_gate import ONSET_GATE_MS
from audiogateway.pacing import Ticker
from audiogateway.phrases import PhraseBook
from audiogateway.realtime.connection import RealtimeAccess, RealtimeClient
from audiogateway.realtime.websocket import CLOSE_SECONDS
from audiogateway.recording.disk import Disk
from audiogateway.recording.recorder import Recorder
from audiogateway.registration import Mailbox, Registration
from audiogateway.roster import Roster
from audiogateway.store import CallStore, Writer
from audiogateway.surroundings import Models, Surroundings
from opendeep.core.clock import now
from opendeep.core.redis import async_connection

log = structlog.get_logger(__name__)

SUPERVISE_SECONDS = 1.0
GOODBYE_SECONDS = LAST_WORDS_MS / 1000 + 6
"""For the last words, the hangup at the PBX and the last transcription."""
FLUSH_SECONDS = 10.0
STOP_SECONDS = 2 * GOODBYE_SECONDS + CLOSE_SECONDS + 2 * FLUSH_SECONDS
"""All that follows GATEWAY_DRAIN_SECONDS when the process is told to stop."""
RING_MARGIN_SECONDS = 60
"""A prepared voice waits for the dialing, the ringing and the answer."""
YOUNG_OBJECTS = 20_000
"""Garbage is looked for after so many new objects: the default of 700 would be several times a second."""
NEVER = 1_000_000_000
GIVE_WAY_SECONDS = 0.0003
"""So long the threads that write may keep the audio's waiting; by itself Python would let them have 5 ms each time."""
COLLECT_SECONDS = 60.0
"""How often old garbage is looked for; by itself Python would do it whenever it likes."""


@dataclass(frozen=True)
class Config:
    """What differs between gateways. A process that starts again is another gateway, so its id is a new one."""

    bind: tuple[str, int]
    advertise: tuple[str, int]
    capacity: int
    waiting_seconds: float
    drain_seconds: float
    access: RealtimeAccess
    models: Models
    recordings_root: Path
    onset_gate_ms: int = ONSET_GATE_MS
    gateway_id: str = field(default_factory=lambda: f"gateway-{uuid4().hex[:12]}")


def config_from_settings() -> Config:
    return Config(
        bind=settings.AUDIOSOCKET_BIND,
        advertise=settings.AUDIOSOCKET_ADVERTISE,
        capacity=settings.GATEWAY_CAPACITY,
        waiting_seconds=settings.RING_TIMEOUT_SECONDS + RING_MARGIN_SECONDS,
        drain_seconds=settings.GATEWAY_DRAIN_SECONDS,
        access=RealtimeAccess(settings.OPENAI_REALTIME_URL, settings.OPENAI_REALTIME_MODEL, settings.OPENAI_API_KEY),
        models=Models(settings.OPENAI_REALTIME_MODEL, settings.OPENAI_TRANSCRIPTION_MODEL, settings.OPENAI_VOICE),
        recordings_root=settings.RECORDINGS_ROOT,
        onset_gate_ms=settings.BARGE_IN_ONSET_MS,
    )


class Gateway:
    """The parts of one process."""

    def __init__(self, config: Config, scope: asyncio.TaskGroup) -> None:
        self._config = config
        self._scope = scope
        self.id = config.gateway_id
        self._redis = async_connection()
        self._ticker = Ticker()
        self._writer = Writer()
        self._commands = RedisCommandBus(self._redis)
        self._disk = Disk()
        store = CallStore(self._writer, self.id)
        recorder = Recorder(config.recordings_root, self._disk, store, now)
        self._realtime = RealtimeClient(config.access)
        around = Surroundings(
            store,
            self._commands,
            self._ticker,
            self._spawn,
            config.models,
            now,
            self._realtime.open,
            PhraseBook(self._realtime.open, self._spawn),
            recorder=recorder,
            onset_gate_ms=config.onset_gate_ms,
        )
        self.roster = Roster(around, capacity=config.capacity, waiting_seconds=config.waiting_seconds)
        self._server = AudioSocketServer(self.roster.answer)
        self._mailbox = Mailbox(self.roster)
        address = f"{config.advertise[0]}:{config.advertise[1]}"
        self._registration = Registration(self._redis, self.id, address, self.roster, self._mailbox, self._ticker)
        self._own: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Raises OSError when the address is taken."""
        address = await self._server.listen(*self._config.bind)
        self._disk.start()
        parts = (
            self._ticker.run(),
            self._writer.run(),
            self._commands.run(),
            self._mailbox.run(),
            self._registration.run(),
            self._supervise(),
            self._collect_garbage(),
        )
        self._own = [self._scope.create_task(part) for part in parts]
        log.info("gateway_started", gateway=self.id, address=address, capacity=self._config.capacity)

    async def stop(self) -> None:
        """No new calls; running ones may finish for a while, then they are ended politely, then at once."""
        self.roster.is_open = False
        await self._registration.withdraw()
        log.info("gateway_draining", calls=self.roster.load)
        if not await self._empty_within(self._config.drain_seconds):
            self.roster.end_all("stopped", politely=True)
        if not await self._empty_within(GOODBYE_SECONDS):
            self.roster.end_all("stopped", politely=False)
        await self._empty_within(GOODBYE_SECONDS)
        await self._server.close()
        await self._realtime.close()
        if not await asyncio.to_thread(self._disk.stop, FLUSH_SECONDS):
            log.error("recordings_left_behind")
        await self._flush()
        for task in self._own:
            task.cancel()
        await self._redis.connection_pool.disconnect()
        log.info("gateway_stopped", gateway=self.id)

    async def _flush(self) -> None:
        try:
            async with asyncio.timeout(FLUSH_SECONDS):
                await self._writer.flushed()
        except TimeoutError:
            log.error("writes_left_behind", count=self._writer.backlog)

    async def _empty_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self.roster.emptied()
        except TimeoutError:
            return False
        return True

    async def _supervise(self) -> None:
        while True:
            self.roster.supervise()
            await asyncio.sleep(SUPERVISE_SECONDS)

    async def _collect_garbage(self) -> None:
        """Ended talks are old objects in circles. Finding them takes some 20 ms with 300 talks, less than the lead."""
        while True:
            await asyncio.sleep(COLLECT_SECONDS)
            gc.collect()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        self._scope.create_task(_contained(work))


async def _contained(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception:  # noqa: BLE001 - the edge of one call: its fault must not end the others
        log.exception("call_task_failed")


async def serve(config: Config, stopping: asyncio.Event) -> None:
    """Runs a gateway until `stopping` is set. Raises OSError when the address is taken."""
    async with asyncio.TaskGroup() as scope:
        gateway = Gateway(config, scope)
        await gateway.start()
        _calm_garbage_collector()
        sys.setswitchinterval(GIVE_WAY_SECONDS)
        await stopping.wait()
        await gateway.stop()


async def run_until_signalled() -> None:
    _open_as_many_files_as_allowed()
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    await serve(config_from_settings(), stopping)


def _open_as_many_files_as_allowed() -> None:
    """A call takes three, and strangers at the AudioSocket port take some, too."""
    _, at_most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (at_most, at_most))


def _calm_garbage_collector() -> None:
    """What is loaded by now stays for ever, and need not be looked through in the middle of a word again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, NEVER)
