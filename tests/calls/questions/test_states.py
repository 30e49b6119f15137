import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.questions.states import TRANSITIONS, UNANSWERED, WAITING, QuestionSignal, QuestionStatus, next_status


@pytest.mark.parametrize(
    ("signals", "status"),
    [
        (["answer"], "answered"),
        (["expire", "answer"], "answered_late"),
        (["withdraw", "answer"], "answered_late"),
        (["expire", "dismiss"], "dismissed"),
        (["dismiss"], "dismissed"),
    ],
)
def test_the_ways_of_a_question(signals: list[str], status: str) -> None:
    assert way(map(QuestionSignal, signals)) == status


@given(st.lists(st.sampled_from(QuestionSignal), max_size=6))
def test_what_was_answered_or_dismissed_stays_so(signals: list[QuestionSignal]) -> None:
    status = QuestionStatus.OPEN
    for signal in signals:
        after = next_status(status, signal)
        assert after is None or status in WAITING
        status = after or status


def test_an_answer_counts_exactly_while_somebody_waits_for_it() -> None:
    assert {status for status, edges in TRANSITIONS.items() if QuestionSignal.ANSWER in edges} == WAITING
    assert {QuestionStatus.OPEN} == WAITING - UNANSWERED


def way(signals: "map[QuestionSignal]") -> QuestionStatus:
    status = QuestionStatus.OPEN
    for signal in signals:
        after = next_status(status, signal)
        assert after is not None
        status = after
    return status
