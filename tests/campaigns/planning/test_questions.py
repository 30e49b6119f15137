from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from campaigns.planning.questions import Question, QuestionType, check_answers
from opendeep.core.errors import DomainError


def question(kind: QuestionType, **fields: Any) -> Question:
    return Question(field="it", question="What is it?", type=kind, **fields)


def refused(questions: list[Question], answers: dict[str, Any]) -> DomainError:
    with pytest.raises(DomainError) as caught:
        check_answers(questions, answers)
    return caught.value


@pytest.mark.parametrize(
    ("kind", "given_answer", "kept"),
    [
        ("text", "  Dr. Miller ", "Dr. Miller"),
        ("phone", "+1 202 555 0100", "+12025550100"),
        ("number", 12, "12"),
        ("number", "2.5", "2.5"),
        ("date", "2026-11-27", "2026-11-27"),
        ("time", "10:00", "10:00"),
        ("datetime", "2026-11-27T10:00", "2026-11-27T10:00"),
    ],
)
def test_good_answers_are_kept_in_their_normal_form(kind: QuestionType, given_answer: object, kept: str) -> None:
    assert check_answers([question(kind)], {"it": given_answer}) == {"it": kept}


@pytest.mark.parametrize(
    ("kind", "given_answer", "words"),
    [
        ("phone", "twelve", "“twelve” is not a telephone number"),
        ("number", "a few", "Write a number, like 12 or 2.5."),
        ("number", "NaN", "Write a number, like 12 or 2.5."),
        ("date", "Friday", "Write a date like 2026-11-27."),
        ("time", "at ten", "Write a time like 10:00."),
        ("datetime", "soon", "Write date and time like 2026-11-27T10:00."),
        ("text", "x" * 501, "This is too long: at most 500 characters."),
        ("text", ["a", "list"], "Answer with a text or a number."),
        ("text", True, "Answer with a text or a number."),
    ],
)
def test_wrong_answers_are_refused_with_words_for_their_field(
    kind: QuestionType, given_answer: object, words: str
) -> None:
    error = refused([question(kind)], {"it": given_answer})
    assert error.code == "bad_answers"
    assert error.fields["it"][0].startswith(words)


def test_answers_to_questions_that_were_not_asked_are_refused() -> None:
    error = refused([question("text")], {"it": "x", "password": "x"})
    assert error.code == "unknown_answers"
    assert list(error.fields) == ["password"]


def test_answers_are_refused_when_nothing_was_asked() -> None:
    assert "No questions are open" in refused([], {"it": "x"}).message


@pytest.mark.parametrize("answers", [{}, {"it": ""}, {"it": "   "}, {"it": None}])
def test_a_required_question_must_be_answered(answers: dict[str, Any]) -> None:
    assert refused([question("text")], answers).fields == {"it": ["Please answer this question."]}


def test_an_optional_question_may_stay_empty() -> None:
    assert check_answers([question("date", required=False)], {"it": ""}) == {}


def test_a_choice_takes_only_its_options() -> None:
    choice = question("choice", options=["morning", "evening"])
    assert check_answers([choice], {"it": "evening"}) == {"it": "evening"}
    assert refused([choice], {"it": "noon"}).fields == {"it": ["Choose one of: morning, evening."]}


def test_a_choice_without_options_is_no_question() -> None:
    with pytest.raises(ValidationError, match="A choice needs options"):
        question("choice")


@given(kind=st.sampled_from(["text", "phone", "number", "date", "time", "datetime"]), answer=st.text(max_size=40))
def test_any_text_is_an_answer_or_a_clear_error(kind: QuestionType, answer: str) -> None:
    try:
        kept = check_answers([question(kind, required=False)], {"it": answer})
    except DomainError as error:
        assert error.fields["it"]
    else:
        assert check_answers([question(kind, required=False)], kept) == kept
