"""Operators' screen of the verdicts: to look at, and to see what is not judged and why."""

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from analysis.models import Verdict


@admin.register(Verdict)
class VerdictAdmin(admin.ModelAdmin[Verdict]):
    list_display = (
        "call_id",
        "organization",
        "status",
        "method",
        "task_completed",
        "tries",
        "next_try_at",
        "last_error",
    )
    list_filter = ("status", "method", "task_completed", "do_not_call_requested")
    list_select_related = ("organization",)
    search_fields = ("call__id", "origin")
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
