"""Operators look at calls here; what the engine decides is read-only."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest

from calls.models import Call, CallEvent, CallGroup, CallingHours, DoNotCall, Recording, StrayChannel, Turn, Usage
from calls.questions.models import Question
from calls.services.do_not_call import add_do_not_call
from calls.states import Outcome
from calls.trunks.admin import TrunkAdmin
from opendeep.core.changed_fields import SavesChangedFields
from opendeep.core.clock import now
from opendeep.core.errors import DomainError
from opendeep.core.phone import parse_number

__all__ = ["TrunkAdmin"]


class ReadOnly:
    """Rows that only the engine writes."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class CallEventInline(ReadOnly, admin.TabularInline[CallEvent, Call]):
    model = CallEvent
    fields = ("at", "kind", "source", "from_state", "to_state", "detail")
    extra = 0


class TurnInline(ReadOnly, admin.TabularInline[Turn, Call]):
    model = Turn
    fields = ("position", "speaker", "text", "heard_text", "started_ms", "ended_ms", "interrupted")
    extra = 0


class UsageInline(ReadOnly, admin.TabularInline[Usage, Call]):
    model = Usage
    fields = ("at", "source", "model", "item_id", "tokens", "seconds")
    extra = 0


class RecordingInline(ReadOnly, admin.TabularInline[Recording, Call]):
    model = Recording
    fields = ("path", "duration_ms", "bytes", "dropped_ms", "created_at")
    extra = 0


@admin.register(Call)
class CallAdmin(ReadOnly, admin.ModelAdmin[Call]):
    list_display = (
        "id",
        "organization",
        "number",
        "state",
        "outcome",
        "waits_for",
        "trunk",
        "not_before",
        "created_at",
    )
    list_filter = ("state", "outcome", "trunk", "organization")
    search_fields = ("id", "number", "origin", "contact_name")
    date_hierarchy = "created_at"
    inlines: ClassVar[list[Any]] = [CallEventInline, TurnInline, UsageInline, RecordingInline]


class LookedAfterFilter(admin.SimpleListFilter):
    """What did not go by itself: the sweep of overdue calls or the comparison with the PBX had to act."""

    title = "what had to be looked after"
    parameter_name = "looked_after"
    conditions: ClassVar[dict[str, Q]] = {
        "overdue": Q(kind="overdue"),
        "vanished": Q(kind="vanished"),
        "lost": Q(kind="end", call__outcome=Outcome.LOST.value),
        "voice": Q(kind="voice_failed", source="engine"),
        "stray": Q(kind="stray_channel"),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("overdue", "Given up after a deadline"),
            ("vanished", "Gone from the PBX without a word"),
            ("lost", "Ended as lost"),
            ("voice", "A voice that did not come in time"),
            ("stray", "A channel that must not be there"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[CallEvent]) -> QuerySet[CallEvent]:
        condition = self.conditions.get(self.value() or "")
        return queryset.filter(condition) if condition else queryset


@admin.register(CallEvent)
class CallEventAdmin(ReadOnly, admin.ModelAdmin[CallEvent]):
    """The history of all calls; with the filter, a count of what the engine had to look after."""

    list_display = ("at", "kind", "source", "call", "from_state", "to_state", "detail")
    list_filter = (LookedAfterFilter, ("at", admin.DateFieldListFilter), "call__organization")
    list_select_related = ("call",)
    search_fields = ("call__id",)
    ordering = ("-id",)


@admin.register(Question)
class QuestionAdmin(ReadOnly, admin.ModelAdmin[Question]):
    """What agents asked their owners; answers are given on the owners' pages."""

    list_display = ("asked_at", "organization", "call", "text", "status", "answered_by", "answered_at")
    list_filter = ("status", ("asked_at", admin.DateFieldListFilter), "organization")
    list_select_related = ("organization", "call", "answered_by")
    search_fields = ("call__id", "text")


@admin.register(StrayChannel)
class StrayChannelAdmin(ReadOnly, admin.ModelAdmin[StrayChannel]):
    """Channels that were hung up because no call of ours should have had them."""

    list_display = ("last_seen_at", "channel", "pbx", "why", "call", "sightings", "first_seen_at")
    list_filter = ("pbx", ("last_seen_at", admin.DateFieldListFilter))
    search_fields = ("channel_id", "channel")


@admin.register(CallGroup)
class CallGroupAdmin(SavesChangedFields):
    list_display = ("key", "organization", "paused", "not_before", "not_after", "max_concurrent_calls")
    list_filter = ("paused", "organization")
    search_fields = ("key",)


@admin.register(CallingHours)
class CallingHoursAdmin(admin.ModelAdmin[CallingHours]):
    list_display = ("organization", "weekday", "opens_minute", "closes_minute")
    list_filter = ("organization",)


class DoNotCallForm(forms.ModelForm[DoNotCall]):
    """However it is written, the number is kept in the form in which the gate looks for it."""

    number = forms.CharField(max_length=40, help_text="With its country code, like +1 202 555 0100.")

    def clean_number(self) -> str:
        try:
            return parse_number(self.cleaned_data["number"])
        except DomainError as error:
            raise forms.ValidationError(error.message) from None


@admin.register(DoNotCall)
class DoNotCallAdmin(admin.ModelAdmin[DoNotCall]):
    """Append-only: a no is added by hand when it came by letter, and never taken away."""

    form = DoNotCallForm
    list_display = ("number", "organization", "source", "reason", "created_at")
    list_filter = ("source", "organization")
    search_fields = ("number",)
    fields = ("organization", "number", "source", "reason")

    def save_model(self, request: HttpRequest, obj: DoNotCall, form: Any, change: bool) -> None:
        """As everywhere: under the dialing lock, and with the calls of this number that it ends."""
        at = now()
        add_do_not_call(obj.organization_id, obj.number, source=obj.source, reason=obj.reason, at=at)
        owner = {"organization": obj.organization_id} if obj.organization_id else {"organization__isnull": True}
        obj.pk, obj.created_at = DoNotCall.objects.get(**owner, number=obj.number).pk, at

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
