"""Reads of questions to the owner. What belongs to a tenant is read for one organization."""

from uuid import UUID

from django.db.models import Case, QuerySet, When

from calls.questions.contracts import QuestionView
from calls.questions.models import Question
from calls.questions.states import WAITING, QuestionStatus


def questions_of_organization(organization_id: UUID) -> QuerySet[Question]:
    """The latest first, each with its call and who answered."""
    questions = Question.objects.filter(organization=organization_id).select_related("call", "answered_by")
    return questions.order_by("-asked_at")


def waiting_questions(organization_id: UUID) -> QuerySet[Question]:
    """Those that can still be answered: first where a callee waits on the line, the oldest first."""
    urgent_first = Case(When(status=QuestionStatus.OPEN, then=0), default=1)
    return questions_of_organization(organization_id).filter(status__in=WAITING).order_by(urgent_first, "asked_at")


def question_of_tool_call(call_id: UUID, command_id: str) -> QuestionView | None:
    """None while the question is not written yet."""
    question = Question.objects.filter(call=call_id, command_id=command_id).select_related("call").first()
    return to_view(question) if question else None


def questions_of_origin(origin: str) -> list[QuestionView]:
    """Of all calls for one origin, the oldest first."""
    questions = Question.objects.filter(call__origin=origin).select_related("call").order_by("asked_at")
    return [to_view(question) for question in questions]


def to_view(question: Question) -> QuestionView:
    return QuestionView(
        id=question.pk,
        call_id=question.call_id,
        origin=question.call.origin,
        text=question.text,
        status=question.status,
        asked_at=question.asked_at,
        deadline=question.deadline,
        answer=question.answer,
        answered_at=question.answered_at,
    )
