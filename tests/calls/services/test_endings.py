"""The two halves of an ending, in any order, and what comes when one of them does not."""

from datetime import timedelta

import pytest
from django.conf import settings

from calls.models import Call
from calls.services import channels, endings, talk
from calls.services.endings import OTHER_HALF, Hangup
from calls.services.overdue import end_overdue
from calls.states import NOT_YET_DIALLED, Outcome, State
from tests.factories import NOW, make_call

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


def over(call: Call, cause: str = "callee_hung_up") -> None:
    talk.talk_over(call.id, gateway_id="gateway-1", cause=cause, at=NOW + SECOND)
    call.refresh_from_db()


def hung_up(call: Call, cause: int = 16, sip: str = "") -> None:
    endings.hung_up(call.id, Hangup(cause, "Normal Clearing", sip), at=NOW + SECOND)
    call.refresh_from_db()


def test_a_talk_ends_when_both_halves_are_told_hangup_first() -> None:
    call = make_call(State.TALKING)
    hung_up(call)
    assert (call.state, call.deadline_at) == (State.TALKING, NOW + SECOND + OTHER_HALF)
    over(call)
    assert (call.state, call.outcome, call.talk_ms) == (State.ENDED, Outcome.COMPLETED, 1000)
    assert [event.kind for event in call.events.all()] == ["hung_up", "talk_over", "end"]


def test_a_talk_ends_when_both_halves_are_told_gateway_first() -> None:
    call = make_call(State.TALKING)
    over(call, "agent_ended")
    assert call.state == State.TALKING
    hung_up(call)
    assert (call.state, call.outcome, call.hangup_cause) == (State.ENDED, Outcome.COMPLETED, 16)


def test_a_gateway_that_never_tells_leaves_a_dropped_call() -> None:
    call = make_call(State.TALKING)
    hung_up(call)
    end_overdue(NOW + timedelta(seconds=12))
    call.refresh_from_db()
    assert (call.state, call.outcome) == (State.ENDED, Outcome.DROPPED)


def test_a_pbx_that_never_tells_leaves_what_the_gateway_told() -> None:
    call = make_call(State.TALKING)
    over(call, "agent_ended")
    end_overdue(NOW + timedelta(seconds=12))
    call.refresh_from_db()
    assert (call.state, call.outcome, call.hangup_cause) == (State.ENDED, Outcome.COMPLETED, None)


@pytest.mark.parametrize("state", [State.DIALING, State.RINGING, State.ANSWERED])
def test_before_the_talk_the_hangup_is_the_end(state: State) -> None:
    call = make_call(state)
    hung_up(call, 17, "486 Busy Here")
    assert (call.state, call.hangup_cause, call.sip_cause) == (State.ENDED, 17, "486 Busy Here")


def test_the_sip_status_is_used_where_the_cause_says_nothing() -> None:
    call = make_call(State.DIALING)
    hung_up(call, 0, "603")
    assert call.outcome == Outcome.REJECTED


def test_what_the_pbx_said_of_the_end_stands_before_it_in_the_history() -> None:
    call = make_call(State.RINGING)
    hung_up(call, 17, "486 Busy Here")
    said, ended = call.events.all()
    assert (said.kind, said.detail["cause"], said.detail["sip"], ended.kind) == ("hung_up", 17, "486 Busy Here", "end")


@pytest.mark.parametrize(("early", "outcome"), [(timedelta(0), Outcome.UNREACHABLE), (SECOND, Outcome.NO_ANSWER)])
def test_a_telephone_of_which_nothing_was_heard_for_the_whole_time_of_ringing_was_not_reached(
    early: timedelta, outcome: Outcome
) -> None:
    ring = timedelta(seconds=settings.RING_TIMEOUT_SECONDS)
    call = make_call(State.DIALING, dialing_at=NOW + SECOND - ring + early)
    hung_up(call, 19)
    assert (call.outcome, call.trunk_fault) == (outcome, outcome == Outcome.UNREACHABLE)


def test_of_two_words_of_the_gateway_at_once_the_first_counts() -> None:
    call = make_call(State.TALKING)
    for cause in ("agent_ended", "connection_lost"):
        endings.talk_is_over(call.id, cause=cause, at=NOW)
    call.refresh_from_db()
    assert call.talk_over_cause == "agent_ended"


def test_a_second_hangup_changes_nothing() -> None:
    call = make_call(State.RINGING)
    hung_up(call, 17)
    hung_up(call, 21)
    assert (call.outcome, call.hangup_cause) == (Outcome.BUSY, 17)


def test_a_hangup_that_comes_after_the_end_still_tells_the_cause() -> None:
    call = make_call(State.ENDED, outcome=Outcome.LOST)
    hung_up(call, 34)
    assert (call.outcome, call.hangup_cause) == (Outcome.LOST, 34)


def test_a_call_that_vanished_while_ringing_is_lost() -> None:
    call = make_call(State.RINGING)
    assert endings.hung_up(call.id, None, at=NOW)
    call.refresh_from_db()
    assert (call.outcome, call.hangup_cause) == (Outcome.LOST, None)


@pytest.mark.parametrize("state", sorted(NOT_YET_DIALLED))
def test_a_hangup_that_comes_before_the_dial_is_not_the_calls_own(state: State) -> None:
    call = make_call(state)
    hung_up(call)
    assert (call.state, call.hung_up_at) == (state, None)


def test_a_talk_that_vanished_waits_for_the_gateway() -> None:
    call = make_call(State.TALKING)
    assert not endings.hung_up(call.id, None, at=NOW)
    over(call, "connection_lost")
    assert call.outcome == Outcome.DROPPED


def test_only_the_first_word_of_the_gateway_counts() -> None:
    call = make_call(State.TALKING)
    over(call, "agent_ended")
    over(call, "connection_lost")
    assert call.talk_over_cause == "agent_ended"
    assert call.events.filter(kind="talk_over").count() == 1


def test_another_gateway_cannot_end_a_talk() -> None:
    call = make_call(State.TALKING)
    talk.talk_over(call.id, gateway_id="gateway-2", cause="agent_ended", at=NOW)
    call.refresh_from_db()
    assert call.talk_over_at is None


def test_an_originate_that_made_no_channel_ends_the_call() -> None:
    call = make_call(State.DIALING)
    channels.not_placed(call.id, 0, at=NOW)
    call.refresh_from_db()
    assert (call.state, call.outcome) == (State.ENDED, Outcome.FAILED)


def test_a_call_whose_channel_lives_is_not_ended_by_a_refused_second_originate() -> None:
    call = make_call(State.DIALING)
    assert channels.appeared(call.id, "PJSIP/trunk-1")
    channels.not_placed(call.id, 0, at=NOW)
    call.refresh_from_db()
    assert (call.state, call.channel) == (State.DIALING, "PJSIP/trunk-1")


def test_channels_are_compared_with_calls() -> None:
    before = NOW - timedelta(minutes=1)
    lost = make_call(State.RINGING, dialing_at=before)
    there = make_call(State.RINGING, dialing_at=before)
    fresh, ended, queued = make_call(State.DIALING), make_call(State.ENDED), make_call()
    told_to_end = make_call(State.TALKING, hang_up_requested_at=NOW)
    present = {there.id, ended.id, queued.id, told_to_end.id}
    assert channels.gone(present, dialled_before=NOW - timedelta(seconds=5)) == [lost.id]
    assert set(channels.unwanted(present)) == {ended.id, queued.id, told_to_end.id}
    assert fresh.id not in channels.gone(present, dialled_before=NOW - timedelta(seconds=5))
