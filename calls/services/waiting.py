"""Calls that cannot be dialled yet go back to the queue or stay in it; their attempt is not used up."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from calls.contracts import LineOutage
from calls.models import Call, CallEvent
from calls.services.capacity import TRUNK
from calls.services.pace import RATE
from calls.services.transitions import apply
from calls.states import Signal, State
from opendeep.core.jobs import kick_at_on_commit

SHORT_WAIT = timedelta(seconds=5)
FIRST_WAIT = timedelta(seconds=2)
LONGEST_WAIT_FOR_VOICE = timedelta(minutes=5)
AFTER_FAULT = timedelta(minutes=1)
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
    if change is not None:
        _look_again(at + wait, at)
    return change is not None


def for_trunk(call: Call, outage: LineOutage, *, at: datetime) -> None:
    """Nothing goes out now: the call waits until its trunk is tried again, and longer when others try it first."""
    since = timezone.localtime(outage.since, ZoneInfo(call.organization.time_zone))
    why = f"The line is out of order since {since:%H:%M} ({call.organization.time_zone}): {outage.reason}"
    until(call, max(outage.until, at + FIRST_WAIT), waits_for=TRUNK, why=why, at=at)


def after_fault(call: Call, *, at: datetime) -> None:
    """Something of the call cannot be read or worked out; the cause is in the log, and it is looked at again."""
    why = "Something is wrong with this call. Your operator finds the cause in the log."
    until(call, at + AFTER_FAULT, waits_for="fault", why=why, at=at)


def for_token(call: Call, moment: datetime, *, at: datetime) -> None:
    """A call that is being prepared keeps its voice and its line until `moment`, when there may be a token for it."""
    if Call.objects.filter(id=call.id, state=State.PREPARING).update(not_before=moment, waits_for=RATE):
        _look_again(moment, at, "calls.place_ready")


def _look_again(moment: datetime, at: datetime, sweep: str = "calls.prepare_due") -> None:
    """For short waits, so that nobody waits for the next beat: only a hint, the column is what counts."""
    if moment - at <= SHORT_WAIT:
        kick_at_on_commit(sweep, moment, at=at)


def until(call: Call, moment: datetime, *, waits_for: str, at: datetime, why: str = "") -> None:
    """The call waits in the queue until `moment`; one that was being prepared goes back to it.

    With `why`, leaves an event when it did not wait for this before.
    """
    changes = {"not_before": moment, "waits_for": waits_for}
    postponed = apply(call.id, Signal.POSTPONE, at=at, source="engine", changes=changes, only_from={State.PREPARING})
    if not postponed and not Call.objects.filter(id=call.id, state=State.QUEUED).update(**changes):
        return
    _look_again(moment, at)
    if why and call.waits_for != waits_for:
        detail = {"for": waits_for, "why": why, "until": moment.isoformat()}
        CallEvent.objects.create(call=call, at=at, kind="waits", source="engine", detail=detail)
