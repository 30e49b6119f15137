"""Wishes for calls become rows that wait for their turn."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from calls.contracts import CallRequest
from calls.models import Call, CallEvent, CallGroup
from calls.states import State
from opendeep.core.errors import Conflict, DomainError
from opendeep.core.phone import parse_number


def request_call(request: CallRequest, *, at: datetime) -> UUID:
    """request_calls() for one."""
    (call_id,) = request_calls([request], at=at)
    return call_id


def request_calls(requests: Sequence[CallRequest], *, at: datetime) -> list[UUID]:
    """Writes queued calls and returns their ids. Each is dialled from its `not_before` on, if the gate agrees.

    Whoever asks for calls that are due has them prepared after the commit (dialing.prepare_due), or beat does it later.
    All or none: raises Conflict when an origin has an unfinished call, DomainError when a request cannot be kept.
    """
    _check(requests)
    calls = [_call(request, at) for request in requests]
    try:
        with transaction.atomic():
            Call.objects.bulk_create(calls)
            CallEvent.objects.bulk_create(_requested(call, at) for call in calls)
    except IntegrityError:
        origins = [request.origin for request in requests]
        if len(set(origins)) == len(origins) and not Call.objects.unfinished().filter(origin__in=origins).exists():
            raise
        raise Conflict("call_unfinished", "There is an unfinished call for this already.") from None
    return [call.id for call in calls]


def _check(requests: Sequence[CallRequest]) -> None:
    for number in {request.number for request in requests}:
        if parse_number(number) != number:
            raise DomainError("bad_number", "Write the number in the form +12025550100, without spaces.")
    groups = {(request.group, request.organization_id) for request in requests if request.group is not None}
    rows = CallGroup.objects.filter(key__in={key for key, _ in groups})
    if groups - set(rows.values_list("key", "organization")):
        raise DomainError("unknown_group", "The batch that this call belongs to has no dialing policy.")


def _call(request: CallRequest, at: datetime) -> Call:
    return Call(
        organization_id=request.organization_id,
        origin=request.origin,
        group_id=request.group,
        attempt=request.attempt,
        number=request.number,
        contact_name=request.contact_name[:120],
        time_zone=request.time_zone[:64],
        time_zone_told=request.time_zone_told,
        consent=request.consent[:200],
        brief=request.brief.to_json(),
        not_before=request.not_before,
        created_at=at,
    )


def _requested(call: Call, at: datetime) -> CallEvent:
    detail = {"attempt": call.attempt}
    return CallEvent(call=call, at=at, kind="requested", source="engine", to_state=State.QUEUED, detail=detail)
