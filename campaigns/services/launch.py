"""From a confirmed plan to a campaign with one task for each contact: once, in one transaction."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import structlog
from django.db import connection, transaction

from calls.contracts import CallGroupSpec
from calls.facade import put_group
from campaigns.keys import campaign_group_key
from campaigns.models import Campaign, Contact, Conversation, Task, TaskEvent
from campaigns.planning.plan import Plan
from campaigns.roles.orchestrator import ORCHESTRATOR, complaint, order_data
from campaigns.selectors import current_plan
from campaigns.services.chat import save_plan
from campaigns.services.outlook import check_somebody_can_be_called
from campaigns.states import TaskStatus
from opendeep.accounts.models import Organization, User
from opendeep.core.bulk import insert_many
from opendeep.core.errors import Conflict, DomainError, PermanentError, RetryableError
from opendeep.core.jobs import enqueue_on_commit
from opendeep.core.live import conversation_group, hint_on_commit
from opendeep.core.llm import runner
from opendeep.core.llm.roles import ChatTurn
from opendeep.core.llm.runner import fenced
from opendeep.core.phone import time_zones

log = structlog.get_logger(__name__)
SUBSCRIBER_DIGITS = 4
"""Numbers that differ only in these belong to one exchange, and so to one place."""


@dataclass(frozen=True, slots=True)
class Launched:
    """`created` is False when the conversation was confirmed before."""

    campaign_id: UUID
    task_count: int
    created: bool


@dataclass(frozen=True, slots=True)
class Order:
    """What is carried out: the plan, its instructions in words, and who wrote the order."""

    plan: Plan
    revision: int
    instructions: str
    orchestration: dict[str, Any]


def execute(conversation: Conversation, plan_data: Any, user: User, *, at: datetime) -> Launched:
    """Carries out the plan; None stands for the latest revision. Confirming again gives the same campaign.

    Raises DomainError "bad_plan", "never_open" or "nobody_callable", Conflict "no_plan" or "being_answered".
    """
    existing = _launched(conversation)
    if existing:
        return existing
    plan, revision = _confirmed_plan(conversation, plan_data, user, at)
    order = _order(plan, revision)  # asks the model, so outside of any transaction
    with transaction.atomic():
        locked = Conversation.objects.select_for_update().select_related(None).get(pk=conversation.pk)
        existing = _launched(locked)
        if existing:
            return existing
        campaign = _write(locked, order, user, at)
    return Launched(campaign.pk, len(plan.contacts), created=True)


def _launched(conversation: Conversation) -> Launched | None:
    campaign = Campaign.objects.filter(conversation_id=conversation.pk).only("pk").first()
    if campaign is None:
        return None
    return Launched(campaign.pk, campaign.tasks.count(), created=False)


def _confirmed_plan(conversation: Conversation, data: Any, user: User, at: datetime) -> tuple[Plan, int]:
    known = current_plan(conversation)
    if known is None:
        raise Conflict("no_plan", "There is no plan to confirm yet. Answer the assistant's questions first.")
    unchanged = data is None or data == known[0]
    zone = ZoneInfo(user.time_zone)
    plan = Plan.stored(known[0]) if unchanged else Plan.from_user(data, zone=zone, at=at)
    wrong = plan.time_complaints(zone, at)
    if wrong:
        words = " ".join(text for found in wrong.values() for text in found)
        raise DomainError("bad_plan", f"This plan cannot be carried out. {words}", wrong)
    check_somebody_can_be_called(plan, conversation.organization, zone, at)
    return (plan, known[1]) if unchanged else save_plan(conversation, data, zone=zone, at=at)


# --- The orchestrator -----------------------------------------------------------------------------


def _order(plan: Plan, revision: int) -> Order:
    """The orchestrator's order; when it fails the plan is carried out as it stands, and that is recorded."""
    instructions = plan.instructions
    try:
        result = runner.run(
            ORCHESTRATOR,
            [ChatTurn("user", f"Carry out this confirmed plan.\n{fenced(order_data(plan, revision))}")],
            check=lambda order: complaint(order, plan, revision),
        )
    except (RetryableError, PermanentError) as error:
        log.warning("orchestrator_failed", reason=str(error))
        return Order(plan, revision, instructions or plan.goal, {"by": "rule", "why": str(error)})
    # The user confirmed the plan's words; the model's only fill a gap.
    instructions = instructions or result.answer.instructions or plan.goal
    made = {
        "by": "model",
        "arguments": result.answer.model_dump(mode="json"),
        "model": result.model,
        "prompt_hash": result.prompt_hash,
        "usage": dict(result.usage),
        "rounds": result.rounds,
    }
    return Order(plan, revision, instructions, made)


