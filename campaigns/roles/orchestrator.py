"""The orchestrator: hands the confirmed plan to the scheduler by calling one tool. It can add or drop nobody."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from campaigns.planning.fields import Value
from campaigns.planning.plan import Plan
from campaigns.roles.assistant import PROMPTS
from opendeep.core.llm.roles import Role

LISTED_AT_MOST = 50
"""Plans with more contacts are confirmed by their count; nobody lets a model copy thousands of numbers."""


class ScheduleCallBatch(Value):
    plan_revision: int
    contact_count: int
    phone_numbers: Annotated[tuple[str, ...], Field(max_length=LISTED_AT_MOST)]
    instructions: Annotated[str, StringConstraints(max_length=8000)]
    start_at: str | None
    max_attempts: int


ORCHESTRATOR = Role(
    name="schedule_call_batch",
    prompt=PROMPTS / "orchestrator" / "v1.md",
    answer=ScheduleCallBatch,
    as_tool=True,
    description="Schedules one call task for every contact of the confirmed plan.",
)


def order_data(plan: Plan, revision: int) -> Mapping[str, Any]:
    """What the orchestrator is given; of a long list of contacts only the beginning."""
    shown = plan.to_json()
    shown["contacts"] = shown["contacts"][:LISTED_AT_MOST]
    return {"plan": shown, "plan_revision": revision, "contact_count": len(plan.contacts)}


def complaint(order: ScheduleCallBatch, plan: Plan, revision: int) -> str | None:
    """Where the order is not the confirmed plan, in words for the model."""
    if order.plan_revision != revision:
        return f"plan_revision must be {revision}."
    if order.contact_count != len(plan.contacts):
        return f"contact_count must be {len(plan.contacts)}."
    numbers = [contact.phone for contact in plan.contacts] if len(plan.contacts) <= LISTED_AT_MOST else []
    if sorted(order.phone_numbers) != sorted(numbers):
        return "phone_numbers must be exactly those of the plan." if numbers else "phone_numbers must be an empty list."
    if (order.start_at or None) != plan.start_at:
        return "start_at must be that of the plan."
    if order.max_attempts != plan.max_attempts:
        return "max_attempts must be that of the plan."
    return None
