"""News of the PBX become transitions, in order for each call."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

import structlog

from calls.asterisk.ami_client import AmiClient, AmiRefused, AmiTimeout, AmiUnavailable
from calls.asterisk.ami_codec import AmiMessage
from calls.asterisk.pbx import DEFAULT_PBX
from calls.asterisk.signals import (
    Answered,
    Appeared,
    EarlyMedia,
    Guessed,
    HungUp,
    NotPlaced,
    PbxNews,
    PersonAnswered,
    PersonNotReached,
    Ringing,
    Vanished,
    read,
)
from calls.control.database import in_database
from calls.control.lanes import Lanes
from calls.services import callee, channels, endings, strays, transfers
from calls.services.endings import Hangup
from calls.services.transitions import apply
from calls.states import Signal
from opendeep.core.clock import now

log = structlog.get_logger(__name__)

QUEUE_LENGTH = 10_000
ASIDE_AT_MOST = 2_000
HANGUP_GRACE_SECONDS = 2.0
"""How long a failed Originate waits for the Hangup of its channel, which says more."""


@dataclass(frozen=True, slots=True)
class Received:
    news: PbxNews
    at: datetime


class News:
    """Takes events from the AMI client and reconciliation, and applies them.

    When events come faster than they can be applied, they are dropped and `overrun` asks for a reconciliation.
    """

    def __init__(self, pbx: str = DEFAULT_PBX) -> None:
        self.pbx = pbx
        self.overrun = asyncio.Event()
        self._queue: asyncio.Queue[Received] = asyncio.Queue(QUEUE_LENGTH)
        self._lanes: Lanes[Received] = Lanes(self._apply)
        self._client: AmiClient | None = None
        self._aside = 0

    def receive(self, event: AmiMessage) -> None:
        """The AMI client's on_event."""
        news = read(event)
        if news is not None:
            self.put(news)

    def put(self, news: PbxNews) -> None:
        try:
            self._queue.put_nowait(Received(news, now()))
        except asyncio.QueueFull:
            self.overrun.set()

    async def put_in_time(self, news: PbxNews) -> None:
        """For what was asked for: waits for room instead of being dropped."""
        await self._queue.put(Received(news, now()))

    async def run(self, client: AmiClient) -> None:
        """Applies news until it is cancelled; `client` hangs up channels that must not be there."""
        self._client = client
        async with asyncio.TaskGroup() as group:
            group.create_task(self._lanes.run())
            while True:
                received = await self._queue.get()
                if isinstance(received.news, NotPlaced):
                    self._put_aside(received, group)
                else:
                    await self._lanes.submit(received.news.call_id, received)

    def _put_aside(self, received: Received, group: asyncio.TaskGroup) -> None:
        if self._aside >= ASIDE_AT_MOST:
            self.overrun.set()
            return
        self._aside += 1
        group.create_task(self._later(received))

    async def _later(self, received: Received) -> None:
        try:
            await asyncio.sleep(HANGUP_GRACE_SECONDS)
            await self._lanes.submit(received.news.call_id, received)
        finally:
            self._aside -= 1

    async def _apply(self, received: Received) -> None:
        at = received.at
        match received.news:
            case Appeared(call_id, channel):
                if not await in_database(channels.appeared, call_id, channel, pbx=self.pbx):
                    await self._hang_up_unwanted(received.news)
            case Ringing(call_id):
                await in_database(apply, call_id, Signal.RING, at=at, source="pbx")
            case EarlyMedia(call_id):
                await in_database(channels.early_media, call_id, at=at)
            case Answered(call_id):
                await in_database(apply, call_id, Signal.ANSWER, at=at, source="pbx")
            case HungUp(call_id, cause, text, sip):
                await in_database(endings.hung_up, call_id, Hangup(cause, text, sip), at=at)
            case NotPlaced(call_id, reason):
                await in_database(channels.not_placed, call_id, reason, at=at)
            case PersonAnswered(call_id):
                await in_database(transfers.answered, call_id, at=at, source="pbx")
            case PersonNotReached(call_id, reason, before):
                await in_database(transfers.failed, call_id, reason=reason, at=at, source="pbx", started_before=before)
            case Guessed(call_id, status, cause):
                await in_database(callee.guessed, call_id, status, cause, at=at)
            case Vanished(call_id):
                await in_database(endings.hung_up, call_id, None, at=at)

    async def _hang_up_unwanted(self, news: Appeared) -> None:
        if self._client is not None:
            await hang_up_unwanted(self._client, news, pbx=self.pbx)


async def hang_up_unwanted(client: AmiClient, news: Appeared, *, pbx: str) -> None:
    """A channel that is there although its call is over, unknown, was not dialled, or was asked to end."""
    if await in_database(strays.note, news.call_id, news.channel, pbx=pbx, at=now()):
        log.warning("stray_channel", call_id=str(news.call_id), channel=news.channel, pbx=pbx)
    await hang_up_channel(client, str(news.call_id))


async def hang_up_channel(client: AmiClient, call_id: str) -> str:
    """Hangs up by the id of the call, which Asterisk takes for a channel's name. Returns what went wrong, or ""."""
    try:
        await client.request("Hangup", [("Channel", call_id), ("Cause", "16")])
    except (AmiUnavailable, AmiTimeout, AmiRefused) as error:
        log.info("hangup_not_done", call_id=call_id, reason=str(error))
        return str(error)
    return ""
