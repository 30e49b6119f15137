"""Somebody said no. The row and everything that must know of it are one transaction."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from calls.models import Call, CallEvent, DoNotCall
from calls.services.capacity import lock_lines
from opendeep.core.errors import NotFound
from opendeep.core.live import call_group, hint_on_commit


def add_do_not_call(
    organization_id: UUID | None,
    number: str,
    *,
    source: str,
    reason: str,
    at: datetime,
    call_id: UUID | None = None,
) -> bool:
    """Adds `number` (E.164) to the list of the organization, or of everybody. False when it is on it already.

    Takes the dialing lock: every dial that comes after this commit sees the row.
    """
    with transaction.atomic():
        lock_lines()
        owner = {"organization": organization_id} if organization_id else {"organization__isnull": True}
        if DoNotCall.objects.filter(**owner, number=number).exists():
            return False
        DoNotCall.objects.create(
            organization_id=organization_id,
            number=number,
            source=source[:40],
            reason=reason[:200],
            created_at=at,
            call_id=call_id,
        )
    return True


def is_do_not_call(organization_id: UUID, number: str) -> bool:
    """Whether the organization must not call `number`, by its own list or by everybody's."""
    return DoNotCall.objects.filter(Q(organization=organization_id) | Q(organization=None), number=number).exists()


def mark_do_not_call(call_id: UUID, *, reason: str, source: str, at: datetime) -> None:
    """The callee of this call does not want to be called again by the organization. Idempotent."""
    with transaction.atomic():
        call = Call.objects.filter(id=call_id).first()
        if call is None:
            raise NotFound("There is no such call.")
        added = add_do_not_call(call.organization_id, call.number, source=source, reason=reason, at=at, call_id=call.id)
        if added:
            CallEvent.objects.create(
                call=call, at=at, kind="do_not_call", source=source[:24], detail={"reason": reason[:200]}
            )
            hint_on_commit(call_group(call.id), "event")
