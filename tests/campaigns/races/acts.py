"""What the processes of a race do: the work of workers, gateways and callcontrol, and the wishes of owners."""

import random
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction

from calls import tasks
from calls.models import Call, CallEvent
from calls.services import endings, talk
from calls.services.do_not_call import add_do_not_call
from calls.services.endings import Hangup
from calls.states import AT_THE_PBX, State
from campaigns.services import control
from campaigns.services.dispatch import dispatch_due
from opendeep.accounts.models import Organization
from opendeep.core.clock import now
from opendeep.core.errors import Conflict
from tests.calls.steps import dial_call

MARK = "mark"
"""The kind of the event that an owner's wish leaves in its own transaction."""
BUSY = 17
ENDS, DISPATCHES = 0.3, 0.05
A_MOMENT = timedelta(milliseconds=100)


# --- Owners ---------------------------------------------------------------------------------------


def marked(act: Callable[..., Any]) -> Callable[..., None]:
    """The act, with an event of the call `mark` in its transaction: so the test knows when it was committed."""

    def in_one_transaction(mark: str, **args: str) -> None:
        with transaction.atomic():
            act(**args)
            detail = {"act": act.__name__, **args}
            CallEvent.objects.create(call_id=UUID(mark), at=now(), kind=MARK, source="owner", detail=detail)

    return in_one_transaction


def pause(campaign: str) -> None:
    control.pause(UUID(campaign), at=now())


def resume(campaign: str) -> None:
    control.resume(UUID(campaign), at=now())


def cancel(campaign: str) -> None:
    control.cancel(UUID(campaign), at=now())


def say_no(organization: str, number: str) -> None:
    add_do_not_call(UUID(organization), number, source="owner", reason="", at=now())


def set_cap(organization: str, lines: str) -> None:
    _change(organization, max_concurrent_calls=int(lines))


def pause_all(organization: str) -> None:
    _change(organization, calling_paused=True)


def resume_all(organization: str) -> None:
    _change(organization, calling_paused=False)


def _change(organization: str, **values: Any) -> None:
    """As the admin's form does."""
    row = Organization.objects.get(pk=organization)
    for name, value in values.items():
        setattr(row, name, value)
    row.save()


# --- Workers --------------------------------------------------------------------------------------


def dispatch() -> int:
    return dispatch_due(now())


def dial(call: str) -> None:
    dial_call(UUID(call))


def dial_all(calls: list[str], seed: int) -> None:
    random.Random(seed).shuffle(calls)
    for call in calls:
        dial_call(UUID(call))


def work(seconds: float, seed: int) -> int:
    """Everything that processes do, in random order, for so long. Returns how many steps that were."""
    random_ = random.Random(seed)
    ends = time.monotonic() + seconds
    steps = 0
    while time.monotonic() < ends:
        _one_step(random_)
        steps += 1
    return steps


def _one_step(random_: random.Random) -> None:
    call = _any_call(random_)
    if call is None or random_.random() < DISPATCHES:
        dispatch()
    elif call.state == State.PREPARING and call.voice_ready_at is None:
        talk.voice_ready(call.pk, gateway_id=call.gateway, at=now())
    elif call.state in AT_THE_PBX:
        if random_.random() < ENDS:
            endings.hung_up(call.pk, Hangup(BUSY), at=now())
    else:
        random_.choice((partial(dial_call, call.pk), tasks.prepare_due, tasks.place_ready))()


def _any_call(random_: random.Random) -> Call | None:
    """One that something can be done with. Those that wait are looked at again at once, so that the race is dense."""
    unfinished = Call.objects.exclude(state=State.ENDED).order_by("?")
    call = unfinished.exclude(state=State.QUEUED).first() if random_.random() < 0.7 else unfinished.first()
    if call is None:
        return None
    if call.not_before > now() and call.not_before < now() + timedelta(minutes=1):
        Call.objects.filter(pk=call.pk, state=State.QUEUED).update(not_before=now() - A_MOMENT)
    return call


def wish(mark: str, orders: list[tuple[str, dict[str, str]]], seconds: float) -> int:
    """The wishes of `orders` one after the other, over so many seconds. Those that come too late are no error."""
    for act, args in orders:
        time.sleep(seconds / (len(orders) + 1))
        with suppress(Conflict):
            ACTS[act](mark=mark, **args)
    return len(orders)


OWNERS: tuple[Callable[..., None], ...] = (pause, resume, cancel, say_no, set_cap, pause_all, resume_all)
ACTS: dict[str, Callable[..., Any]] = {
    **{act.__name__: marked(act) for act in OWNERS},
    **{act.__name__: act for act in (dispatch, dial, dial_all, work, wish)},
}
