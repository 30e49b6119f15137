"""What the gateway tells of a talk."""

import uuid
from datetime import timedelta

import pytest

from calls.contracts import TurnRecord, UsageRecord
from calls.models import Call
from calls.selectors import call_view, calls_of_origin, events_of, talk_order, transcript_of
from calls.services import talk
from calls.services.do_not_call import add_do_not_call, is_do_not_call, mark_do_not_call
from calls.states import Outcome, State
from calls.trunks.models import Trunk
from opendeep.core.errors import DomainError, NotFound
from tests.factories import NOW, NUMBER, make_call, make_organization

pytestmark = pytest.mark.django_db


def turn(item_id: str, position: int, text: str, **more: object) -> TurnRecord:
    return TurnRecord(item_id, position, "agent", text, text, started_ms=position * 1000, **more)  # type: ignore[arg-type]


def test_audio_for_an_unknown_ended_or_foreign_call_is_refused() -> None:
    ended, foreign = make_call(State.ENDED), make_call(State.DIALING)
    assert not talk.media_up(uuid.uuid4(), gateway_id="gateway-1", at=NOW)
    assert not talk.media_up(ended.id, gateway_id="gateway-1", at=NOW)
    assert not talk.media_up(foreign.id, gateway_id="gateway-2", at=NOW)


def test_audio_of_a_call_is_taken_once() -> None:
    call = make_call(State.ANSWERED)
    assert talk.media_up(call.id, gateway_id="gateway-1", at=NOW)
    assert not talk.media_up(call.id, gateway_id="gateway-1", at=NOW)


def test_a_voice_is_only_taken_from_the_gateway_that_was_asked() -> None:
    call = make_call(State.PREPARING)
    assert not talk.voice_ready(call.id, gateway_id="gateway-2", at=NOW)
    assert not talk.voice_failed(call.id, gateway_id="gateway-2", reason="no", at=NOW)
    assert talk.voice_failed(call.id, gateway_id="gateway-1", reason="OpenAI refused the key.", at=NOW)
    assert not talk.voice_ready(call.id, gateway_id="gateway-1", at=NOW)
    assert call.events.get().detail["reason"] == "OpenAI refused the key."


def test_turns_are_written_again_by_item_and_read_in_order() -> None:
    call = make_call(State.TALKING)
    talk.record_turns(call.id, [turn("b", 1, "And?"), turn("a", 0, "Hello")])
    talk.record_turns(call.id, [turn("a", 0, "Hello there", interrupted=True)])
    assert [(t.turn, t.text, t.interrupted) for t in transcript_of(call.id)] == [
        (1, "Hello there", True),
        (2, "And?", False),
    ]


def test_who_was_heard_first_stands_first_whatever_the_model_counted_first() -> None:
    call = make_call(State.TALKING)
    greeting = TurnRecord("a", 0, "agent", "Good day", "Good day", started_ms=762)
    hello = TurnRecord("b", 1, "callee", "Hello?", "Hello?", started_ms=721)
    talk.record_turns(call.id, [greeting, hello])
    assert [t.text for t in transcript_of(call.id)] == ["Hello?", "Good day"]


def test_the_same_item_twice_in_one_go_keeps_the_last_word() -> None:
    call = make_call(State.TALKING)
    talk.record_turns(call.id, [turn("a", 0, "Hel"), turn("a", 0, "Hello")])
    assert [t.text for t in transcript_of(call.id)] == ["Hello"]


def test_what_was_said_is_kept_also_when_the_end_of_the_call_was_told_first() -> None:
    call = make_call(State.ENDED, outcome=Outcome.DROPPED)
    talk.record_turns(call.id, [turn("a", 0, "Hello")])
    assert [t.text for t in transcript_of(call.id)] == ["Hello"]


def test_turns_of_an_unknown_call_are_refused() -> None:
    with pytest.raises(NotFound):
        talk.record_turns(uuid.uuid4(), [turn("a", 0, "Hello")])


