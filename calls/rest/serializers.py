"""The API's shapes of calls, their transcripts and events, and of the do-not-call list."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from calls.contracts import DecisionView, EventView, TurnView
from calls.models import Call, DoNotCall
from calls.selectors import decision_of
from calls.services.do_not_call_file import Problem


class CallOutput(serializers.ModelSerializer[Call]):
    class Meta:
        model = Call
        fields = [
            "id",
            "origin",
            "attempt",
            "number",
            "contact_name",
            "time_zone",
            "state",
            "outcome",
            "end_reason",
            "not_before",
            "created_at",
            "dialing_at",
            "ringing_at",
            "answered_at",
            "talking_at",
            "ended_at",
            "hangup_cause",
            "hangup_cause_text",
            "sip_cause",
            "talk_ms",
            "cost_microcents",
            "callee_kind",
            "message_left",
        ]


class DecisionOutput(serializers.Serializer[DecisionView]):
    decision = serializers.CharField(help_text="allow, defer, deny, or wait (for a line, a gateway, a voice ...)")
    rule = serializers.CharField(help_text="Which rule of the gate said so, or what is waited for.")
    why = serializers.CharField(help_text="In words.")
    until = serializers.DateTimeField(allow_null=True, help_text="When it is looked at again.")
    at = serializers.DateTimeField()


class CallDetailOutput(CallOutput):
    decision = serializers.SerializerMethodField(help_text="Why it is or is not dialled: the latest word.")

    class Meta(CallOutput.Meta):
        fields = [*CallOutput.Meta.fields, "time_zone_told", "consent", "decision", "brief", "figures"]

    @extend_schema_field(DecisionOutput(allow_null=True))
    def get_decision(self, call: Call) -> Any:
        decision = decision_of(call.pk)
        return DecisionOutput(decision).data if decision else None


class TurnOutput(serializers.Serializer[TurnView]):
    turn = serializers.IntegerField(help_text="The place in the conversation, from 1.")
    speaker = serializers.CharField(help_text="callee, agent or system")
    text = serializers.CharField()
    heard_text = serializers.CharField(help_text="What the other side can have heard of it.")
    started_ms = serializers.IntegerField(help_text="After the answer.")
    ended_ms = serializers.IntegerField(allow_null=True)
    interrupted = serializers.BooleanField()


class TranscriptOutput(serializers.Serializer[Any]):
    call_id = serializers.UUIDField()
    turns = TurnOutput(many=True)


class EventOutput(serializers.Serializer[EventView]):
    at = serializers.DateTimeField()
    kind = serializers.CharField()
    source = serializers.CharField(help_text="engine, gateway, pbx, agent or owner")  # type: ignore[assignment]
    from_state = serializers.CharField()
    to_state = serializers.CharField()
    detail = serializers.JSONField()


class EventsOutput(serializers.Serializer[Any]):
    call_id = serializers.UUIDField()
    events = EventOutput(many=True)


class DoNotCallInput(serializers.Serializer[Any]):
    number = serializers.CharField(max_length=40, help_text="With country code, like +12025550100.")
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class DoNotCallFileInput(serializers.Serializer[Any]):
    file = serializers.FileField(help_text="CSV in UTF-8 with the columns number and, if you like, reason.")


class ProblemOutput(serializers.Serializer[Problem]):
    line = serializers.IntegerField()
    message = serializers.CharField()


class ImportedOutput(serializers.Serializer[Any]):
    added = serializers.IntegerField()
    known = serializers.IntegerField(help_text="On the list already.")
    refused = serializers.IntegerField(help_text="Lines that are no numbers.")
    problems = ProblemOutput(many=True, help_text="The first 100 of them.")


class DoNotCallOutput(serializers.ModelSerializer[DoNotCall]):
    everybody = serializers.SerializerMethodField(help_text="It counts for all organizations.")

    class Meta:
        model = DoNotCall
        fields = ["number", "reason", "source", "call_id", "created_at", "everybody"]

    def to_representation(self, instance: DoNotCall) -> dict[str, Any]:
        """What was noted of a number that counts for everybody is the operators' business."""
        shown = super().to_representation(instance)
        return shown if instance.organization_id else {**shown, "reason": "", "source": "", "call_id": None}

    def get_everybody(self, row: DoNotCall) -> bool:
        return row.organization_id is None
