"""The API's shapes of calls, their transcripts and events, and of the do-not-call list."""

from typing import Any

from rest_framework import serializers

from calls.contracts import EventView, TurnView
from calls.models import Call, DoNotCall


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
        ]


class CallDetailOutput(CallOutput):
    class Meta(CallOutput.Meta):
        fields = [*CallOutput.Meta.fields, "brief", "figures"]


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


class DoNotCallOutput(serializers.ModelSerializer[DoNotCall]):
    everybody = serializers.SerializerMethodField(help_text="It counts for all organizations.")

    class Meta:
        model = DoNotCall
        fields = ["number", "reason", "source", "call_id", "created_at", "everybody"]

    def get_everybody(self, row: DoNotCall) -> bool:
        return row.organization_id is None
