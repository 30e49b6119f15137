"""The judgement of an ended call."""

import uuid

from django.db import models
from django.db.models import Q

from opendeep.accounts.models import Organization


class Verdict(models.Model):
    """One per ended call: created pending with the fact that the call ended, judged exactly once."""

    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
        JUDGED = "judged", "Judged"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE)
    call = models.OneToOneField("calls.Call", on_delete=models.CASCADE, related_name="verdict")
    origin = models.CharField(max_length=80)
    status = models.CharField(max_length=8, choices=Status, default=Status.PENDING)
    created_at = models.DateTimeField()
    next_try_at = models.DateTimeField()
    tries = models.PositiveIntegerField(default=0)
    refusals = models.PositiveIntegerField(default=0, help_text="Tries that the model answered with something useless.")
    last_error = models.CharField(max_length=300, blank=True, help_text="Why it is not judged yet, in words.")

    judged_at = models.DateTimeField(null=True, blank=True)
    method = models.CharField(max_length=8, blank=True, help_text="model or rule")
    task_completed = models.BooleanField(default=False)
    reason = models.TextField(blank=True)
    summary = models.TextField(blank=True)
    next_call_needed = models.BooleanField(default=False)
    next_call_at = models.DateTimeField(null=True, blank=True)
    next_instructions = models.TextField(blank=True)
    do_not_call_requested = models.BooleanField(default=False)
    results = models.JSONField(default=list, help_text="[{field, value, evidence_turns, verified}]")
    evidence_turns = models.JSONField(default=list)
    model = models.CharField(max_length=60, blank=True)
    prompt_hash = models.CharField(max_length=64, blank=True)
    usage = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["next_try_at"], condition=Q(status="pending"), name="verdict_pending")]

    def __str__(self) -> str:
        return f"Verdict on {self.call_id}: {self.status}"
