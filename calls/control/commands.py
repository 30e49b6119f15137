"""Executes the commands of the in-call command bus, each once, and acknowledges them."""

import asyncio
import re
from collections import OrderedDict
from datetime import datetime

import redis.asyncio
import structlog
from redis.exceptions import RedisError

from calls.asterisk.ami_client import AmiClient, AmiRefused, AmiTimeout, AmiUnavailable
from calls.contracts import COMMAND_PATTERN, Ack, Command, CommandName, ack_channel
from calls.control.database import in_database
from calls.control.lanes import Lanes
from calls.control.news import hang_up_channel
from calls.services import hangup, talk
from opendeep.core.clock import now
from opendeep.core.errors import DomainError
from opendeep.core.redis import async_connection

log = structlog.get_logger(__name__)

DIGITS = re.compile(r"[0-9*#ABCDw]{1,32}")
TONE_MS = 120
TONE_GAP_SECONDS = 0.25  # from one tone's start to the next
PAUSE_SECONDS = 0.5  # a "w"
REMEMBERED_ACKS = 1_000
READ_SECONDS = 1.0
RETRY_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)


class Refusal(Exception):
    """Why a command is not done, in words for the agent."""


class Commands:
    """Listens on Redis for as long as run() runs; Redis may come and go."""

    def __init__(self, client: AmiClient) -> None:
        self._client = client
        self._redis: redis.asyncio.Redis = async_connection()
        self._lanes: Lanes[Command] = Lanes(self._handle)
        self._acks: OrderedDict[str, Ack] = OrderedDict()
        self.listening = asyncio.Event()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._lanes.run())
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
            await asyncio.sleep(RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)])

    async def _listen(self) -> None:
        async with self._redis.pubsub() as bus:
            await bus.psubscribe(COMMAND_PATTERN)
            while True:
                message = await bus.get_message(timeout=READ_SECONDS)
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
        await self._lanes.submit(command.call_id, command)

    async def _handle(self, command: Command) -> None:
        ack = self._acks.get(command.command_id) or await self._first_time(command)
        try:
            await self._redis.publish(ack_channel(command.call_id), ack.encode())
        except (RedisError, OSError) as error:
            log.warning("acknowledgement_not_sent", call_id=str(command.call_id), reason=str(error))

    def _remember(self, ack: Ack) -> None:
        self._acks[ack.command_id] = ack
        while len(self._acks) > REMEMBERED_ACKS:
            self._acks.popitem(last=False)

    async def _first_time(self, command: Command) -> Ack:
        try:
            await self._execute(command, now())
        except AmiUnavailable as error:  # nothing was done: the same command may come again
            return Ack(command.command_id, ok=False, error=str(error))
        except (Refusal, DomainError, AmiTimeout, AmiRefused) as error:
            ack = Ack(command.command_id, ok=False, error=str(error))
        else:
            ack = Ack(command.command_id, ok=True)
        self._remember(ack)
        return ack

    async def _execute(self, command: Command, at: datetime) -> None:
        match command.name:
            case CommandName.END_CALL:
                await self._end_call(command, at)
            case CommandName.SEND_DTMF:
                await self._send_dtmf(command, at)
            case CommandName.RESCHEDULE:
                await self._reschedule(command, at)
            case CommandName.TRANSFER_CALL:
                await self._record(command, at)
                raise Refusal("Transfer to a person is not configured.")

    async def _record(self, command: Command, at: datetime) -> bool:
        """False when this command was executed before, perhaps by an earlier process."""
        return await in_database(
            talk.record_event,
            command.call_id,
            kind="command",
            source="agent",
            detail={"command": command.name, **command.args},
            at=at,
            command_id=command.command_id,
        )

    async def _end_call(self, command: Command, at: datetime) -> None:
        if await self._record(command, at):
            reason = command.args.get("reason", "")
            await in_database(hangup.note_request, command.call_id, reason=reason, source="agent", at=at)
            error = await hang_up_channel(self._client, str(command.call_id))
            if error:
                raise Refusal(error)

    async def _send_dtmf(self, command: Command, at: datetime) -> None:
        digits = command.args.get("digits", "")
        if not DIGITS.fullmatch(digits):
            raise Refusal("Digits are 0-9, *, #, A-D and w for a pause, at most 32 of them.")
        if not self._client.ready:
            raise AmiUnavailable("The PBX is not connected; no key was pressed.")
        if await self._record(command, at):
            for digit in digits:
                await self._press(command, digit)

    async def _press(self, command: Command, digit: str) -> None:
        if digit == "w":
            await asyncio.sleep(PAUSE_SECONDS)
            return
        headers = [("Channel", str(command.call_id)), ("Digit", digit), ("Duration", str(TONE_MS))]
        await self._client.request("PlayDTMF", headers)
        await asyncio.sleep(TONE_GAP_SECONDS)

    async def _reschedule(self, command: Command, at: datetime) -> None:
        try:
            when = datetime.fromisoformat(command.args.get("when", ""))
        except ValueError:
            raise Refusal("The time to call again is not a time in ISO form.") from None
        await in_database(
            talk.request_reschedule,
            command.call_id,
            when=when,
            reason=command.args.get("reason", ""),
            at=at,
            command_id=command.command_id,
        )
