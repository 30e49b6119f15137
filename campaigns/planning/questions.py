"""The assistant's form: what it may ask, and how answers are checked. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from campaigns.planning.fields import SnakeCase, Value, complaint
from opendeep.core.errors import DomainError
from opendeep.core.phone import parse_number

QuestionType = Literal["text", "textarea", "choice", "date", "time", "datetime", "phone", "number"]

LENGTHS = {"text": 500, "textarea": 10_000}
EXAMPLES = {
    "date": "a date like 2026-11-27",
    "time": "a time like 10:00",
    "datetime": "date and time like 2026-11-27T10:00",
}


class Question(Value):
    """One field of the form. `suggestion` is what the assistant would answer itself."""

    field: SnakeCase
    question: Annotated[str, StringConstraints(min_length=1, max_length=500)]
    type: QuestionType = "text"
    options: Annotated[
        tuple[Annotated[str, StringConstraints(min_length=1, max_length=200)], ...], Field(max_length=50)
    ] = ()
    required: bool = True
    suggestion: str | None = None

    @model_validator(mode="after")
    def _has_options_when_a_choice(self) -> "Question":
        if self.type == "choice" and not self.options:
            raise complaint("A choice needs options.")
        return self


def check_answers(questions: Sequence[Question], answers: Mapping[str, Any]) -> dict[str, str]:
    """`answers` in their normal form (E.164, ISO), without the empty ones.

    Raises DomainError: "unknown_answers" for fields that were not asked, "bad_answers" for wrong or missing ones.
    """
    asked = {question.field: question for question in questions}
    unknown = [field for field in answers if field not in asked]
    if unknown:
        raise DomainError(
            "unknown_answers",
            "There are answers to questions that were not asked. Answer the questions of the last reply."
            if asked
            else "No questions are open here. Send a message instead of answers.",
            {field[:80]: ["This was not asked."] for field in unknown[:20]},
        )
    good: dict[str, str] = {}
    wrong: dict[str, list[str]] = {}
    for field, question in asked.items():
        try:
            value = _checked(question, answers.get(field))
        except ValueError as error:
            wrong[field] = [str(error)]
        else:
            if value:
                good[field] = value
    if wrong:
        raise DomainError("bad_answers", "Some answers are missing or wrong.", wrong)
    return good


def _checked(question: Question, given: Any) -> str:
    """One answer in its normal form, empty when there is none. Raises ValueError with words for people."""
    if isinstance(given, bool) or not isinstance(given, str | int | float | None):
        raise ValueError("Answer with a text or a number.")
    answer = "" if given is None else str(given).strip()
    if not answer:
        if question.required:
            raise ValueError("Please answer this question.")
        return ""
    if question.type in LENGTHS:
        return _short_enough(answer, LENGTHS[question.type])
    if question.type == "choice":
        return _one_of(question.options, answer)
    if question.type == "phone":
        return _phone(answer)
    if question.type == "number":
        return _number(answer)
    return _moment(question.type, answer)


def _short_enough(answer: str, at_most: int) -> str:
    if len(answer) > at_most:
        raise ValueError(f"This is too long: at most {at_most} characters.")
    return answer


def _one_of(options: Sequence[str], answer: str) -> str:
    if answer not in options:
        raise ValueError(f"Choose one of: {', '.join(options)}.")
    return answer


def _phone(answer: str) -> str:
    try:
        return parse_number(answer)
    except DomainError as error:
        raise ValueError(error.message) from None


def _number(answer: str) -> str:
    try:
        value = Decimal(answer)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or len(answer) > 30:
        raise ValueError("Write a number, like 12 or 2.5.")
    return answer


def _moment(kind: str, answer: str) -> str:
    parsers = {"date": date.fromisoformat, "time": time.fromisoformat, "datetime": datetime.fromisoformat}
    try:
        parsers[kind](answer)
    except ValueError:
        raise ValueError(f"Write {EXAMPLES[kind]}.") from None
    return answer
