"""The gateways that are alive, and messages to them.

A gateway says in Redis that it lives (GatewayInfo). Redis or a gateway being away is no error of a call: whoever
waits for a gateway has a deadline.
"""

from collections.abc import Sequence
from uuid import UUID

import structlog
from redis.exceptions import RedisError

from calls.contracts import GATEWAY_KEY_PREFIX, GatewayInfo
from calls.services.occupancy import Occupancy, gateway_key
from opendeep.core import layer
from opendeep.core.redis import connection

log = structlog.get_logger(__name__)


def alive() -> list[GatewayInfo]:
    """All gateways whose sign of life has not expired. Raises RedisError when Redis is away."""
    redis = connection()
    keys = sorted(redis.scan_iter(match=f"{GATEWAY_KEY_PREFIX}*", count=1000))
    texts = redis.mget(keys) if keys else []
    return [info for text in texts if text and (info := _decode(str(text))) is not None]


def _decode(text: str) -> GatewayInfo | None:
    try:
        return GatewayInfo.decode(text)
    except (ValueError, KeyError, TypeError) as error:
        log.warning("gateway_info_unreadable", error=str(error))
        return None


def least_loaded(gateways: Sequence[GatewayInfo], live: Occupancy) -> GatewayInfo | None:
    """The gateway with most room; None when all are full.

    Its own figure is seconds old, so the calls that are tied to it by rows count as well.
    """
    loads = {g.id: max(g.load, live.calls[gateway_key(g.id)]) for g in gateways}
    free = [g for g in gateways if loads[g.id] < g.capacity]
    return min(free, key=lambda g: (loads[g.id] / g.capacity, g.id), default=None)


def prepare(gateway: GatewayInfo, calls: Sequence[UUID]) -> bool:
    """Asks the gateway to open the voices of these calls. False when the message could not be sent."""
    return layer.send(gateway.channel, {"type": "voice.prepare", "calls": [str(call_id) for call_id in calls]})


def release(gateway_id: str, call_id: UUID) -> None:
    """Tells the gateway that the call needs it no more."""
    _tell(gateway_id, "voice.release", call_id)


def question_closed(gateway_id: str, call_id: UUID) -> None:
    """Tells the gateway that a question of this call needs no more waiting."""
    _tell(gateway_id, "question.closed", call_id)


def tell_guess(gateway_id: str, call_id: UUID, *, is_machine: bool) -> None:
    """Tells the gateway who has answered, as the PBX believes."""
    _tell(gateway_id, "callee.machine" if is_machine else "callee.human", call_id)


def tell_answered(gateway_id: str, call_id: UUID) -> None:
    """Tells the gateway that the callee talks with a person, and will not come back."""
    _tell(gateway_id, "transfer.answered", call_id)


def tell_hung_up(gateway_id: str, call_id: UUID) -> None:
    """Tells the gateway that the callee, whom it had put through, has gone."""
    _tell(gateway_id, "transfer.hung_up", call_id)


def _tell(gateway_id: str, message_type: str, call_id: UUID) -> None:
    try:
        text = connection().get(GATEWAY_KEY_PREFIX + gateway_id)
    except RedisError as error:
        log.warning("gateway_not_told", call_id=str(call_id), error=str(error))
        return
    gateway = _decode(text) if isinstance(text, str) else None
    if gateway is not None:
        layer.send(gateway.channel, {"type": message_type, "call_id": str(call_id)})
