"""A question of the agent to its owner."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from calls.questions.states import WAITING, QuestionStatus
from opendeep.accounts.models import Organization

TEXT_AT_MOST = 500
ANSWER_AT_MOST = 1_000


class Question(models.Model):
    """Asked while the callee waits. calls.questions.service is the only writer."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="questions")
    call = models.ForeignKey("calls.Call", on_delete=models.CASCADE, related_name="questions")
    command_id = models.CharField(max_length=64, help_text="The agent's tool call: repeated, it is the same question.")
    text = models.CharField(max_length=TEXT_AT_MOST)
    status = models.CharField(
        max_length=16, choices=[(s.value, s.value) for s in QuestionStatus], default=QuestionStatus.OPEN
    )
    asked_at = models.DateTimeField()
    deadline = models.DateTimeField(help_text="So long the agent waits with the callee on the line.")
    answer = models.TextField(blank=True, max_length=ANSWER_AT_MOST)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-asked_at"]
        constraints = [models.UniqueConstraint(fields=["call", "command_id"], name="one_question_per_tool_call")]
        indexes = [
            models.Index(fields=["organization", "-asked_at"], name="question_of_organization"),
            models.Index(
                fields=["organization", "asked_at"],
                condition=Q(status__in=sorted(WAITING)),
                name="question_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.status}: {self.text[:40]}"
