"""Channels that must not be there are written down for operators."""

import uuid
from datetime import timedelta

import pytest

from calls.models import StrayChannel
from calls.services import strays
from calls.states import State
from tests.factories import NOW, make_call

pytestmark = pytest.mark.django_db

CHANNEL = "PJSIP/trunk-00000001"


def note(call_id: uuid.UUID, seconds: int = 0) -> bool:
    return strays.note(call_id, CHANNEL, pbx="default", at=NOW + timedelta(seconds=seconds))


def test_a_channel_that_nobody_knows_is_one_row_however_often_it_is_seen() -> None:
    unknown = uuid.uuid4()
    assert note(unknown)
    assert note(unknown, 30)
    row = StrayChannel.objects.get()
    assert (row.channel_id, row.channel, row.call, row.sightings) == (unknown, CHANNEL, None, 2)
    assert (row.first_seen_at, row.last_seen_at) == (NOW, NOW + timedelta(seconds=30))
    assert "Nobody knows" in row.why


@pytest.mark.parametrize(
    ("state", "why"),
    [(State.ENDED, "over: completed"), (State.QUEUED, "not dialled"), (State.PREPARING, "not dialled")],
)
def test_a_channel_of_a_call_that_should_have_none_is_an_event_of_the_call_too(state: State, why: str) -> None:
    call = make_call(state)
    assert note(call.pk)
    assert note(call.pk, 30)
    assert why in StrayChannel.objects.get(call=call).why
    assert why in call.events.get(kind="stray_channel").detail["why"]


def test_a_channel_that_was_asked_to_end_is_no_stray() -> None:
    call = make_call(State.RINGING, hang_up_requested_at=NOW)
    assert not note(call.pk)
    assert not StrayChannel.objects.exists()


def test_a_mad_pbx_does_not_fill_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strays, "KEPT_AT_MOST", 3)
    ids = [uuid.uuid4() for _ in range(5)]
    for seconds, unknown in enumerate(ids):
        note(unknown, seconds)
    assert [row.channel_id for row in StrayChannel.objects.all()] == ids[:1:-1]


def test_a_channel_that_was_forgotten_and_is_still_there_is_noted_again() -> None:
    call = make_call(State.ENDED)
    note(call.pk)
    StrayChannel.objects.all().delete()
    assert note(call.pk, 60)
    assert StrayChannel.objects.get().call == call
    assert call.events.filter(kind="stray_channel").count() == 1
