"""What is wanted: conversations, plans, campaigns, their tasks and reports."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from campaigns.planning.turns import WEIGHTS
from campaigns.states import CampaignStatus, TaskStatus
from opendeep.accounts.models import Organization, validate_time_zone


class Conversation(models.Model):
    """A chat of one user with the assistant, until its plan is confirmed."""

    class Status(models.TextChoices):
        NEW = "new", "New"
        CLARIFYING = "clarifying", "Clarifying"
        NEEDS_MORE_INFO = "needs_more_info", "Needs more information"
        PLAN_COMPLETE = "plan_complete", "Plan complete"
        EXECUTED = "executed", "Executed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="conversations")
    title = models.CharField(max_length=120, blank=True)
    status = models.CharField(max_length=16, choices=Status, default=Status.NEW)
    replying_since = models.DateTimeField(
        null=True, blank=True, help_text="Held by the one who asks the assistant; see campaigns.services.chat."
    )
    reply_error = models.CharField(max_length=300, blank=True, help_text="Why the last message has no answer yet.")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["-updated_at"]
        indexes = [models.Index(fields=["organization", "-updated_at"], name="conversation_of_organization")]

    def __str__(self) -> str:
        return self.title or str(self.id)


class Message(models.Model):
    """One turn of the chat. An assistant's turn may carry questions or a plan, a user's turn answers."""

    class Role(models.TextChoices):
        USER = "user", "User"
        ASSISTANT = "assistant", "Assistant"

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages")
    position = models.PositiveIntegerField()
    role = models.CharField(max_length=9, choices=Role)
    text = models.TextField(blank=True)
    reply_status = models.CharField(max_length=16, blank=True, help_text="What the assistant's turn said it is.")
    questions = models.JSONField(default=list, blank=True)
    answers = models.JSONField(default=dict, blank=True)
    plan = models.JSONField(null=True, blank=True)
    plan_revision = models.PositiveIntegerField(null=True, blank=True)
    model = models.CharField(max_length=60, blank=True)
    prompt_hash = models.CharField(max_length=64, blank=True)
    usage = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["conversation", "position"], name="one_message_per_position")]

    def __str__(self) -> str:
        return f"{self.role}: {self.text[:40]}"


class Campaign(models.Model):
    """A confirmed plan: one task for each contact. A plan for one person is a campaign of one task."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="campaigns")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="campaigns")
    conversation = models.OneToOneField(Conversation, on_delete=models.PROTECT, null=True, related_name="campaign")
    title = models.CharField(max_length=120)
    goal = models.TextField()
    plan = models.JSONField(help_text="The confirmed plan without its contacts, which are rows.")
    plan_revision = models.PositiveIntegerField(default=1)
    orchestration = models.JSONField(
        default=dict, help_text="Who made the tasks: the model, or the plan by rule and why."
    )
    status = models.CharField(
        max_length=9, choices=[(s.value, s.value) for s in CampaignStatus], default=CampaignStatus.RUNNING
    )
    status_reason = models.CharField(max_length=200, blank=True)
    starts_at = models.DateTimeField(null=True, blank=True, help_text="No call before; empty means at once.")
    ends_at = models.DateTimeField(null=True, blank=True, help_text="No call from then on.")
    recent_calls = models.JSONField(
        default=list, blank=True, help_text="Marks of the last judged calls since it was started or resumed."
    )
    canary_left = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="First calls that may still be made; then it is held until its owner has looked.",
    )
    priority = models.CharField(
        max_length=6, choices=[(name, name) for name in WEIGHTS], default="normal", help_text="See planning.turns."
    )
    dispatch_turn = models.FloatField(default=0, help_text="Where its last claim ended; see planning.turns.")
    last_claimed_at = models.DateTimeField(
        null=True, blank=True, help_text="When dispatch last took a task of it; the longest unserved comes first."
    )
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["organization", "-created_at"], name="campaign_of_organization"),
            models.Index(
                fields=["last_claimed_at"], condition=Q(status=CampaignStatus.RUNNING), name="campaign_running"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Contact(models.Model):
    """Somebody to be reached within a campaign."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="contacts")
    name = models.CharField(max_length=120, blank=True)
    number = models.CharField(max_length=16, help_text="E.164")
    time_zone = models.CharField(max_length=64, validators=[validate_time_zone])
    time_zone_told = models.BooleanField(
        default=False,
        help_text="Somebody told it; else it is a guess by the number, and the gate asks all zones of it.",
    )
    consent = models.CharField(max_length=200, blank=True, help_text="Where and when they agreed to be called.")
    variables = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "number"], name="one_contact_per_number")]

    def __str__(self) -> str:
        return self.name or self.number


class Task(models.Model):
    """What should be achieved with one contact."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE)
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="tasks")
    contact = models.OneToOneField(Contact, on_delete=models.CASCADE, related_name="task")
    position = models.PositiveIntegerField(default=0, help_text="Order within the campaign.")
    instructions = models.TextField()
    status = models.CharField(
        max_length=17, choices=[(s.value, s.value) for s in TaskStatus], default=TaskStatus.PENDING
    )
    next_action_at = models.DateTimeField(null=True, blank=True)
    next_action_reason = models.CharField(max_length=200, blank=True, help_text="Why it waits, in words.")
    attempts = models.PositiveIntegerField(default=0)
    max_attempts = models.PositiveIntegerField(default=3)
    current_call_id = models.UUIDField(null=True, blank=True, help_text="Its unfinished or not yet judged call.")
    conclusion_code = models.CharField(max_length=24, blank=True)
    conclusion = models.TextField(blank=True)
    result = models.JSONField(
        default=dict,
        blank=True,
        help_text="{call_id, summary, fields: [{field, label, value, verified, evidence_turns, call_id}]}",
    )
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["current_call_id"],
                condition=Q(current_call_id__isnull=False),
                name="one_task_per_call",
            ),
        ]
        indexes = [
            models.Index(
                fields=["campaign", "next_action_at", "position"],
                condition=Q(status=TaskStatus.PENDING),
                name="task_due",
            ),
            models.Index(fields=["campaign", "position"], name="task_of_campaign"),
            # Everything that selectors.figures_of counts, so that it need not read the rows.
            models.Index(fields=["campaign", "status", "attempts", "conclusion_code"], name="task_by_status"),
        ]

    def __str__(self) -> str:
        return f"{self.contact_id} {self.status}"


