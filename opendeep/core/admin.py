"""Operators' page for facts that wait for delivery."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from opendeep.core.clock import now
from opendeep.core.models import OutboxEvent


@admin.register(OutboxEvent)
class OutboxEventAdmin(admin.ModelAdmin[OutboxEvent]):
    list_display = ("id", "topic", "key", "created_at", "delivered_at", "tries", "last_error")
    list_filter = ("topic", ("delivered_at", admin.EmptyFieldListFilter))
    readonly_fields = tuple(field.name for field in OutboxEvent._meta.fields)
    actions = ("deliver_now",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.action(description="Deliver at the next sweep")
    def deliver_now(self, request: HttpRequest, rows: QuerySet[OutboxEvent]) -> None:
        rows.filter(delivered_at=None).update(next_try_at=now())
