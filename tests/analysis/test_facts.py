from hypothesis import given
from hypothesis import strategies as st

from analysis.facts import evidence, machine_alone, measure
from calls.contracts import CallView, EventView, TurnView, VoicemailPolicy
from calls.models import Call
from calls.selectors import to_view
from tests.factories import NOW, make_brief


def turn(number: int, speaker: str, text: str, ended_ms: int | None = 1500) -> TurnView:
    return TurnView(number, speaker, text, text, 500, ended_ms, interrupted=False)


def test_only_words_of_the_callee_count() -> None:
    facts = measure(
        [
            turn(1, "agent", "Hello?"),
            turn(2, "callee", "…"),
            turn(3, "system", "Beep"),
            turn(4, "callee", "Yes, of course."),
        ]
    )
    assert facts.callee_turns == {4}
    assert (facts.callee_words, facts.callee_talk_ms) == (3, 1000)
    assert facts.callee_spoke


def test_words_of_any_script_count() -> None:
    assert measure([turn(1, "callee", "はい")]).callee_spoke


def test_a_call_without_words_of_the_callee_is_silent() -> None:
    assert not measure([turn(1, "agent", "Hello?"), turn(2, "callee", " -- ")]).callee_spoke
    assert not measure([]).callee_spoke


def test_a_turn_that_never_ended_has_no_length() -> None:
    assert measure([turn(1, "callee", "Yes", ended_ms=None)]).callee_talk_ms == 0


@given(st.lists(st.integers(-5, 20), max_size=10))
def test_evidence_is_never_more_than_turns_of_the_callee(cited: list[int]) -> None:
    facts = measure([turn(1, "agent", "Hello?"), turn(2, "callee", "Yes"), turn(3, "callee", "Ten")])
    assert evidence(cited, facts) == tuple(sorted({2, 3} & set(cited)))


GREETING = "Please leave a message after the tone."


def at_a_machine(outcome: str, kind: str, *, voicemail: VoicemailPolicy = "leave_message") -> CallView:
    call = Call(outcome=outcome, callee_kind=kind, brief=make_brief(voicemail=voicemail).to_json())
    return to_view(call)


def became(*kinds: str) -> list[EventView]:
    return [EventView(NOW, "callee_kind", "gateway", "", "", {"kind": kind, "why": "signs"}) for kind in kinds]


def test_what_a_machine_plays_is_judged_by_nobody() -> None:
    assert machine_alone(at_a_machine("voicemail", "voicemail"), became("voicemail")) == "voicemail"
    assert machine_alone(at_a_machine("unreachable", "fax"), became("voicemail", "fax")) == "fax"


def test_a_person_who_was_there_before_the_machine_is_listened_to() -> None:
    assert machine_alone(at_a_machine("voicemail", "voicemail"), became("person", "voicemail")) == ""


def test_what_the_owner_instructs_about_voicemails_is_for_the_analyst() -> None:
    call = at_a_machine("voicemail", "voicemail", voicemail="as_instructed")
    assert machine_alone(call, became("voicemail")) == ""


def test_a_talk_is_no_machine() -> None:
    assert machine_alone(at_a_machine("completed", "person"), became("person")) == ""
