"""Nothing gets stuck: what to do with a call whose state has lasted for too long."""

from datetime import datetime

import structlog

from calls.models import Call, CallEvent
from calls.services import endings, waiting
from calls.services.hangup import hang_up
from calls.states import AT_THE_PBX, State

log = structlog.get_logger(__name__)

BATCH = 200


def end_overdue(at: datetime) -> int:
    """Looks after every call whose deadline has passed. Returns how many it found."""
    overdue = Call.objects.exclude(state=State.ENDED).filter(deadline_at__lte=at).order_by("deadline_at")[:BATCH]
    for call in overdue:
        _look_after(call, at)
    return len(overdue)


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
