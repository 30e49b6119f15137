"""Carries out the commands of the in-call command bus, and acknowledges them."""

import asyncio
from uuid import uuid4

import redis.asyncio
import structlog
from redis.exceptions import RedisError

from calls.asterisk.ami_client import AmiClient, AmiRefused, AmiTimeout, AmiUnavailable
from calls.asterisk.pbx import DEFAULT_PBX
from calls.contracts import COMMAND_PATTERN, Ack, Command, CommandName, ack_channel
from calls.control.database import in_database
from calls.control.effects import EFFECTS, Effect, Refusal
from calls.control.lanes import Lanes
from calls.services import channels, commands
from opendeep.core.cancellation import end_if_cancelled
from opendeep.core.clock import now
from opendeep.core.errors import DomainError
from opendeep.core.redis import async_connection

log = structlog.get_logger(__name__)

READ_SECONDS = 1.0
RETRY_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)
SLOW_LANES = 32
"""For keys, of which 32 take up to 16 seconds: so many calls press them without waiting for each other."""


class Commands:
    """Listens on Redis for as long as run() runs; Redis may come and go.

    What was begun and finished stands in the database, so a process that is started again neither repeats what must
    not be repeated nor forgets what it was told to do. The orders of one call are carried out in their order, but a
    hang-up waits for none of them.
    """

    def __init__(self, client: AmiClient, pbx: str = DEFAULT_PBX) -> None:
        self._client = client
        self._pbx = pbx
        self._redis: redis.asyncio.Redis = async_connection()
        self._hang_ups: Lanes[Command] = Lanes(self._handle)
        self._others: Lanes[Command] = Lanes(self._handle, lanes=SLOW_LANES)
        self.listening = asyncio.Event()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._hang_ups.run())
            group.create_task(self._others.run())
            group.create_task(self._listen_forever())

    async def close(self) -> None:
        await self._redis.aclose()

    async def _listen_forever(self) -> None:
        failures = 0
        while True:
            try:
                await self._listen()
            except (RedisError, OSError) as error:
                failures = 0 if self.listening.is_set() else failures + 1
                log.warning("command_bus_lost", reason=str(error))
            self.listening.clear()
            end_if_cancelled()
            await asyncio.sleep(RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)])

    async def _listen(self) -> None:
        async with self._redis.pubsub() as bus:
            await bus.psubscribe(COMMAND_PATTERN)
            while True:
                message = await bus.get_message(timeout=READ_SECONDS)
                end_if_cancelled()
                if message is None:
                    continue
                if message["type"] == "psubscribe":
                    self.listening.set()
                elif message["type"] == "pmessage":
                    await self._receive(message["data"])

    async def _receive(self, text: str) -> None:
        try:
            command = Command.decode(text)
        except ValueError as error:
            log.warning("command_unreadable", reason=str(error))
            return
        lanes = self._hang_ups if command.name is CommandName.END_CALL else self._others
        await lanes.submit(command.call_id, command)

    async def _handle(self, command: Command) -> None:
        if not await in_database(channels.is_of, command.call_id, self._pbx):
            return  # another callcontrol's: not even looked at
        ack = await self._carry_out(command)
        try:
            await self._redis.publish(ack_channel(command.call_id), ack.encode())
        except (RedisError, OSError) as error:
            log.warning("acknowledgement_not_sent", call_id=str(command.call_id), reason=str(error))

    async def _carry_out(self, command: Command) -> Ack:
        effect = EFFECTS[command.name]
        if effect.needs_pbx and not self._client.ready:  # nothing was begun: the same command may come again
            return _no(command, "The PBX is not connected; nothing was done.")
        run_id = uuid4().hex
        try:
            row = await in_database(commands.begin, command, run_id=run_id, at=now())
        except DomainError as error:
            return _no(command, str(error))
        ack = commands.ack_of(row)
        if ack is None and row.run_id != run_id and not effect.repeatable:
            ack = _no(command, effect.interrupted)  # somebody began it and died
        if ack is None:
            ack = await self._do(effect, command)
        if ack is None:
            return _no(command, "The PBX did not confirm it.")
        await in_database(commands.finish, command, ack, at=now())
        return ack

    async def _do(self, effect: Effect, command: Command) -> Ack | None:
        """None: it was not done, or nobody knows, and may be done when the command comes again."""
        try:
            await effect.run(self._client, command, now())
        except (AmiUnavailable, AmiTimeout) as error:
            log.warning("command_unconfirmed", call_id=str(command.call_id), command=command.name, reason=str(error))
            return None if effect.repeatable else _no(command, str(error))
        except (Refusal, DomainError, AmiRefused) as error:
            return _no(command, str(error))
        return Ack(command.command_id, ok=True)


def _no(command: Command, why: str) -> Ack:
    return Ack(command.command_id, ok=False, error=why)
