"""Questions of agents to their owner over HTTP, for one organization."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from calls.questions.models import ANSWER_AT_MOST, Question
from calls.questions.selectors import questions_of_organization, waiting_questions
from calls.questions.service import answer_question, dismiss_question
from opendeep.accounts.rest import person, tenant
from opendeep.core.clock import now
from opendeep.core.rest import validated


class QuestionOutput(serializers.ModelSerializer[Question]):
    contact_name = serializers.CharField(source="call.contact_name")
    number = serializers.CharField(source="call.number")
    answered_by = serializers.SerializerMethodField()

    class Meta:
        model = Question
        fields = [
            "id",
            "call_id",
            "contact_name",
            "number",
            "text",
            "status",
            "asked_at",
            "deadline",
            "answer",
            "answered_by",
            "answered_at",
        ]

    @extend_schema_field(serializers.CharField())
    def get_answered_by(self, question: Question) -> str:
        return str(question.answered_by or "")


class QuestionFilter(serializers.Serializer[Any]):
    waiting = serializers.BooleanField(
        required=False, default=False, help_text="Only those that can still be answered, the most urgent first."
    )


class AnswerInput(serializers.Serializer[Any]):
    answer = serializers.CharField(
        max_length=ANSWER_AT_MOST, help_text="Said to the callee by the agent, in its own words."
    )


@extend_schema(parameters=[QuestionFilter], tags=["questions"])
class QuestionList(ListAPIView[Question]):
    """What agents have asked, the latest first. An `open` one is waited for by a callee on the line."""

    serializer_class = QuestionOutput
    queryset = Question.objects.none()  # for the schema

    def get_queryset(self) -> QuerySet[Question]:
        wanted = QuestionFilter(data=self.request.query_params)
        wanted.is_valid(raise_exception=True)
        organization_id = tenant(self.request).pk
        if wanted.validated_data["waiting"]:
            return waiting_questions(organization_id)
        return questions_of_organization(organization_id)


class Answer(APIView):
    @extend_schema(request=AnswerInput, responses=QuestionOutput, tags=["questions"])
    def post(self, request: Request, question_id: UUID) -> Response:
        """Answers the agent on the telephone; after the deadline, the next call knows it. The first answer counts."""
        organization_id = tenant(request).pk
        given = validated(AnswerInput, request)
        answer_question(organization_id, question_id, given["answer"], by=person(request), at=now())
        return _shown(organization_id, question_id)


class Dismiss(APIView):
    @extend_schema(request=None, responses=QuestionOutput, tags=["questions"])
    def post(self, request: Request, question_id: UUID) -> Response:
        """Goes on without an answer: the agent is told so, and a task that waits for it fails for that reason."""
        organization_id = tenant(request).pk
        dismiss_question(organization_id, question_id, by=person(request), at=now())
        return _shown(organization_id, question_id)


def _shown(organization_id: UUID, question_id: UUID) -> Response:
    return Response(QuestionOutput(questions_of_organization(organization_id).get(pk=question_id)).data)
