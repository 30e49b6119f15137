"""Nothing gets stuck: what to do with a call whose state has lasted for too long."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from redis.exceptions import RedisError

from calls.contracts import GATEWAY_EXPIRES_SECONDS
from calls.models import Call, CallEvent
from calls.services import endings, gateways, waiting
from calls.services.hangup import hang_up
from calls.states import AT_THE_PBX, State
from opendeep.core.database import DatabaseAway

log = structlog.get_logger(__name__)

BATCH = 200
SIGN_OF_LIFE = timedelta(seconds=GATEWAY_EXPIRES_SECONDS)


def end_overdue(at: datetime) -> int:
    """Looks after every call whose deadline has passed, or whose gateway has gone. Returns how many deadlines had."""
    _leave_dead_gateways(at)
    overdue = Call.objects.exclude(state=State.ENDED).filter(deadline_at__lte=at).order_by("deadline_at")[:BATCH]
    for call in overdue:
        _alone(_look_after, call, at)
    return len(overdue)


def _alone(look_after: Callable[[Call, datetime], None], call: Call, at: datetime) -> None:
    """What is wrong with one call must not keep the others waiting."""
    try:
        look_after(call, at)
    except DatabaseAway:
        raise  # the next sweep finds them all
    except Exception:
        log.exception("overdue_call_not_looked_after", call_id=str(call.id))


def _leave_dead_gateways(at: datetime) -> None:
    """A voice that is prepared by nobody need not be waited for."""
    try:
        alive = [gateway.id for gateway in gateways.alive()]
    except RedisError as error:  # then nobody knows; the deadlines still count
        log.warning("gateways_unknown", error=str(error))
        return
    preparing = Call.objects.unfinished().filter(state=State.PREPARING, preparing_at__lt=at - SIGN_OF_LIFE)
    for call in preparing.exclude(gateway__in=alive)[:BATCH]:
        _alone(_leave, call, at)


def _leave(call: Call, at: datetime) -> None:
    waiting.without_voice(call, reason="The gateway has gone.", source="engine", at=at)


def _look_after(call: Call, at: datetime) -> None:
    log.warning("call_overdue", call_id=str(call.id), state=call.state)
    if call.state == State.PREPARING:
        waiting.without_voice(call, reason="The voice was not ready in time.", source="engine", at=at)
    elif call.state in AT_THE_PBX:
        _at_the_pbx(call, at)


def _at_the_pbx(call: Call, at: datetime) -> None:
    """A channel may still live: it is hung up first, and given up when that did not help.

    Should callcontrol be away, it hangs up the channels of ended calls as soon as it is back.
    """
    if call.hang_up_requested_at is None and call.hung_up_at is None:
        hang_up(call.id, reason=f"Too long in the state {call.state}.", at=at)
    if call.hang_up_requested_at is not None or call.hung_up_at is not None or call.talk_over_at is not None:
        CallEvent.objects.create(call=call, at=at, kind="overdue", source="engine", detail={"state": call.state})
        endings.conclude(call, at=at, source="engine")
