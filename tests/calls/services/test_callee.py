"""Who is at the other end: written down once for each change, shown with the call."""

import pytest

from calls.contracts import CalleeKind
from calls.selectors import call_view, events_of
from calls.services import gateways
from calls.services.callee import guessed, note_callee, note_message_left
from calls.states import State
from tests.factories import NOW, make_call

pytestmark = pytest.mark.django_db


def test_every_change_is_an_event_with_its_reason_and_the_last_one_counts() -> None:
    call = make_call(State.TALKING)
    note_callee(call.id, kind=CalleeKind.MENU, why="offers keys to press", at=NOW)
    for _ in range(2):  # a write may come twice
        note_callee(call.id, kind=CalleeKind.PERSON, why="somebody answers", at=NOW)
    assert call_view(call.id).callee_kind == "person"
    details = [event.detail for event in events_of(call.id) if event.kind == "callee_kind"]
    assert details == [
        {"kind": "menu", "why": "offers keys to press"},
        {"kind": "person", "why": "somebody answers"},
    ]


def test_a_message_is_left_once() -> None:
    call = make_call(State.TALKING)
    assert not call_view(call.id).message_left
    for _ in range(2):
        note_message_left(call.id, at=NOW)
    assert call_view(call.id).message_left
    assert [event.kind for event in events_of(call.id)] == ["message_left"]


@pytest.mark.parametrize(("status", "told"), [("MACHINE", [True]), ("HUMAN", [False]), ("NOTSURE", []), ("HANGUP", [])])
def test_the_guess_of_the_pbx_is_written_down_and_told_to_the_gateway(
    status: str, told: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[tuple[str, object, bool]] = []
    monkeypatch.setattr(
        gateways, "tell_guess", lambda gateway, call_id, *, is_machine: heard.append((gateway, call_id, is_machine))
    )
    call = make_call(State.ANSWERED)
    guessed(call.id, status, "LONGGREETING-1600-1500", at=NOW)
    (event,) = events_of(call.id)
    assert (event.kind, event.source, event.detail["status"]) == ("machine_detection", "pbx", status)
    assert heard == [("gateway-1", call.id, is_machine) for is_machine in told]


def test_silence_is_no_sign_of_a_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateways, "tell_guess", None)
    call = make_call(State.ANSWERED)
    guessed(call.id, "MACHINE", "INITIALSILENCE-2500-2500", at=NOW)
    assert [event.kind for event in events_of(call.id)] == ["machine_detection"]


def test_a_guess_about_a_call_that_is_over_is_nothing() -> None:
    call = make_call(State.ENDED)
    guessed(call.id, "MACHINE", "", at=NOW)
    assert events_of(call.id) == ()
