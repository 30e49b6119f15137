"""The API's shapes of conversations, campaigns, tasks and reports."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from calls.contracts import DecisionView
from campaigns.models import Campaign, Contact, Report, Task, TaskEvent
from campaigns.planning.turns import WEIGHTS
from campaigns.reporting.words import safe_html
from campaigns.selectors import Attempt, TaskFigures, latest_decision
from campaigns.states import CampaignStatus, TaskStatus

TASK_STATUSES = [status.value for status in TaskStatus]
CAMPAIGN_STATUSES = [status.value for status in CampaignStatus]

# --- The chat -------------------------------------------------------------------------------------


class ChatInput(serializers.Serializer[Any]):
    """A message or the answers to the last questions. With only `conversation_id` the assistant is asked again."""

    conversation_id = serializers.UUIDField(required=False, allow_null=True)
    message = serializers.CharField(required=False, allow_blank=True, allow_null=True, trim_whitespace=False)
    answers = serializers.DictField(required=False, allow_null=True, child=serializers.JSONField(allow_null=True))


class UncallableOutput(serializers.Serializer[Any]):
    name = serializers.CharField(allow_blank=True)
    phone = serializers.CharField()
    rule = serializers.CharField(help_text="Of the compliance gate, like do_not_call or destination.")
    why = serializers.CharField(help_text="In words.")


class OfPlan(serializers.Serializer[Any]):
    """`context["cannot_be_called"]` holds whom the plan can never reach."""

    cannot_be_called = serializers.SerializerMethodField(
        help_text="People of the plan who can never be called, and why; of a very long plan the first ones."
    )

    @extend_schema_field(UncallableOutput(many=True))
    def get_cannot_be_called(self, _: Any) -> Any:
        return UncallableOutput(self.context["cannot_be_called"], many=True).data


class ChatOutput(OfPlan):
    conversation_id = serializers.UUIDField()
    status = serializers.CharField(help_text="clarifying, needs_more_info or plan_complete")
    assistant_response = serializers.CharField(source="message")
    questions = serializers.JSONField(help_text="The form: field, question, type, options, required, suggestion.")
    campaign_plan = serializers.JSONField(source="plan", allow_null=True)
    plan_revision = serializers.IntegerField(allow_null=True)


class ExecuteInput(serializers.Serializer[Any]):
    conversation_id = serializers.UUIDField()
    campaign_plan = serializers.JSONField(
        required=False, allow_null=True, help_text="The plan, as it was answered or changed. Left out: the latest."
    )


class ExecuteOutput(OfPlan):
    campaign_id = serializers.UUIDField()
    task_count = serializers.IntegerField()


# --- Tasks ----------------------------------------------------------------------------------------


class ContactOutput(serializers.ModelSerializer[Contact]):
    class Meta:
        model = Contact
        fields = ["id", "name", "number", "time_zone", "time_zone_told", "consent", "variables"]


class TaskOutput(serializers.ModelSerializer[Task]):
    contact = ContactOutput()

    class Meta:
        model = Task
        fields = [
            "id",
            "campaign_id",
            "contact",
            "position",
            "status",
            "attempts",
            "max_attempts",
            "next_action_at",
            "next_action_reason",
            "current_call_id",
            "conclusion_code",
            "conclusion",
            "result",
            "created_at",
            "updated_at",
        ]


class TaskEventOutput(serializers.ModelSerializer[TaskEvent]):
    class Meta:
        model = TaskEvent
        fields = ["at", "kind", "from_status", "to_status", "detail"]


class ResultOutput(serializers.Serializer[Any]):
    field = serializers.CharField()
    value = serializers.CharField()
    evidence_turns = serializers.ListField(child=serializers.IntegerField())
    verified = serializers.BooleanField()


class VerdictOutput(serializers.Serializer[Any]):
    """Every claim cites turns of the callee in the call's transcript."""

    task_completed = serializers.BooleanField()
    reason = serializers.CharField()
    summary = serializers.CharField()
    next_call_needed = serializers.BooleanField()
    next_call_at = serializers.DateTimeField(allow_null=True)
    next_instructions = serializers.CharField()
    do_not_call_requested = serializers.BooleanField()
    results = ResultOutput(many=True)
    evidence_turns = serializers.ListField(child=serializers.IntegerField())
    method = serializers.CharField(help_text="model or rule")
    judged_at = serializers.DateTimeField()


class AttemptOutput(serializers.Serializer[Attempt]):
    id = serializers.UUIDField(source="call.id")
    attempt = serializers.IntegerField(source="call.attempt")
    state = serializers.CharField(source="call.state")
    outcome = serializers.CharField(source="call.outcome")
    end_reason = serializers.CharField(source="call.end_reason")
    created_at = serializers.DateTimeField(source="call.created_at")
    answered_at = serializers.DateTimeField(source="call.answered_at", allow_null=True)
    ended_at = serializers.DateTimeField(source="call.ended_at", allow_null=True)
    talk_ms = serializers.IntegerField(source="call.talk_ms")
    callee_kind = serializers.CharField(
        source="call.callee_kind", help_text="unknown, person, voicemail, menu, fax or silence"
    )
    message_left = serializers.BooleanField(source="call.message_left", help_text="On a voicemail.")
    verdict = VerdictOutput(allow_null=True)


