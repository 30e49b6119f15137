"""Ending a call on somebody's wish."""

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import structlog
from django.db import transaction
from redis.exceptions import RedisError

from calls.contracts import Command, CommandName, command_channel
from calls.endings import Ending
from calls.models import Call, CallEvent
from calls.services.transitions import apply
from calls.states import AT_THE_PBX, NOT_YET_DIALLED, Outcome, Signal
from opendeep.core.errors import NotFound
from opendeep.core.redis import connection

log = structlog.get_logger(__name__)

HANG_UP_LIMIT = timedelta(seconds=15)
"""A call that was asked to end and is still there after this is overdue."""


def cancel_call(call_id: UUID, *, reason: str, at: datetime) -> None:
    """Ends a call that was not dialled yet as cancelled; hangs up one at the PBX. Ended calls stay as they are."""
    ending = Ending(Outcome.CANCELLED, reason)
    if apply(call_id, Signal.END, at=at, source="owner", ending=ending, only_from=NOT_YET_DIALLED) is None:
        hang_up(call_id, reason=reason, at=at)


def hang_up(call_id: UUID, *, reason: str, at: datetime) -> None:
    """Asks callcontrol to hang up a call that is at the PBX; does nothing for any other. Raises NotFound.

    Should nobody hear it (Redis or callcontrol away), the call is overdue soon and asked again.
    """
    if not Call.objects.filter(id=call_id).exists():
        raise NotFound("There is no such call.")
    with transaction.atomic():
        note_request(call_id, reason=reason, source="engine", at=at)
        if Call.objects.filter(id=call_id, state__in=AT_THE_PBX).exists():
            command = Command(call_id, CommandName.END_CALL, {"reason": reason[:200]})
            transaction.on_commit(partial(publish, command), robust=True)


def note_request(call_id: UUID, *, reason: str, source: str, at: datetime) -> None:
    """Writes down, once, that a call at the PBX shall end, and until when it must have."""
    with transaction.atomic():
        asked = Call.objects.filter(id=call_id, state__in=AT_THE_PBX, hang_up_requested_at=None)
        if asked.update(hang_up_requested_at=at, deadline_at=at + HANG_UP_LIMIT):
            detail = {"reason": reason[:200]}
            CallEvent.objects.create(call_id=call_id, at=at, kind="hang_up_requested", source=source, detail=detail)


def publish(command: Command) -> None:
    """Puts a command on the in-call command bus; whoever sends it has a deadline for its effect."""
    try:
        connection().publish(command_channel(command.call_id), command.encode())
    except RedisError as error:
        log.warning("command_not_sent", call_id=str(command.call_id), command=command.name, error=str(error))
