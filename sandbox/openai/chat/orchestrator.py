"""The orchestrator: hands the confirmed plan to the scheduler, as it is."""

from collections.abc import Mapping
from typing import Any

MAX_LISTED_NUMBERS = 50


def schedule(data: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of `schedule_call_batch` from {plan, plan_revision, contact_count}."""
    plan = data.get("plan") or {}
    numbers = [contact.get("phone") for contact in plan.get("contacts") or [] if isinstance(contact, dict)]
    count = data.get("contact_count", len(numbers))
    listed = numbers if count == len(numbers) <= MAX_LISTED_NUMBERS else []
    return {
        "plan_revision": data.get("plan_revision", 1),
        "contact_count": count,
        "phone_numbers": listed,
        "instructions": plan.get("instructions") or plan.get("goal") or "",
        "start_at": plan.get("start_at"),
        "max_attempts": plan.get("max_attempts") or 3,
    }
