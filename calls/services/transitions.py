"""The only writer of Call.state: compare-and-set, history, facts and hints in one transaction."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal, TypedDict
from uuid import UUID

from django.conf import settings
from django.db import transaction

from calls.contracts import CALL_ENDED, CallEnded
from calls.endings import Ending
from calls.models import Call, CallEvent
from calls.questions.service import withdraw_questions
from calls.services import gateways
from calls.services.capacity import line_freed
from calls.states import Signal, State, next_state
from calls.trunks import service as trunks
from opendeep.core import outbox
from opendeep.core.live import batch_group, call_group, hint_on_commit

PREPARING_LIMIT = timedelta(seconds=20)
MEDIA_LIMIT = timedelta(seconds=15)
SLACK = timedelta(seconds=30)
"""What the PBX may take beyond its own limits before a state counts as overdue."""

STEPS = list(State)
ARRIVALS = {
    Signal.RING: State.RINGING,
    Signal.ANSWER: State.ANSWERED,
    Signal.MEDIA_UP: State.TALKING,
}


@dataclass(frozen=True, slots=True)
class Change:
    from_state: State
    to_state: State


class More(TypedDict, total=False):
    """What else apply() takes."""

    changes: Mapping[str, Any]
    detail: Mapping[str, Any]
    only_from: Collection[State]
    known: Call
    preceded_by: Sequence[CallEvent]


def deadline_of(state: State, at: datetime) -> datetime | None:
    """When a call that entered `state` at `at` is overdue; None for states that may last."""
    ring = timedelta(seconds=settings.RING_TIMEOUT_SECONDS)
    limits = {
        State.PREPARING: PREPARING_LIMIT,
        State.DIALING: ring + SLACK,
        State.RINGING: ring + SLACK,
        State.ANSWERED: MEDIA_LIMIT,
        State.TALKING: timedelta(seconds=settings.MAX_CALL_SECONDS) + SLACK,
    }
    return at + limits[state] if state in limits else None


def apply(
    call_id: UUID,
    signal: Signal,
    *,
    at: datetime,
    source: str,
    ending: Ending | None = None,
    changes: Mapping[str, Any] | None = None,
    detail: Mapping[str, Any] | None = None,
    only_from: Collection[State] | None = None,
    known: Call | None = None,
    preceded_by: Sequence[CallEvent] = (),
) -> Change | None:
    """Moves the call as calls.states says, or does nothing and returns None.

    `ending` belongs to Signal.END and to nothing else. `changes` are further columns of the same UPDATE, `detail`
    goes into the event. With `only_from` the signal counts only in these states. A signal that comes too late or
    out of place leaves one event "ignored_<signal>" and changes nothing. Safe to call again, from any process.
    `known` is the call as it was just read, so that it is read again only when somebody was faster. The events that
    this is `preceded_by` are written with its own.
    """
    if (signal is Signal.END) != (ending is not None):
        raise ValueError("An ending belongs to Signal.END, and to nothing else.")
    with transaction.atomic(savepoint=False):
        while (call := known or Call.objects.filter(id=call_id).first()) is not None:
            state = State(call.state)
            target = next_state(state, signal)
            if target is None or (only_from is not None and state not in only_from):
                _note_ignored(call, signal, at, source, only_from)
                return None
            values = _columns(call, target, at, ending) | dict(changes or {})
            if Call.objects.filter(id=call_id, state=state).update(**values):
                _record(call, signal, target, at, source, ending, dict(detail or {}), preceded_by)
                return Change(state, target)
            known = None  # Somebody was faster: look again. It ends, because calls move forward.
    return None


class MovedOn(Exception):
    """A call has moved on since it was read. Nothing of the transaction may be committed."""


def apply_together(
    calls: Sequence[Call],
    signal: Literal[Signal.PREPARE, Signal.DIAL],
    *,
    at: datetime,
    changes: Mapping[str, Any],
    details: Mapping[UUID, Mapping[str, Any]],
    preceded_by: Sequence[CallEvent],
) -> None:
    """What apply() does with these signals of the engine, for calls of one state that were read in this transaction.

    `changes` are the same for all of them, `details` by call. Raises MovedOn when it does not fit all of them.
    """
    if not calls:
        return
    before = State(calls[0].state)
    target = next_state(before, signal)
    if target is None:
        raise MovedOn
    values = {"state": target, "deadline_at": deadline_of(target, at), f"{target}_at": at, **changes}
    rows = Call.objects.filter(id__in=[call.id for call in calls], state=before)
    if rows.update_in_order(**values) != len(calls):
        raise MovedOn
    events = [_event(call, signal, target, at, "engine", details.get(call.id, {})) for call in calls]
    CallEvent.objects.bulk_create([*preceded_by, *events])
    for call in calls:
        _hint(call)


def _columns(call: Call, target: State, at: datetime, ending: Ending | None) -> dict[str, Any]:
    values: dict[str, Any] = {"state": target, "deadline_at": deadline_of(target, at)}
    if target is State.QUEUED:
        return values | {"trunk": None, "gateway": "", "gateway_address": "", "voice_ready_at": None}
    values[f"{target}_at"] = at
    if target is State.TALKING and call.answered_at is None:
        values["answered_at"] = at  # audio flows only after the answer, whoever tells of it first
    if ending is not None:
        values |= {"outcome": ending.outcome, "end_reason": ending.reason[:200], "trunk_fault": ending.trunk_fault}
        if call.talking_at and not call.talk_ms:
            values["talk_ms"] = max(int((at - call.talking_at).total_seconds() * 1000), 0)
    return values


def _record(
    call: Call,
    signal: Signal,
    target: State,
    at: datetime,
    source: str,
    ending: Ending | None,
    detail: dict[str, Any],
    preceded_by: Sequence[CallEvent],
) -> None:
    if ending is not None:
        detail = {"outcome": ending.outcome, "reason": ending.reason} | detail
        if call.talking_at is not None:
            withdraw_questions(call.id, at=at)
        _publish_end(call, ending, at)
    CallEvent.objects.bulk_create([*preceded_by, _event(call, signal, target, at, source, detail)])
    mended = _tell_of_trunk(call, signal, ending, at)
    if mended or target in (State.QUEUED, State.ENDED):
        line_freed()
        if call.gateway:
            transaction.on_commit(partial(gateways.release, call.gateway, call.id), robust=True)
    _hint(call)


def _event(
    call: Call, signal: Signal, target: State, at: datetime, source: str, detail: Mapping[str, Any]
) -> CallEvent:
    return CallEvent(
        call=call,
        at=at,
        kind=signal.value,
        source=source,
        from_state=call.state,
        to_state=target,
        detail=dict(detail),
    )


def _hint(call: Call) -> None:
    hint_on_commit(call_group(call.id), "state")
    if call.group_id is not None:
        hint_on_commit(batch_group(call.group_id), "call")


def _tell_of_trunk(call: Call, signal: Signal, ending: Ending | None, at: datetime) -> bool:
    """What this change says about the call's trunk. True when the trunk takes calls again."""
    if signal in ARRIVALS:
        return trunks.note_heard(call, at=at)
    if ending is None or call.dialing_at is None:
        return False
    return trunks.note_ended(call, ending.outcome, ending.reason if ending.trunk_fault else "", at=at)


def _publish_end(call: Call, ending: Ending, at: datetime) -> None:
    fact = CallEnded(call.id, call.organization_id, call.origin, ending.outcome, at)
    outbox.publish(CALL_ENDED, str(call.id), fact.to_payload(), at)


def _note_ignored(call: Call, signal: Signal, at: datetime, source: str, only_from: Collection[State] | None) -> None:
    """Leaves one trace of a signal that came too late. Repeated news and lost races of our own leave none."""
    arrival = ARRIVALS.get(signal)
    passed = arrival is not None and STEPS.index(arrival) <= STEPS.index(State(call.state))
    if only_from is not None or (passed and call.state != State.ENDED):
        return
    CallEvent.objects.get_or_create(
        call=call,
        command_id=f"ignored:{signal}",
        defaults={
            "at": at,
            "kind": f"ignored_{signal}",
            "source": source,
            "from_state": call.state,
            "to_state": call.state,
        },
    )
