from hypothesis import given
from hypothesis import strategies as st

from analysis.facts import evidence, measure
from calls.contracts import TurnView


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