def test_an_event_with_a_command_id_is_written_once() -> None:
    call = make_call(State.TALKING)
    written = [
        talk.record_event(call.id, kind="command", source="agent", detail={}, at=NOW, command_id=command_id)
        for command_id in ("1", "1", "2", None, None)
    ]
    assert written == [True, False, True, True, True]
    assert len(events_of(call.id)) == 4


def test_use_is_billed_once_by_the_dated_prices() -> None:
    call = make_call(State.TALKING)
    usage = [
        UsageRecord("realtime", "resp_1", "gpt-realtime-2.1", {"input_audio": 1000, "output_audio": 500}),
        UsageRecord("transcription", "item_1", "gpt-transcribe", seconds=60),
    ]
    talk.record_usage(call.id, usage, at=NOW)
    talk.record_usage(call.id, usage, at=NOW)
    call.refresh_from_db()
    dollars = 1000 * 32e-6 + 500 * 64e-6 + 0.006
    assert call.cost_microcents == round(dollars * 100_000_000)
    assert call.usage.count() == 2


def test_figures_are_added_to_those_that_are_there() -> None:
    call = make_call(State.TALKING, figures={"late_frames": 1})
    talk.record_figures(call.id, {"interruptions": 2})
    talk.record_figures(call.id, {"late_frames": 3})
    call.refresh_from_db()
    assert call.figures == {"late_frames": 3, "interruptions": 2}


def test_a_wish_for_another_time_needs_a_zone() -> None:
    call = make_call(State.TALKING)
    with pytest.raises(DomainError, match="time zone"):
        talk.request_reschedule(call.id, when=NOW.replace(tzinfo=None), reason="", at=NOW)
    talk.request_reschedule(call.id, when=NOW + timedelta(days=1), reason="busy", at=NOW, command_id="c")
    talk.request_reschedule(call.id, when=NOW + timedelta(days=1), reason="busy", at=NOW, command_id="c")
    assert [e.detail for e in events_of(call.id)] == [{"when": "2026-11-25T15:00:00+00:00", "reason": "busy"}]


def test_a_no_counts_for_the_whole_organization_and_for_nobody_else() -> None:
    call = make_call(State.TALKING)
    other = make_organization()
    for _ in range(2):
        mark_do_not_call(call.id, reason="Never call me again.", source="call", at=NOW)
    assert is_do_not_call(call.organization_id, NUMBER)
    assert not is_do_not_call(other.id, NUMBER)
    assert [event.kind for event in events_of(call.id)] == ["do_not_call"]


def test_a_global_no_counts_for_everybody_and_is_kept_once() -> None:
    assert add_do_not_call(None, NUMBER, source="import", reason="", at=NOW)
    assert not add_do_not_call(None, NUMBER, source="import", reason="", at=NOW)
    assert is_do_not_call(make_organization().id, NUMBER)


def test_a_view_shows_what_the_call_is_for_and_an_unknown_call_has_none() -> None:
    call = make_call()
    assert call_view(call.id).brief.on_behalf_of == "Dr. Miller's office"
    with pytest.raises(NotFound):
        call_view(uuid.uuid4())


def test_attempts_of_an_origin_come_oldest_first() -> None:
    second = make_call(origin="tests.origin:x", attempt=2)
    first = make_call(State.ENDED, origin="tests.origin:x", attempt=1)
    assert [view.id for view in calls_of_origin("tests.origin:x")] == [first.id, second.id]


def test_a_gateway_gets_the_order_of_an_unfinished_call_only() -> None:
    call = make_call(State.TALKING)
    talk.record_turns(call.id, [turn("a", 0, "Hello")])
    order = talk_order(call.id)
    assert order is not None
    assert (order.organization_name, order.brief.goal, len(order.transcript)) == (
        "Acme",
        Call.objects.get().brief["goal"],
        1,
    )
    assert talk_order(make_call(State.ENDED).id) is None
    assert talk_order(uuid.uuid4()) is None


def test_the_trunk_tells_whether_the_line_has_wide_band() -> None:
    wide = Trunk.objects.create(name="wide", wide_band=True)
    orders = [talk_order(make_call(State.PREPARING, trunk=trunk).id) for trunk in (wide, None)]
    assert [order and order.wide_band for order in orders] == [True, False]