# --- The rows -------------------------------------------------------------------------------------


def _write(conversation: Conversation, order: Order, user: User, at: datetime) -> Campaign:
    plan = order.plan
    zone = ZoneInfo(user.time_zone)
    start, end = plan.starts_at(zone), plan.ends_at(zone)
    first_call_at = max(start, at) if start else at
    campaign = Campaign.objects.create(
        organization_id=conversation.organization_id,
        created_by=user,
        conversation=conversation,
        title=plan.title,
        goal=plan.goal,
        plan=plan.without_contacts(),
        plan_revision=order.revision,
        orchestration=order.orchestration,
        starts_at=start,
        ends_at=end,
        canary_left=plan.first_calls(),
        priority=plan.priority,
        created_at=at,
    )
    put_group(
        CallGroupSpec(
            key=campaign_group_key(campaign.pk),
            organization_id=campaign.organization_id,
            not_before=start,
            not_after=end,
            requires_consent=plan.requires_consent,
        )
    )
    _write_tasks(campaign, order, first_call_at, at)
    # Whoever still waits for an answer of the assistant has lost its turn.
    Conversation.objects.filter(pk=conversation.pk).update(
        status=Conversation.Status.EXECUTED, title=plan.title, replying_since=None, updated_at=at
    )
    hint_on_commit(conversation_group(conversation.pk), "executed")
    enqueue_on_commit("campaigns.dispatch_due")
    return campaign


def _write_tasks(campaign: Campaign, order: Order, first_call_at: datetime, at: datetime) -> None:
    organization = Organization.objects.get(pk=campaign.organization_id)
    known: dict[str, str] = {}
    people = [(uuid4(), contact) for contact in order.plan.contacts]
    insert_many(
        Contact,
        ("id", "name", "number", "time_zone", "time_zone_told", "consent", "variables"),
        (
            (
                contact_id,
                contact.name,
                contact.phone,
                contact.time_zone or _zone_of(contact.phone, organization, known),
                bool(contact.time_zone),
                contact.consent,
                {variable.name: variable.value for variable in contact.variables},
            )
            for contact_id, contact in people
        ),
        common={"campaign": campaign.pk},
    )
    insert_many(
        Task,
        ("id", "contact", "position"),
        ((uuid4(), contact_id, position) for position, (contact_id, _) in enumerate(people)),
        common={
            "organization": campaign.organization_id,
            "campaign": campaign.pk,
            "instructions": order.instructions,
            "next_action_at": first_call_at,
            "max_attempts": order.plan.max_attempts,
            "created_at": at,
            "updated_at": at,
        },
    )
    _write_created_events(campaign, at)


def _write_created_events(campaign: Campaign, at: datetime) -> None:
    """One statement: row by row these events would take as long as the tasks."""
    event, task = TaskEvent._meta.db_table, Task._meta.db_table
    moment = TaskEvent._meta.get_field("at").get_db_prep_save(at, connection)
    campaign_id = Campaign._meta.get_field("id").get_db_prep_save(campaign.pk, connection)
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO {event} (task_id, "at", kind, from_status, to_status, detail) '
            f"SELECT id, %s, 'created', '', %s, '{{}}' FROM {task} WHERE campaign_id = %s ORDER BY position",
            [moment, TaskStatus.PENDING.value, campaign_id],
        )


def _zone_of(number: str, organization: Organization, known: dict[str, str]) -> str:
    """The callee's zone to show, guessed by the number; where that leaves it open, the organization's.

    `known` keeps it by exchange, so that many numbers of few places take no time.
    """
    exchange = number[:-SUBSCRIBER_DIGITS]
    if exchange not in known:
        zones = time_zones(number)
        known[exchange] = organization.time_zone if not zones or organization.time_zone in zones else zones[0]
    return known[exchange]
