"""The command bus over a real Redis."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import redis.asyncio

from audiogateway.commands import RedisCommandBus
from calls.contracts import COMMAND_PATTERN, Ack, Command, CommandName, ack_channel
from tests.audiogateway.fakes import CALL_ID

COMMAND = Command(CALL_ID, CommandName.END_CALL, {"reason": "done"}, "command-1")


class Control:
    """Stands where callcontrol stands: takes commands, acknowledges from the given one on."""

    def __init__(self, client: "redis.asyncio.Redis", *, answers_from: int = 1, ack: Ack | None = None) -> None:
        self.client = client
        self.answers_from = answers_from
        self.ack = ack or Ack(COMMAND.command_id, True)
        self.received: list[Command] = []
        self.listening = asyncio.Event()

    async def run(self) -> None:
        async with self.client.pubsub() as subscription:
            await subscription.psubscribe(COMMAND_PATTERN)
            async for message in subscription.listen():
                await self.take(message)

    async def take(self, message: dict[str, str]) -> None:
        if message["type"] == "psubscribe":
            self.listening.set()
            return
        command = Command.decode(message["data"])
        self.received.append(command)
        if len(self.received) >= self.answers_from:
            await self.client.publish(ack_channel(command.call_id), "nonsense")
            await self.client.publish(ack_channel(command.call_id), Ack("another-one", False).encode())
            await self.client.publish(ack_channel(command.call_id), self.ack.encode())


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator["redis.asyncio.Redis"]:
    client = redis.asyncio.Redis.from_url(redis_url, decode_responses=True)
    yield client
    await client.connection_pool.disconnect()


@pytest.fixture
async def bus(client: "redis.asyncio.Redis") -> AsyncIterator[RedisCommandBus]:
    bus = RedisCommandBus(client, ack_seconds=0.2)
    task = asyncio.get_running_loop().create_task(bus.run())
    await bus.listening.wait()
    yield bus
    task.cancel()
    await asyncio.wait({task})


async def with_control(control: Control, bus: RedisCommandBus, *, takes_seconds: float = 0.0) -> Ack | None:
    task = asyncio.get_running_loop().create_task(control.run())
    await control.listening.wait()
    ack = await bus.send(COMMAND, takes_seconds=takes_seconds)
    task.cancel()
    await asyncio.wait({task})
    return ack


async def test_a_command_is_acknowledged(client: "redis.asyncio.Redis", bus: RedisCommandBus) -> None:
    control = Control(client)
    assert await with_control(control, bus) == Ack("command-1", True)
    assert control.received == [COMMAND]


async def test_a_refusal_is_told_in_words(client: "redis.asyncio.Redis", bus: RedisCommandBus) -> None:
    refusal = Ack("command-1", False, "no such channel")
    assert await with_control(Control(client, ack=refusal), bus) == refusal


async def test_a_command_without_an_answer_is_sent_once_more_with_its_id(
    client: "redis.asyncio.Redis", bus: RedisCommandBus
) -> None:
    control = Control(client, answers_from=2)
    assert await with_control(control, bus) == Ack("command-1", True)
    assert control.received == [COMMAND, COMMAND]


async def test_a_command_that_takes_its_time_is_waited_for(
    client: "redis.asyncio.Redis", bus: RedisCommandBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bus, "_ack_seconds", 0)
    assert await with_control(Control(client), bus, takes_seconds=5) == Ack("command-1", True)


async def test_nobody_there_is_no_acknowledgement(bus: RedisCommandBus) -> None:
    assert await bus.send(COMMAND) is None


async def test_without_redis_there_is_no_acknowledgement_and_no_exception() -> None:
    client = redis.asyncio.Redis(host="127.0.0.1", port=1, decode_responses=True)
    bus = RedisCommandBus(client, ack_seconds=0.01)
    assert await bus.send(COMMAND) is None
