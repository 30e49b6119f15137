"""The only writer of Call.state."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import override_settings
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from calls.contracts import CALL_ENDED, CallEnded
from calls.endings import Ending
from calls.models import Call
from calls.services import gateways, transitions
from calls.services.transitions import Change, MovedOn, apply, apply_together
from calls.states import AT_THE_PBX, Outcome, Signal, State
from opendeep.core.models import OutboxEvent
from tests.factories import NOW, make_call, make_group, make_organization

BUSY = Ending(Outcome.BUSY, "The line was busy.")
LATER = NOW + timedelta(seconds=7)


def send(call: Call, signal: Signal) -> Change | None:
    ending = BUSY if signal is Signal.END else None
    return apply(call.id, signal, at=LATER, source="tests", ending=ending)


@pytest.mark.django_db
def test_a_transition_writes_state_time_deadline_and_event() -> None:
    call = make_call(State.DIALING)
    with override_settings(RING_TIMEOUT_SECONDS=40):
        assert send(call, Signal.RING) == Change(State.DIALING, State.RINGING)
    call.refresh_from_db()
    assert (call.state, call.ringing_at, call.deadline_at) == (State.RINGING, LATER, LATER + timedelta(seconds=70))
    event = call.events.get()
    assert (event.kind, event.source, event.from_state, event.to_state) == ("ring", "tests", "dialing", "ringing")


@pytest.mark.django_db
def test_calls_that_move_together_get_what_each_would_get_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    organization = make_organization()
    group = make_group(organization)
    hints: list[tuple[str, str]] = []
    monkeypatch.setattr(transitions, "hint_on_commit", lambda group, what: hints.append((group, what)))
    alone, *together = (
        make_call(State.PREPARING, organization=organization, group=group, number=f"+1202555010{n}") for n in range(3)
    )
    send(alone, Signal.DIAL)
    apply_together(together, Signal.DIAL, at=LATER, changes={}, details={}, preceded_by=[])
    columns = ("state", "dialing_at", "deadline_at", "events__kind", "events__from_state", "events__to_state")
    assert Call.objects.values(*columns).distinct().count() == 1
    assert len(hints) == 3 * len({what for _, what in hints})


@pytest.mark.django_db
def test_calls_whom_a_signal_does_not_fit_are_not_moved_together() -> None:
    with pytest.raises(MovedOn):
        apply_together([make_call(State.RINGING)], Signal.DIAL, at=LATER, changes={}, details={}, preceded_by=[])


@pytest.mark.django_db
def test_a_call_that_has_moved_on_since_it_was_read_is_looked_at_again() -> None:
    call = make_call(State.DIALING)
    send(call, Signal.RING)
    assert apply(call.id, Signal.END, at=LATER, source="tests", ending=BUSY, known=call) == Change(
        State.RINGING, State.ENDED
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("state", "signal", "seconds"),
    [
        (State.QUEUED, Signal.PREPARE, 20),
        (State.PREPARING, Signal.DIAL, 75),
        (State.RINGING, Signal.ANSWER, 15),
        (State.ANSWERED, Signal.MEDIA_UP, 930),
    ],
)
def test_every_state_that_waits_has_a_deadline(state: State, signal: Signal, seconds: int) -> None:
    call = make_call(state)
    with override_settings(RING_TIMEOUT_SECONDS=45, MAX_CALL_SECONDS=900):
        send(call, signal)
    call.refresh_from_db()
    assert call.deadline_at == LATER + timedelta(seconds=seconds)


@pytest.mark.django_db
def test_the_end_is_told_once_with_everything_that_others_need() -> None:
    call = make_call(State.RINGING)
    assert send(call, Signal.END) is not None
    assert send(call, Signal.END) is None
    fact = OutboxEvent.objects.get(topic=CALL_ENDED)
    assert fact.key == str(call.id)
    assert CallEnded.from_payload(fact.payload) == CallEnded(
        call.id, call.organization_id, call.origin, Outcome.BUSY, LATER
    )
    call.refresh_from_db()
    assert (call.outcome, call.end_reason, call.deadline_at) == (Outcome.BUSY, BUSY.reason, None)


@pytest.mark.django_db(transaction=True)
def test_nothing_is_written_when_the_fact_cannot_be(monkeypatch: pytest.MonkeyPatch) -> None:
    call = make_call(State.RINGING)

    def fail(*_: object) -> None:
        raise RuntimeError("the outbox is full")

    monkeypatch.setattr("opendeep.core.outbox.publish", fail)
    with pytest.raises(RuntimeError):
        send(call, Signal.END)
    call.refresh_from_db()
    assert call.state == State.RINGING
    assert not call.events.exists()


@pytest.mark.django_db
def test_a_late_signal_leaves_one_trace_and_changes_nothing() -> None:
    call = make_call(State.ENDED)
    for _ in range(3):
        assert send(call, Signal.ANSWER) is None
    assert [event.kind for event in call.events.all()] == ["ignored_answer"]
    call.refresh_from_db()
    assert call.state == State.ENDED


@pytest.mark.django_db
def test_repeated_news_leave_no_trace() -> None:
    call = make_call(State.TALKING)
    for signal in (Signal.RING, Signal.ANSWER, Signal.MEDIA_UP):
        assert send(call, signal) is None
    assert not call.events.exists()


@pytest.mark.django_db
def test_audio_before_the_news_of_the_answer_is_the_answer() -> None:
    call = make_call(State.DIALING)
    send(call, Signal.MEDIA_UP)
    call.refresh_from_db()
    assert (call.state, call.answered_at, call.talking_at) == (State.TALKING, LATER, LATER)


@pytest.mark.django_db
def test_the_length_of_the_talk_is_kept() -> None:
    call = make_call(State.TALKING)
    send(call, Signal.END)
    call.refresh_from_db()
    assert call.talk_ms == 7000


@pytest.mark.django_db
def test_back_in_the_queue_a_call_holds_no_gateway() -> None:
    call = make_call(State.PREPARING, voice_ready_at=NOW)
    send(call, Signal.VOICE_FAILED)
    call.refresh_from_db()
    assert (call.state, call.gateway, call.gateway_address) == (State.QUEUED, "", "")
    assert call.voice_ready_at is None
    assert call.deadline_at is None


@pytest.mark.django_db
@pytest.mark.parametrize("signal", [Signal.VOICE_FAILED, Signal.POSTPONE, Signal.END])
def test_whoever_is_not_dialled_any_more_gives_the_voice_back(
    signal: Signal, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any, redis_url: str
) -> None:
    released: list[tuple[str, uuid.UUID]] = []
    monkeypatch.setattr(gateways, "release", lambda *told: released.append(told))
    call = make_call(State.PREPARING)
    with django_capture_on_commit_callbacks(execute=True):
        send(call, signal)
    assert released == [("gateway-1", call.id)]


@pytest.mark.django_db
def test_a_signal_counts_only_in_the_states_it_was_meant_for() -> None:
    call = make_call(State.DIALING)
    assert apply(call.id, Signal.END, at=NOW, source="t", ending=BUSY, only_from={State.QUEUED}) is None
    assert not call.events.exists()


@pytest.mark.django_db
def test_a_signal_for_an_unknown_call_is_ignored() -> None:
    assert apply(uuid.uuid4(), Signal.RING, at=NOW, source="tests") is None


@pytest.mark.django_db
@pytest.mark.parametrize(("signal", "ending"), [(Signal.END, None), (Signal.RING, BUSY)])
def test_an_ending_belongs_to_the_end(signal: Signal, ending: Ending | None) -> None:
    with pytest.raises(ValueError, match="ending"):
        apply(uuid.uuid4(), signal, at=NOW, source="tests", ending=ending)


class AnyOrder(TestCase):
    @given(order=st.lists(st.sampled_from(Signal), max_size=15))
    @hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def test_any_order_of_signals_leaves_a_whole_history(self, order: list[Signal]) -> None:
        call = make_call()
        for signal in [*order, Signal.END, *order]:
            send(call, signal)
        call.refresh_from_db()
        changes = [(e.from_state, e.to_state) for e in call.events.all() if e.from_state != e.to_state]
        assert [to for _, to in changes[:-1]] == [before for before, _ in changes[1:]]
        assert changes[-1][1] == call.state == State.ENDED
        assert OutboxEvent.objects.filter(topic=CALL_ENDED, key=str(call.id)).count() == 1
        assert sum(to == State.DIALING for _, to in changes) <= 1


def test_what_is_at_the_pbx_was_dialled() -> None:
    assert State.DIALING in AT_THE_PBX
