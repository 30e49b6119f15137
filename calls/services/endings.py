"""Ends calls by what is known of them.

A call that was talked ends in two halves: the PBX tells that the channel is gone (callcontrol) and the gateway tells
that the talk is over, after its last turns are written. Whoever comes second ends the call; when one half does not
come, the deadline of the first does (calls.services.overdue).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Unpack
from uuid import UUID

from django.conf import settings
from django.db import transaction

from calls.endings import EndFacts, Ending, classify
from calls.models import Call, CallEvent
from calls.services import gateways
from calls.services.transitions import Change, More, apply
from calls.states import AT_THE_PBX, NOT_YET_DIALLED, Signal, State, Transfer

OTHER_HALF = timedelta(seconds=10)
"""How long one half of an ending waits for the other."""


@dataclass(frozen=True, slots=True)
class Hangup:
    """The PBX's Hangup. `sip` is its TechCause ("486 Busy Here"), empty when it has none."""

    cause: int
    text: str = ""
    sip: str = ""


def hung_up(call_id: UUID, hangup: Hangup | None, *, at: datetime, source: str = "pbx") -> bool:
    """The channel of this call is gone; `hangup` is None when it vanished without a word. True when the call ended."""
    values: dict[str, Any] = {"hung_up_at": at}
    if hangup is not None:
        values |= {
            "hangup_cause": hangup.cause,
            "hangup_cause_text": hangup.text[:80],
            "sip_cause": hangup.sip[:16],
        }
    with transaction.atomic():
        call = Call.objects.filter(id=call_id, hung_up_at=None).select_for_update(no_key=True).first()
        if call is None or call.state in NOT_YET_DIALLED:  # a stray channel by this id says nothing of the call
            return False
        for name, value in values.items():
            setattr(call, name, value)
        note = _hangup_event(call, "hung_up" if hangup else "vanished", at, source, hangup)
        waits_for_gateway = call.state == State.TALKING and call.talk_over_at is None
        if call.state in AT_THE_PBX and not waits_for_gateway:
            return conclude(call, at=at, source=source, changes=values, preceded_by=[note]) is not None
        Call.objects.filter(id=call_id).update(**values)
        note.save()  # also when it comes late: the cause is worth knowing
        if waits_for_gateway:
            _wait_for_other_half(call, at)
            if call.transfer:  # the gateway has no line by which it could notice
                transaction.on_commit(partial(gateways.tell_hung_up, call.gateway, call.id), robust=True)
        return False


def talk_is_over(call_id: UUID, *, cause: str, at: datetime) -> bool:
    """The gateway has written everything of this talk. True when the call ended."""
    with transaction.atomic():
        first = Call.objects.filter(id=call_id, talk_over_at=None, state__in=AT_THE_PBX)
        if not first.update(talk_over_at=at, talk_over_cause=cause[:24]):
            return False
        call = Call.objects.get(id=call_id)
        if call.talking_at is not None:
            call.talk_ms = max(int((at - call.talking_at).total_seconds() * 1000), 0)
            call.save(update_fields=["talk_ms"])
        if call.hung_up_at is None:
            if not call.transfer:  # two people talk, for as long as calls.services.transfers lets them
                _wait_for_other_half(call, at)
            return False
        return conclude(call, at=at, source="gateway") is not None


def conclude(
    call: Call,
    *,
    at: datetime,
    source: str,
    changes: Mapping[str, Any] | None = None,
    preceded_by: Sequence[CallEvent] = (),
) -> Change | None:
    """Ends a call that is at the PBX, by what its row tells. `call` was read in this transaction and is held by it."""
    ending = classify(facts_of(call, at))
    return end(call.id, ending, at=at, source=source, known=call, changes=changes or {}, preceded_by=preceded_by)


def end(call_id: UUID, ending: Ending, *, at: datetime, source: str, **more: Unpack[More]) -> Change | None:
    return apply(call_id, Signal.END, at=at, source=source, ending=ending, **more)


def facts_of(call: Call, at: datetime) -> EndFacts:
    over = call.hung_up_at or at
    ring = timedelta(seconds=settings.RING_TIMEOUT_SECONDS)
    cause = call.hangup_cause
    sip = call.sip_cause.removeprefix("SIP").split()
    return EndFacts(
        answered=call.answered_at is not None,
        talked=call.talking_at is not None,
        rang=call.rang(),
        ring_timed_out=call.dialing_at is not None and over - call.dialing_at >= ring,
        hang_up_requested=call.hang_up_requested_at is not None,
        talk_over_cause=call.talk_over_cause,
        cause=cause,
        sip_status=int(sip[0]) if sip and sip[0].isdigit() else None,
        transferred=call.transfer == Transfer.ANSWERED,
    )


def _wait_for_other_half(call: Call, at: datetime) -> None:
    Call.objects.filter(id=call.id).update(deadline_at=at + OTHER_HALF)


def _hangup_event(call: Call, kind: str, at: datetime, source: str, hangup: Hangup | None) -> CallEvent:
    detail = {"cause": hangup.cause, "text": hangup.text, "sip": hangup.sip} if hangup else {}
    return CallEvent(call=call, at=at, kind=kind, source=source, detail=detail)
