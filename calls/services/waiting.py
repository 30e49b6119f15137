"""Calls that cannot be dialled yet go back to the queue or stay in it; their attempt is not used up."""

from datetime import datetime, timedelta

from calls.models import Call, CallEvent
from calls.services.transitions import apply
from calls.states import Signal, State

FIRST_WAIT = timedelta(seconds=2)
LONGEST_WAIT_FOR_VOICE = timedelta(minutes=5)
LONGEST_WAIT_FOR_PBX = timedelta(seconds=15)  # asking costs little, and all calls go on as soon as it is back


def backoff(setbacks: int, longest: timedelta = LONGEST_WAIT_FOR_VOICE) -> timedelta:
    """2, 4, 8 ... seconds, at most `longest`; `setbacks` counts from 1."""
    doublings = min(max(setbacks - 1, 0), 20)
    return min(FIRST_WAIT * (1 << doublings), longest)


def without_voice(call: Call, *, reason: str, source: str, at: datetime) -> bool:
    """PREPARING -> QUEUED: no voice could be opened. False when the call has moved on."""
    wait = backoff(call.setbacks + 1)
    return _requeue(call, Signal.VOICE_FAILED, "voice", wait, reason=reason, source=source, at=at)


def without_pbx(call: Call, *, reason: str, at: datetime) -> bool:
    """PREPARING -> QUEUED: the PBX could not be reached or refused the login; nothing was sent."""
    wait = backoff(call.setbacks + 1, LONGEST_WAIT_FOR_PBX)
    return _requeue(call, Signal.POSTPONE, "pbx", wait, reason=reason, source="engine", at=at)


def _requeue(
    call: Call, signal: Signal, waits_for: str, wait: timedelta, *, reason: str, source: str, at: datetime
) -> bool:
    change = apply(
        call.id,
        signal,
        at=at,
        source=source,
        changes={"not_before": at + wait, "waits_for": waits_for, "setbacks": call.setbacks + 1},
        detail={"reason": reason[:200], "until": (at + wait).isoformat()},
        only_from={State.PREPARING},
    )
    return change is not None


def until(call: Call, moment: datetime, *, waits_for: str, at: datetime, why: str = "") -> None:
    """The call waits in the queue until `moment`; one that was being prepared goes back to it.

    With `why`, leaves an event when it did not wait for this before.
    """
    changes = {"not_before": moment, "waits_for": waits_for}
    postponed = apply(call.id, Signal.POSTPONE, at=at, source="engine", changes=changes, only_from={State.PREPARING})
    if not postponed and not Call.objects.filter(id=call.id, state=State.QUEUED).update(**changes):
        return
    if why and call.waits_for != waits_for:
        detail = {"for": waits_for, "why": why, "until": moment.isoformat()}
        CallEvent.objects.create(call=call, at=at, kind="waits", source="engine", detail=detail)
