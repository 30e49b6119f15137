"""Wishes for calls become rows that wait for their turn."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from calls.contracts import CallRequest
from calls.models import Call, CallEvent, CallGroup
from calls.states import State
from opendeep.core.errors import Conflict, DomainError
from opendeep.core.jobs import enqueue_on_commit
from opendeep.core.phone import parse_number


def request_call(request: CallRequest, *, at: datetime) -> UUID:
    """Writes a queued call and returns its id. It is dialled from `request.not_before` on, if the gate agrees.

    Raises Conflict when the origin has an unfinished call, DomainError when the request cannot be kept.
    """
    _check(request)
    try:
        with transaction.atomic():
            call = _create(request, at)
    except IntegrityError:
        if not Call.objects.filter(origin=request.origin).exclude(state=State.ENDED).exists():
            raise
        raise Conflict("call_unfinished", "There is an unfinished call for this already.") from None
    return call.id


def _check(request: CallRequest) -> None:
    if parse_number(request.number) != request.number:
        raise DomainError("bad_number", "Write the number in the form +12025550100, without spaces.")
    known = CallGroup.objects.filter(key=request.group, organization=request.organization_id)
    if request.group is not None and not known.exists():
        raise DomainError("unknown_group", "The batch that this call belongs to has no dialing policy.")


def _create(request: CallRequest, at: datetime) -> Call:
    call = Call.objects.create(
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
    CallEvent.objects.create(
        call=call, at=at, kind="requested", source="engine", to_state=State.QUEUED, detail={"attempt": call.attempt}
    )
    if request.not_before <= at:
        enqueue_on_commit("calls.dial_call", str(call.id))
    return call
