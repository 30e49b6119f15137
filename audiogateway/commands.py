"""Orders of the agent to whoever controls the call at the PBX, over Redis Pub/Sub, each with an acknowledgement."""

import asyncio
from typing import Any

import redis.asyncio
import structlog
from redis.exceptions import RedisError

from calls.contracts import ACK_PATTERN, Ack, Command, command_channel
from opendeep.core.cancellation import end_if_cancelled

log = structlog.get_logger(__name__)

ACK_SECONDS = 2.0
SENDS = 2
"""Once, and once more with the same command_id: it is executed once all the same."""
LISTEN_SECONDS = 5.0
RECONNECT_SECONDS = 1.0


class RedisCommandBus:
    """Implements ports.CommandBus. `run` must be running: it listens for the acknowledgements."""

    def __init__(self, client: "redis.asyncio.Redis", *, ack_seconds: float = ACK_SECONDS) -> None:
        self._client = client
        self._ack_seconds = ack_seconds
        self._waiting: dict[str, asyncio.Future[Ack]] = {}
        self.listening = asyncio.Event()

    async def send(self, command: Command, *, takes_seconds: float = 0.0) -> Ack | None:
        """The acknowledgement, or None when none came: the order may have been executed or not."""
        answer: asyncio.Future[Ack] = asyncio.get_running_loop().create_future()
        self._waiting[command.command_id] = answer
        try:
            for _ in range(SENDS):
                await self._publish(command)
                done, _ = await asyncio.wait({answer}, timeout=self._ack_seconds + takes_seconds)
                if done:
                    return answer.result()
        finally:
            self._waiting.pop(command.command_id, None)
        log.warning("command_not_acknowledged", call_id=str(command.call_id), command=command.name)
        return None

    async def run(self) -> None:
        """Listens until cancelled; a lost connection is opened again."""
        while True:
            try:
                await self._listen()
            except (RedisError, OSError) as error:
                self.listening.clear()
                log.warning("command_bus_away", error=str(error))
                end_if_cancelled()
                await asyncio.sleep(RECONNECT_SECONDS)

    async def _publish(self, command: Command) -> None:
        try:
            await self._client.publish(command_channel(command.call_id), command.encode())
        except (RedisError, OSError) as error:
            log.warning("command_not_sent", call_id=str(command.call_id), command=command.name, error=str(error))

    async def _listen(self) -> None:
        async with self._client.pubsub() as subscription:
            await subscription.psubscribe(ACK_PATTERN)
            while True:
                message = await subscription.get_message(timeout=LISTEN_SECONDS)
                end_if_cancelled()
                if message is not None:
                    self._take(message)

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "psubscribe":
            self.listening.set()
        if message["type"] != "pmessage":
            return
        try:
            ack = Ack.decode(message["data"])
        except ValueError as error:
            log.warning("acknowledgement_unreadable", error=str(error))
            return
        waiting = self._waiting.get(ack.command_id)
        if waiting is not None and not waiting.done():
            waiting.set_result(ack)
