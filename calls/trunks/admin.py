"""Operators make trunks here, and see which one is out of order."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from calls.asterisk.pbx import pbx_names
from calls.models import Call
from calls.trunks.models import Trunk
from calls.trunks.service import condition_of
from opendeep.core.changed_fields import SavesChangedFields
from opendeep.core.clock import now

BREAKER = (
    "out_of_order_since",
    "out_of_order_reason",
    "retry_at",
    "failed_tries",
    "times_out_of_order",
    "in_order_since",
    "unreachable_at",
    "unreachable_times",
)


class TrunkForm(forms.ModelForm[Trunk]):
    """The PBX is one that the settings know, so that its secret is there."""

    pbx = forms.ChoiceField(label="PBX", help_text="default is ASTERISK_AMI_HOST; others are named in ASTERISK_PBXS.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = {*pbx_names(), *([self.instance.pbx] if self.instance.pk else [])}
        self.fields["pbx"].choices = [(name, name) for name in sorted(known)]  # type: ignore[attr-defined]


@admin.register(Trunk)
class TrunkAdmin(SavesChangedFields):
    form = TrunkForm
    list_display = ("name", "pbx", "enabled", "position", "lines", "taken", "condition", "retry_at")
    list_filter = ("enabled", "pbx")
    filter_horizontal = ("organizations",)
    readonly_fields = BREAKER
    fieldsets = (
        (None, {"fields": ("name", "enabled", "position", "organizations")}),
        ("Way out", {"fields": ("pbx", "dial_string", "context", "wide_band")}),
        ("Limits", {"fields": ("lines", "calls_per_second")}),
        ("Circuit breaker", {"fields": BREAKER}),
    )
    actions = ("try_again_now",)

    def get_readonly_fields(self, request: HttpRequest, obj: Trunk | None = None) -> tuple[str, ...]:
        return (*BREAKER, "name") if obj else BREAKER  # calls know it by its name

    @admin.display(description="Calls now")
    def taken(self, trunk: Trunk) -> int:
        return Call.objects.live().filter(trunk=trunk).count()

    @admin.display(description="Condition")
    def condition(self, trunk: Trunk) -> str:
        return condition_of(trunk, now())

    @admin.action(description="Try again now what is out of order")
    def try_again_now(self, request: HttpRequest, queryset: Any) -> None:
        tried = queryset.filter(out_of_order_since__isnull=False).update(retry_at=now(), failed_tries=0)
        self.message_user(request, f"{tried} will be tried again with the next calls.")