class TaskEvent(models.Model):
    """What happened to a task, in order. Written with the change that it describes."""

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField()
    kind = models.CharField(max_length=40)
    from_status = models.CharField(max_length=17, blank=True)
    to_status = models.CharField(max_length=17, blank=True)
    detail = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.kind} of {self.task_id}"


class Report(models.Model):
    """What came of a campaign: words by the summarizer, figures and table from the database."""

    class Kind(models.TextChoices):
        SO_FAR = "so_far", "So far"
        FINAL = "final", "Final"

    class Status(models.TextChoices):
        PENDING = "pending", "Being written"
        WRITTEN = "written", "Written"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="reports")
    kind = models.CharField(max_length=6, choices=Kind)
    status = models.CharField(max_length=7, choices=Status, default=Status.PENDING)
    created_at = models.DateTimeField()
    next_try_at = models.DateTimeField()
    tries = models.PositiveIntegerField(default=0)
    last_error = models.CharField(max_length=300, blank=True)
    written_at = models.DateTimeField(null=True, blank=True)
    headline = models.CharField(max_length=300, blank=True)
    markdown = models.TextField(blank=True)
    next_steps = models.JSONField(default=list, blank=True)
    figures = models.JSONField(default=dict, blank=True)
    table = models.JSONField(default=list, blank=True)
    model = models.CharField(max_length=60, blank=True)
    prompt_hash = models.CharField(max_length=64, blank=True)
    usage = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["campaign"], condition=Q(kind="final"), name="one_final_report"),
        ]
        indexes = [models.Index(fields=["next_try_at"], condition=Q(status="pending"), name="report_pending")]

    def __str__(self) -> str:
        return f"{self.kind} report on {self.campaign_id}"
