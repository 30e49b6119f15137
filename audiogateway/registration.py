"""How the rest of the system finds this gateway and talks to it: a sign of life in Redis, and a channel."""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol
from uuid import UUID

import redis.asyncio
import structlog
from channels.layers import get_channel_layer
from redis.exceptions import RedisError

from audiogateway.pacing import Ticker
from calls.contracts import GATEWAY_EXPIRES_SECONDS, GATEWAY_KEY_PREFIX, GatewayInfo
from opendeep.core import alive
from opendeep.core.cancellation import end_if_cancelled

log = structlog.get_logger(__name__)

REGISTER_SECONDS = 2.0
RETRY_SECONDS = 1.0


class Calls(Protocol):
    """What can be asked of this gateway's calls (roster.Roster)."""

    capacity: int
    is_open: bool

    @property
    def load(self) -> int: ...
    def prepare(self, call_id: UUID) -> None: ...
    def release(self, call_id: UUID) -> None: ...
    def stop(self, call_id: UUID) -> None: ...
    def machine_detected(self, call_id: UUID) -> None: ...
    def human_detected(self, call_id: UUID) -> None: ...
    def question_closed(self, call_id: UUID) -> None: ...
    def person_answered(self, call_id: UUID) -> None: ...
    def callee_gave_up(self, call_id: UUID) -> None: ...


class Mailbox:
    """This process's own channel. `channel` is empty until Redis has been reached."""

    def __init__(self, calls: Calls) -> None:
        self.channel = ""
        self._handlers: dict[str, Callable[[UUID], None]] = {
            "voice.prepare": calls.prepare,
            "voice.release": calls.release,
            "talk.stop": calls.stop,
            "callee.machine": calls.machine_detected,
            "callee.human": calls.human_detected,
            "question.closed": calls.question_closed,
            "transfer.answered": calls.person_answered,
            "transfer.hung_up": calls.callee_gave_up,
        }

    async def run(self) -> None:
        """Takes messages until cancelled."""
        layer = get_channel_layer()
        assert layer is not None, "CHANNEL_LAYERS is not configured"
        while True:
            try:
                self.channel = await layer.new_channel()
                end_if_cancelled()
                while True:
                    self.take(await layer.receive(self.channel))
            except (RedisError, OSError) as error:
                self.channel = ""
                log.warning("channel_layer_away", error=str(error))
                end_if_cancelled()
                await asyncio.sleep(RETRY_SECONDS)

    def take(self, message: dict[str, Any]) -> None:
        """One message about a call or several, see calls.services.gateways. Nonsense is logged and forgotten."""
        handler = self._handlers.get(str(message.get("type")))
        try:
            calls = [UUID(str(call_id)) for call_id in message.get("calls") or [message.get("call_id")]]
        except (ValueError, TypeError):
            handler = None
        if handler is None:
            log.warning("message_not_understood", message_type=str(message.get("type"))[:60])
            return
        for call_id in calls:
            try:
                handler(call_id)
            except Exception:  # noqa: BLE001 - the fault of one call must not stop the messages of all
                log.exception("message_not_taken", call_id=str(call_id), message_type=str(message.get("type")))


class Registration:
    """Tells address, capacity and load every two seconds. A gateway whose clock lags offers no room."""

    def __init__(
        self,
        client: "redis.asyncio.Redis",
        gateway_id: str,
        address: str,
        calls: Calls,
        mailbox: Mailbox,
        ticker: Ticker,
    ) -> None:
        self._client = client
        self._id = gateway_id
        self._address = address
        self._calls = calls
        self._mailbox = mailbox
        self._ticker = ticker

    async def run(self) -> None:
        while True:
            try:
                await self.tell()
            except (RedisError, OSError) as error:
                log.warning("gateway_not_registered", error=str(error))
            end_if_cancelled()
            await asyncio.sleep(REGISTER_SECONDS)

    async def tell(self) -> None:
        await alive.anote(self._client, "gateway", f"{self._calls.load}/{self._calls.capacity}")
        if not self._mailbox.channel or not self._calls.is_open:
            return
        await self._client.set(GATEWAY_KEY_PREFIX + self._id, self.info().encode(), ex=GATEWAY_EXPIRES_SECONDS)

    def info(self) -> GatewayInfo:
        load = self._calls.load
        lags = self._ticker.take_lag()
        capacity = load if lags else self._calls.capacity
        return GatewayInfo(self._id, self._address, self._mailbox.channel, capacity, load, lags)

    async def withdraw(self) -> None:
        """No call is reserved here from now on."""
        try:
            await self._client.delete(GATEWAY_KEY_PREFIX + self._id)
        except (RedisError, OSError) as error:
            log.warning("gateway_not_withdrawn", error=str(error))
