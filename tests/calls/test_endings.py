"""Classification of endings."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.endings import EndFacts, classify, classify_unplaced
from calls.states import Outcome

UNANSWERED = EndFacts(answered=False, talked=False, rang=False, ring_timed_out=False, hang_up_requested=False)
TALKED = replace(UNANSWERED, answered=True, talked=True)


@pytest.mark.parametrize("sip", [401, 407])
def test_a_trunk_that_refuses_our_account_is_no_callee_who_declines(sip: int) -> None:
    ending = classify(replace(UNANSWERED, cause=21, sip_status=sip))
    assert (ending.outcome, bool(ending.trunk_fault)) == (Outcome.FAILED, True)


@pytest.mark.parametrize("cause", [16, 21])
def test_a_network_that_forbids_the_call_before_it_rings_is_no_callee_who_declines(cause: int) -> None:
    facts = replace(UNANSWERED, cause=cause, sip_status=403)
    ending = classify(facts)
    assert (ending.outcome, ending.trunk_fault) == (Outcome.FAILED, False)
    assert "caller id" in ending.reason
    assert classify(replace(facts, rang=True)).outcome is Outcome.REJECTED
    assert classify(replace(facts, sip_status=603)).outcome is Outcome.REJECTED


@pytest.mark.parametrize(
    ("cause", "outcome"),
    [
        (17, Outcome.BUSY),
        (18, Outcome.NO_ANSWER),
        (19, Outcome.NO_ANSWER),
        (21, Outcome.REJECTED),
        (1, Outcome.UNREACHABLE),
        (3, Outcome.UNREACHABLE),
        (20, Outcome.UNREACHABLE),
        (22, Outcome.UNREACHABLE),
        (27, Outcome.UNREACHABLE),
        (28, Outcome.UNREACHABLE),
        (34, Outcome.UNREACHABLE),
        (38, Outcome.UNREACHABLE),
        (41, Outcome.UNREACHABLE),
        (0, Outcome.FAILED),
        (16, Outcome.FAILED),
        (88, Outcome.FAILED),
    ],
)
def test_before_the_answer_the_cause_tells(cause: int, outcome: Outcome) -> None:
    assert classify(replace(UNANSWERED, cause=cause)).outcome is outcome


@pytest.mark.parametrize(("sip", "outcome"), [(486, Outcome.BUSY), (603, Outcome.REJECTED), (404, Outcome.UNREACHABLE)])
def test_the_sip_status_tells_where_the_cause_does_not(sip: int, outcome: Outcome) -> None:
    assert classify(replace(UNANSWERED, cause=16, sip_status=sip)).outcome is outcome


def test_a_telling_cause_is_not_overruled_by_the_sip_status() -> None:
    assert classify(replace(UNANSWERED, cause=17, sip_status=603)).outcome is Outcome.BUSY


@pytest.mark.parametrize("cause", [0, 16, 127])
def test_a_ring_that_timed_out_is_no_answer(cause: int) -> None:
    assert classify(replace(UNANSWERED, cause=cause, rang=True, ring_timed_out=True)).outcome is Outcome.NO_ANSWER


@pytest.mark.parametrize("cause", [0, 16, 18, 19, 127])
def test_a_line_of_which_nothing_was_heard_until_the_timeout_is_unreachable(cause: int) -> None:
    facts = replace(UNANSWERED, cause=cause, sip_status=480, ring_timed_out=True)
    assert classify(facts).outcome is Outcome.UNREACHABLE


@pytest.mark.parametrize("cause", [27, 38, 41, 44])
def test_a_talk_that_the_line_cut_off_is_dropped_and_no_hang_up_of_the_callee(cause: int) -> None:
    assert classify(replace(TALKED, talk_over_cause="callee_hung_up", cause=cause)).outcome is Outcome.DROPPED


def test_a_call_that_was_told_to_end_while_ringing_is_cancelled() -> None:
    facts = replace(UNANSWERED, cause=127, sip_status=487, rang=True, hang_up_requested=True)
    assert classify(facts).outcome is Outcome.CANCELLED


def test_a_call_that_vanished_before_the_answer_is_lost() -> None:
    assert classify(UNANSWERED).outcome is Outcome.LOST


@pytest.mark.parametrize(
    ("over", "outcome"),
    [
        ("agent_ended", Outcome.COMPLETED),
        ("callee_hung_up", Outcome.COMPLETED),
        ("max_duration", Outcome.COMPLETED),
        ("connection_lost", Outcome.DROPPED),
        ("voice_lost", Outcome.DROPPED),
        ("voice_refused", Outcome.DROPPED),
        ("voice_failed", Outcome.DROPPED),
        ("", Outcome.DROPPED),
        ("something new", Outcome.DROPPED),
    ],
)
def test_after_the_talk_the_gateway_tells(over: str, outcome: Outcome) -> None:
    assert classify(replace(TALKED, cause=16, talk_over_cause=over)).outcome is outcome


def test_answered_without_audio_is_a_failure_of_ours() -> None:
    assert classify(replace(UNANSWERED, answered=True, cause=38)).outcome is Outcome.FAILED


def test_hanging_up_before_the_first_word_is_dropped() -> None:
    assert classify(replace(UNANSWERED, answered=True, cause=16)).outcome is Outcome.DROPPED


@pytest.mark.parametrize(("reason", "outcome"), [(0, Outcome.FAILED), (3, Outcome.NO_ANSWER), (5, Outcome.BUSY)])
def test_a_call_without_a_channel_is_told_by_originate(reason: int, outcome: Outcome) -> None:
    assert classify_unplaced(reason).outcome is outcome


@given(
    st.builds(
        EndFacts,
        answered=st.booleans(),
        talked=st.booleans(),
        rang=st.booleans(),
        ring_timed_out=st.booleans(),
        hang_up_requested=st.booleans(),
        talk_over_cause=st.text(max_size=24),
        cause=st.none() | st.integers(0, 999),
        sip_status=st.none() | st.integers(0, 999),
    )
)
def test_every_ending_has_an_outcome_and_words(facts: EndFacts) -> None:
    ending = classify(facts)
    assert ending.reason.endswith(".")
    assert (ending.outcome in {Outcome.COMPLETED, Outcome.DROPPED}) or not facts.talked


def test_a_talk_with_a_machine_is_a_voicemail() -> None:
    assert classify(replace(TALKED, talk_over_cause="voicemail", cause=16)).outcome is Outcome.VOICEMAIL


def test_a_talk_in_which_nobody_spoke_any_more_is_completed() -> None:
    assert classify(replace(TALKED, talk_over_cause="silence", cause=16)).outcome is Outcome.COMPLETED
