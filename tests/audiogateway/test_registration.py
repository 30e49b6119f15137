import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from uuid import UUID

import pytest
import redis.asyncio
from channels.layers import channel_layers
from django.test import override_settings

from audiogateway import registration
from audiogateway.pacing import STALL_SECONDS, Ticker
from audiogateway.registration import Mailbox, Registration
from calls.contracts import GATEWAY_KEY_PREFIX, GatewayInfo
from opendeep.core import alive
from tests.audiogateway.fakes import CALL_ID, VirtualClock
from tests.redis_server import RunningRedis


class Calls:
    """Stands where the roster stands."""

    def __init__(self) -> None:
        self.capacity, self.is_open = 10, True
        self.load = 3
        self.told: list[tuple[str, UUID]] = []
        self.news = asyncio.Event()

    def prepare(self, call_id: UUID) -> None:
        self.told.append(("prepare", call_id))
        self.news.set()

    def release(self, call_id: UUID) -> None:
        self.told.append(("release", call_id))

    def stop(self, call_id: UUID) -> None:
        self.told.append(("stop", call_id))

    def machine_detected(self, call_id: UUID) -> None:
        self.told.append(("machine", call_id))

    def human_detected(self, call_id: UUID) -> None:
        self.told.append(("human", call_id))

    def question_closed(self, call_id: UUID) -> None:
        self.told.append(("question closed", call_id))

    def person_answered(self, call_id: UUID) -> None:
        self.told.append(("person_answered", call_id))

    def callee_gave_up(self, call_id: UUID) -> None:
        self.told.append(("callee_gave_up", call_id))


class Stage:
    def __init__(self, redis_url: str) -> None:
        self.clock, self.calls = VirtualClock(), Calls()
        self.ticker = Ticker(self.clock)
        self.client = redis.asyncio.Redis.from_url(redis_url, decode_responses=True)
        self.mailbox = Mailbox(self.calls)
        self.mailbox.channel = "specific.abc"
        self.registration = Registration(
            self.client,
            "gateway-1",
            "10.0.0.1:9092",
            self.calls,
            self.mailbox,
            self.ticker,
        )

    async def registered(self) -> GatewayInfo | None:
        text = await self.client.get(GATEWAY_KEY_PREFIX + "gateway-1")
        return GatewayInfo.decode(str(text)) if text else None


@pytest.fixture
async def stage(redis_url: str) -> AsyncIterator[Stage]:
    stage = Stage(redis_url)
    yield stage
    await stage.client.connection_pool.disconnect()


async def test_a_gateway_tells_where_it_is_and_how_much_room_it_has(stage: Stage) -> None:
    await stage.registration.tell()
    assert await stage.registered() == GatewayInfo("gateway-1", "10.0.0.1:9092", "specific.abc", 10, 3)
    assert alive.is_alive("gateway")


async def test_the_sign_expires_by_itself(stage: Stage) -> None:
    await stage.registration.tell()
    assert 0 < await stage.client.ttl(GATEWAY_KEY_PREFIX + "gateway-1") <= 6


async def test_a_gateway_whose_clock_lags_offers_no_room(stage: Stage) -> None:
    stage.ticker.run_due()
    stage.clock.seconds += STALL_SECONDS * 2
    stage.ticker.run_due()
    assert (stage.registration.info().capacity, stage.registration.info().capacity) == (3, 10)


async def test_a_gateway_without_a_channel_cannot_be_asked_and_says_nothing(stage: Stage) -> None:
    stage.mailbox.channel = ""
    await stage.registration.tell()
    assert await stage.registered() is None


async def test_a_gateway_that_stops_withdraws_and_stays_away(stage: Stage) -> None:
    await stage.registration.tell()
    stage.calls.is_open = False
    await stage.registration.withdraw()
    await stage.registration.tell()
    assert await stage.registered() is None


def test_messages_reach_the_roster() -> None:
    calls = Calls()
    mailbox = Mailbox(calls)
    for kind in ("voice.prepare", "voice.release", "talk.stop", "callee.machine", "callee.human", "question.closed"):
        mailbox.take({"type": kind, "call_id": str(CALL_ID), "reason": "by the owner"})
    assert [told for told, _ in calls.told] == ["prepare", "release", "stop", "machine", "human", "question closed"]
    assert {call_id for _, call_id in calls.told} == {CALL_ID}


@pytest.mark.parametrize(
    "message", [{}, {"type": "voice.prepare"}, {"type": "voice.prepare", "call_id": "x"}, {"type": "x", "call_id": 5}]
)
def test_nonsense_is_not_taken_for_a_message(message: dict[str, object]) -> None:
    calls = Calls()
    Mailbox(calls).take(message)
    assert calls.told == []


class ForgetfulLayer:
    """Forgets a cancellation while it subscribes, as libraries do."""

    def __init__(self) -> None:
        self.subscribes = asyncio.Event()

    async def new_channel(self) -> str:
        self.subscribes.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return "specific.x"

    async def receive(self, channel: str) -> None:
        await asyncio.Event().wait()


async def test_a_mailbox_ends_although_the_layer_has_forgotten_the_cancellation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    layer = ForgetfulLayer()
    monkeypatch.setattr(registration, "get_channel_layer", lambda: layer)
    running = asyncio.create_task(Mailbox(Calls()).run())
    await layer.subscribes.wait()
    running.cancel()
    await asyncio.wait([running], timeout=5)
    assert running.done()


async def test_a_channel_is_there_again_when_redis_is() -> None:
    server, calls = RunningRedis(), Calls()
    server.start()
    layers = {
        "default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [server.url]}}
    }
    with override_settings(CHANNEL_LAYERS=layers):
        mailbox = Mailbox(calls)
        task = asyncio.get_running_loop().create_task(mailbox.run())
        client = redis.asyncio.Redis.from_url(server.url)
        await subscribed(client)
        await client.connection_pool.disconnect()
        server.stop()
        server.start()
        await subscribed(client)
        await channel_layers["default"].send(mailbox.channel, {"type": "voice.prepare", "call_id": str(CALL_ID)})
        await asyncio.wait_for(calls.news.wait(), 5)
        task.cancel()
        await asyncio.wait({task})
        await channel_layers["default"].flush()
        await client.connection_pool.disconnect()
    server.stop()
    assert calls.told == [("prepare", CALL_ID)]


async def subscribed(client: redis.asyncio.Redis) -> None:
    async with asyncio.timeout(10):
        while not await client.pubsub_channels():  # noqa: ASYNC110 - Redis tells nobody of a subscription
            await asyncio.sleep(0.02)
