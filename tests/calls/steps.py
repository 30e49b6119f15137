"""Calls, step by step, by the functions of the sweeps."""

from collections.abc import Sequence
from uuid import UUID

from calls.asterisk.dialer import Dialer
from calls.services.dialing import ready_calls
from calls.services.placing import Clock, place
from calls.services.preparing import prepare
from opendeep.core.clock import now


def dial_call(call_id: UUID, *, clock: Clock = now, dialer: Dialer | None = None) -> None:
    """Moves the call one step, whatever state it is in. It is dialled by its trunk, or by `dialer` in its place."""
    dial_calls([call_id], clock=clock, dialer=dialer)


def dial_calls(call_ids: Sequence[UUID], *, clock: Clock = now, dialer: Dialer | None = None) -> None:
    """The same for several, whose voices are of one trunk."""
    ready = list(ready_calls(clock()).filter(id__in=call_ids).order_by("voice_ready_at"))
    prepare(call_ids, clock())
    if ready:
        place(ready, clock, dialer)
