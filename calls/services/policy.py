"""Calls that wait because of a setting are looked at again as soon as it is changed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Model

from calls.compliance.rules import ORGANIZATION_RULES
from calls.models import Call, CallingHours
from calls.states import State
from opendeep.accounts.models import Organization
from opendeep.core.clock import now
from opendeep.core.jobs import kick_on_commit


def on_settings_saved(sender: type[Model], instance: Organization | CallingHours, **_: Any) -> None:
    """Receiver of Django's signals of saved and deleted settings."""
    organization_id = instance.organization_id if isinstance(instance, CallingHours) else instance.pk
    look_again(organization_id, at=now())


def look_again(organization_id: UUID, *, at: datetime) -> int:
    """Makes due what waits because of the organization's settings. Returns how many calls that were."""
    waiting = Call.objects.filter(
        organization=organization_id, state=State.QUEUED, waits_for__in=ORGANIZATION_RULES, not_before__gt=at
    )
    woken = waiting.update_in_order(not_before=at)
    if woken:
        kick_on_commit("calls.prepare_due")
    return woken
