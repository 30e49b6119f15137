"""Operators' screens. Statuses are shown and never edited: their services are the only writers."""

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from campaigns.models import Campaign, Contact, Conversation, Message, Report, Task, TaskEvent


class ReadOnly(admin.ModelAdmin[Any]):
    """What happened, for looking at."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Conversation)
class ConversationAdmin(ReadOnly):
    list_display = ("title", "organization", "created_by", "status", "updated_at", "reply_error")
    list_filter = ("status",)
    list_select_related = ("organization", "created_by")
    search_fields = ("id", "title")


@admin.register(Message)
class MessageAdmin(ReadOnly):
    list_display = ("conversation", "position", "role", "reply_status", "plan_revision", "model", "created_at")
    list_select_related = ("conversation",)
    search_fields = ("conversation__id",)


@admin.register(Campaign)
class CampaignAdmin(ReadOnly):
    list_display = ("title", "organization", "status", "created_by", "created_at", "finished_at")
    list_filter = ("status",)
    list_select_related = ("organization", "created_by")
    search_fields = ("id", "title")


@admin.register(Contact)
class ContactAdmin(ReadOnly):
    list_display = ("name", "number", "time_zone", "campaign")
    list_select_related = ("campaign",)
    search_fields = ("number", "name")


@admin.register(Task)
class TaskAdmin(ReadOnly):
    list_display = ("id", "contact", "campaign", "status", "attempts", "next_action_at", "conclusion_code")
    list_filter = ("status", "conclusion_code")
    list_select_related = ("contact", "campaign")
    search_fields = ("id", "contact__number")


@admin.register(TaskEvent)
class TaskEventAdmin(ReadOnly):
    list_display = ("task_id", "at", "kind", "from_status", "to_status")
    search_fields = ("task__id",)


@admin.register(Report)
class ReportAdmin(ReadOnly):
    list_display = ("campaign", "kind", "status", "created_at", "tries", "next_try_at", "last_error")
    list_filter = ("kind", "status")
    list_select_related = ("campaign",)