class TaskDecisionOutput(serializers.Serializer[DecisionView]):
    decision = serializers.CharField(help_text="allow, defer, deny, or wait (for a line, a gateway, a voice ...)")
    rule = serializers.CharField(
        help_text="Which rule said so, or what is waited for; empty when the task itself waits."
    )
    why = serializers.CharField(help_text="In words.")
    until = serializers.DateTimeField(allow_null=True, help_text="When it is looked at again.")
    at = serializers.DateTimeField()


class TaskDetailOutput(TaskOutput):
    """`context["attempts"]` holds the task's attempts."""

    decision = serializers.SerializerMethodField(help_text="Why it is or is not called: the latest word.")
    events = TaskEventOutput(many=True)
    calls = serializers.SerializerMethodField(help_text="The attempts so far, oldest first.")

    class Meta(TaskOutput.Meta):
        fields = [*TaskOutput.Meta.fields, "instructions", "decision", "events", "calls"]

    @extend_schema_field(TaskDecisionOutput(allow_null=True))
    def get_decision(self, task: Task) -> Any:
        decision = latest_decision(task, self.context["attempts"])
        return TaskDecisionOutput(decision).data if decision else None

    @extend_schema_field(AttemptOutput(many=True))
    def get_calls(self, task: Task) -> Any:
        return AttemptOutput(self.context["attempts"], many=True).data


class TaskFilter(serializers.Serializer[Any]):
    campaign = serializers.UUIDField(required=False, help_text="Only tasks of this campaign.")
    status = serializers.ChoiceField(required=False, choices=TASK_STATUSES)


# --- Campaigns ------------------------------------------------------------------------------------


class FiguresOutput(serializers.Serializer[TaskFigures]):
    total = serializers.IntegerField()
    open = serializers.IntegerField()
    done = serializers.IntegerField(help_text="completed, failed or cancelled")
    pending = serializers.IntegerField()
    in_progress = serializers.IntegerField()
    pending_analysis = serializers.IntegerField()
    pending_user_info = serializers.IntegerField()
    on_hold = serializers.IntegerField()
    completed = serializers.IntegerField()
    failed_conclusive = serializers.IntegerField()
    cancelled = serializers.IntegerField()
    do_not_call = serializers.IntegerField()
    again = serializers.IntegerField(help_text="pending, and called before")
    calls = serializers.IntegerField()


class CampaignOutput(serializers.ModelSerializer[Campaign]):
    """`context["figures"]` maps the ids of all shown campaigns to their figures."""

    figures = serializers.SerializerMethodField()

    class Meta:
        model = Campaign
        fields = [
            "id",
            "title",
            "goal",
            "status",
            "status_reason",
            "priority",
            "conversation_id",
            "starts_at",
            "ends_at",
            "created_at",
            "finished_at",
            "figures",
        ]

    @extend_schema_field(FiguresOutput)
    def get_figures(self, campaign: Campaign) -> Any:
        return FiguresOutput(self.context["figures"][campaign.pk]).data


class PriorityInput(serializers.Serializer[Any]):
    priority = serializers.ChoiceField(choices=list(WEIGHTS))


class OutageOutput(serializers.Serializer[Any]):
    """No call goes out now, because the line is out of order."""

    since = serializers.DateTimeField()
    until = serializers.DateTimeField(help_text="When a few calls try it again.")
    reason = serializers.CharField()


class CampaignDetailOutput(CampaignOutput):
    outage = serializers.SerializerMethodField()
    hindrances = serializers.SerializerMethodField(help_text="Settings because of which no call goes out, in words.")
    tasks = serializers.SerializerMethodField(help_text="The first 100; all of them by /api/tasks/?campaign=.")

    class Meta(CampaignOutput.Meta):
        fields = [
            *CampaignOutput.Meta.fields,
            "plan",
            "plan_revision",
            "orchestration",
            "outage",
            "hindrances",
            "tasks",
        ]

    @extend_schema_field(OutageOutput(allow_null=True))
    def get_outage(self, campaign: Campaign) -> Any:
        outage = self.context["outage"]
        return OutageOutput(outage).data if outage else None

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_hindrances(self, campaign: Campaign) -> Any:
        return self.context["hindrances"]

    @extend_schema_field(TaskOutput(many=True))
    def get_tasks(self, campaign: Campaign) -> Any:
        return TaskOutput(self.context["tasks"], many=True).data


# --- Reports --------------------------------------------------------------------------------------


class ReportOutput(serializers.ModelSerializer[Report]):
    html = serializers.SerializerMethodField(help_text="`markdown` as safe HTML.")

    class Meta:
        model = Report
        fields = [
            "id",
            "campaign_id",
            "kind",
            "status",
            "created_at",
            "written_at",
            "tries",
            "last_error",
            "headline",
            "markdown",
            "html",
            "next_steps",
            "figures",
            "table",
        ]

    def get_html(self, report: Report) -> str:
        return safe_html(report.markdown)
