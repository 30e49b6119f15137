"""Signals in any order, twice, late, from everywhere: through the real services, a call keeps its promises."""

from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from calls.contracts import CALL_ENDED
from calls.endings import Ending
from calls.models import Call, CallEvent
from calls.services import channels, endings, talk, waiting
from calls.services.endings import Hangup
from calls.services.hangup import cancel_call, hang_up
from calls.services.overdue import end_overdue
from calls.services.transitions import apply
from calls.states import LIVE, TRANSITIONS, Outcome, Signal, State
from opendeep.core.models import OutboxEvent
from tests.factories import NOW, make_call

HALF_AN_HOUR = timedelta(minutes=30)


def signal(kind: Signal) -> Any:
    """As the engine or the PBX gives it; what a prepared call needs comes with it."""
    changes = {"gateway": "gateway-1", "gateway_address": "h:1"} if kind is Signal.PREPARE else {}
    ending = Ending(Outcome.FAILED, "It ended.") if kind is Signal.END else None
    return lambda call, at: apply(call.pk, kind, at=at, source="t", ending=ending, changes=changes)


ACTS: dict[str, Any] = {
    **{kind.value: signal(kind) for kind in Signal},
    "ready": lambda call, at: talk.voice_ready(call.pk, gateway_id="gateway-1", at=at),
    "voice": lambda call, at: talk.voice_failed(call.pk, gateway_id="gateway-1", reason="No.", at=at),
    "media": lambda call, at: talk.media_up(call.pk, gateway_id="gateway-1", at=at),
    "over": lambda call, at: talk.talk_over(call.pk, gateway_id="gateway-1", cause="callee_hung_up", at=at),
    "hung_up": lambda call, at: endings.hung_up(call.pk, Hangup(17, "User busy", "486 Busy"), at=at),
    "vanished": lambda call, at: endings.hung_up(call.pk, None, at=at),
    "not_placed": lambda call, at: channels.not_placed(call.pk, 0, at=at),
    "appeared": lambda call, at: channels.appeared(call.pk, "PJSIP/trunk-1"),
    "early": lambda call, at: channels.early_media(call.pk, at=at),
    "hang_up": lambda call, at: hang_up(call.pk, reason="Stop.", at=at),
    "cancel": lambda call, at: cancel_call(call.pk, reason="Stop.", at=at),
    "wait": lambda call, at: waiting.until(call, at, waits_for="line", at=at),
    "overdue": lambda call, at: end_overdue(at + HALF_AN_HOUR),
}


class AnyOrder(TestCase):
    @given(
        acts=st.lists(st.sampled_from(sorted(ACTS)), max_size=25), steps=st.lists(st.integers(-60, 600), min_size=25)
    )
    @settings(max_examples=40, deadline=None)
    def test_a_call_moves_along_its_table_and_ends_once(self, acts: list[str], steps: list[int]) -> None:
        call, at = make_call(), NOW
        for act, seconds in zip(acts, steps, strict=False):
            at = max(
                at + timedelta(seconds=seconds), NOW
            )  # processes' clocks differ: some signals seem to come earlier
            before = Call.objects.get(pk=call.pk)
            ACTS[act](before, at)
            check_step(before, Call.objects.get(pk=call.pk))
        check_history(call)
        for sweep in range(1, 4):
            end_overdue(at + sweep * HALF_AN_HOUR + timedelta(days=1))
        assert Call.objects.get(pk=call.pk).state not in LIVE, "nothing holds a line for ever"


def check_step(before: Call, after: Call) -> None:
    if before.state == State.ENDED:
        assert (after.state, after.outcome, after.end_reason) == (before.state, before.outcome, before.end_reason)
    elif after.state != before.state:
        assert State(after.state) in TRANSITIONS[State(before.state)].values(), f"{before.state} -> {after.state}"


def check_history(call: Call) -> None:
    """The events alone tell the whole path, and the world hears of the end once."""
    moves = [(e.from_state, e.to_state) for e in CallEvent.objects.filter(call=call).order_by("id") if e.to_state]
    moves = [(a, b) for a, b in moves if a != b]
    path = [State.QUEUED.value, *(target for _, target in moves)]
    assert [source for source, _ in moves] == path[:-1]
    assert path.count(State.DIALING) <= 1
    now = Call.objects.get(pk=call.pk)
    assert path[-1] == now.state
    ended = now.state == State.ENDED
    assert OutboxEvent.objects.filter(topic=CALL_ENDED, key=str(call.pk)).count() == ended
    assert bool(now.outcome) == ended
