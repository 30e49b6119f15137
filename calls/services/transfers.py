"""Putting a callee through to a person: the only writer of Call.transfer.

Whom, is the organization's setting; neither the model nor the callee has a say in it. It begins with a commit, and
only then the PBX is told; callcontrol, reconciliation and the gateway tell how it went, and the first word counts.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from calls.asterisk.redirect import TransferOrder
from calls.compliance.numbers import transfer_problem
from calls.models import Call, CallEvent, Turn
from calls.services import gateways
from calls.states import State, Transfer, TransferSignal, next_transfer
from calls.trunks.service import trunk_of
from opendeep.accounts.models import Organization
from opendeep.core.errors import Conflict, NotFound
from opendeep.core.live import call_group, hint_on_commit
from opendeep.core.phone import mask

SLACK = timedelta(seconds=30)
"""What the PBX may take beyond the ringing."""
LAST_WORDS = timedelta(seconds=20)
"""So long after the maximum length of a call the words may end before which the agent has decided to put through."""
EVENTS = {
    TransferSignal.START: "transfer_started",
    TransferSignal.ANSWER: "transfer_answered",
    TransferSignal.FAIL: "transfer_failed",
}


def problem_of(organization: Organization) -> str:
    """Why its callees cannot be put through to a person; empty when they can."""
    return transfer_problem(organization.transfer_number, organization.caller_id, organization.allowed_countries)


def start(call_id: UUID, *, reason: str, at: datetime) -> TransferOrder:
    """Commits that the callee is put through, and returns how, once. Raises Conflict and NotFound."""
    with transaction.atomic():
        call = Call.objects.select_related("organization", "trunk").filter(id=call_id).first()
        if call is None:
            raise NotFound("There is no such call.")
        if problem := problem_of(call.organization):
            raise Conflict("no_transfer", problem)
        if at > (call.talking_at or at) + timedelta(seconds=settings.MAX_CALL_SECONDS) + LAST_WORDS:
            raise Conflict("no_transfer", "The call has reached its maximum length.")
        number = call.organization.transfer_number
        ring = timedelta(seconds=settings.TRANSFER_RING_SECONDS)
        deadline = max(call.deadline_at or at, at + ring + SLACK)
        detail = {"to": mask(settings.TEST_REDIRECT_NUMBER or number), "reason": reason[:200]}
        if not _may_start(call) or not _move(call, TransferSignal.START, at, "agent", detail, deadline):
            raise Conflict("no_transfer", "The call is over, or is being put through already.")
    trunk = trunk_of(call)
    return TransferOrder(
        call_id=call.id,
        number=settings.TEST_REDIRECT_NUMBER or number,
        dial_string=trunk.dial_string or settings.ASTERISK_DIAL_STRING,
        ring_seconds=settings.TRANSFER_RING_SECONDS,
    )


def _may_start(call: Call) -> bool:
    over = call.hang_up_requested_at or call.hung_up_at or call.talk_over_at
    return call.state == State.TALKING and over is None


def answered(call_id: UUID, *, at: datetime, source: str) -> bool:
    """The callee and the person talk with each other, for at most MAX_TRANSFER_SECONDS."""
    with transaction.atomic():
        call = Call.objects.filter(id=call_id, state=State.TALKING).first()
        deadline = at + timedelta(seconds=settings.MAX_TRANSFER_SECONDS)
        if call is None or not _move(call, TransferSignal.ANSWER, at, source, {}, deadline):
            return False
        _write_into_transcript(call, at)
        transaction.on_commit(partial(gateways.tell_answered, call.gateway, call.id), robust=True)
        return True


def _write_into_transcript(call: Call, at: datetime) -> None:
    """Where the agent's part ends. What the two say to each other is nobody's business."""
    started = call.events.filter(kind=EVENTS[TransferSignal.START]).last()
    text = f"Put through to a person at {started.detail['to']}." if started else "Put through to a person."
    since_answer = at - (call.answered_at or at)
    Turn.objects.create(
        call=call,
        item_id="transfer",
        position=call.turns.count(),
        speaker=Turn.Speaker.SYSTEM,
        text=text,
        heard_text=text,
        started_ms=max(int(since_answer.total_seconds() * 1000), 0),
    )
    hint_on_commit(call_group(call.id), "turns")


def failed(call_id: UUID, *, reason: str, at: datetime, source: str, started_before: datetime | None = None) -> bool:
    """The person could not be reached, and the callee comes back to the agent.

    With `started_before` only a transfer that began earlier than that is meant.
    """
    with transaction.atomic():
        call = Call.objects.filter(id=call_id, state=State.TALKING).first()
        if call is None or (started_before and call.transfer_at and call.transfer_at >= started_before):
            return False
        rest = timedelta(seconds=settings.MAX_CALL_SECONDS) + SLACK
        deadline = max((call.talking_at or at) + rest, at + 2 * SLACK)
        return _move(call, TransferSignal.FAIL, at, source, {"reason": reason[:200]}, deadline)


def ringing(present: Collection[UUID]) -> list[UUID]:
    """Those of these calls of which it is not known yet whether a person answers."""
    rows = Call.objects.filter(id__in=list(present), state=State.TALKING, transfer=Transfer.RINGING)
    return list(rows.values_list("id", flat=True))


def _move(
    call: Call, signal: TransferSignal, at: datetime, source: str, detail: Mapping[str, Any], deadline: datetime
) -> bool:
    """Compare and set, with its event. A call that shall be hung up keeps the deadline of that."""
    state = Transfer(call.transfer)
    target = next_transfer(state, signal)
    same = Call.objects.filter(id=call.id, transfer=state, state=State.TALKING)
    if target is None or not same.update(transfer=target, transfer_at=at):
        return False
    going_on = Call.objects.filter(id=call.id, hang_up_requested_at=None, hung_up_at=None)
    going_on.update(deadline_at=deadline)
    CallEvent.objects.create(call=call, at=at, kind=EVENTS[signal], source=source, detail=dict(detail))
    hint_on_commit(call_group(call.id), "event")
    return True
