"""Who is at the other end of a call, as the gateway comes to know it, and whether they were left a message."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from calls.contracts import CalleeKind
from calls.models import Call, CallEvent
from calls.services import gateways
from calls.states import AT_THE_PBX
from opendeep.core.live import call_group, hint_on_commit

GUESSES = {"MACHINE": True, "HUMAN": False}
NOBODY_SPOKE = "INITIALSILENCE"
"""A cause of "MACHINE" that tells of no machine: many people wait for the caller's voice."""


def note_callee(call_id: UUID, *, kind: CalleeKind, why: str, at: datetime) -> None:
    """The last word counts; `why` says in words what it rests on. Says nothing when that is known already."""
    with transaction.atomic():
        if Call.objects.filter(id=call_id).exclude(callee_kind=kind).update(callee_kind=kind):
            _note(call_id, "callee_kind", {"kind": kind.value, "why": why}, at)


def note_message_left(call_id: UUID, *, at: datetime) -> None:
    """A voicemail has recorded the agent's message to its end. Idempotent."""
    with transaction.atomic():
        if Call.objects.filter(id=call_id, message_left=False).update(message_left=True):
            _note(call_id, "message_left", {}, at)


def guessed(call_id: UUID, status: str, cause: str, *, at: datetime) -> None:
    """Asterisk's answering machine detection (AMDSTATUS, AMDCAUSE): one hint among others, for the gateway to weigh."""
    call = Call.objects.filter(id=call_id, state__in=AT_THE_PBX).first()
    if call is None:
        return
    with transaction.atomic():
        _note(call_id, "machine_detection", {"status": status, "cause": cause}, at, source="pbx")
    if status in GUESSES and not cause.startswith(NOBODY_SPOKE):
        gateways.tell_guess(call.gateway, call_id, is_machine=GUESSES[status])


def _note(call_id: UUID, kind: str, detail: dict[str, str], at: datetime, source: str = "gateway") -> None:
    CallEvent.objects.create(call_id=call_id, at=at, kind=kind, source=source, detail=detail)
    hint_on_commit(call_group(call_id), "event")
