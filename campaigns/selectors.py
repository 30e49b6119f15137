"""Reads for pages, sockets and the API. Everything is scoped by the organization that asks."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum

from analysis.contracts import VerdictView
from analysis.facade import verdict_of
from calls.contracts import CallView, DecisionView
from calls.facade import calls_of_origin, decision_of
from campaigns.keys import task_origin
from campaigns.models import Campaign, Conversation, Message, Report, Task
from campaigns.planning.questions import Question
from campaigns.states import TaskStatus
from opendeep.accounts.models import Organization
from opendeep.core.errors import NotFound

# --- Conversations --------------------------------------------------------------------------------


def conversations_of(organization: Organization) -> QuerySet[Conversation]:
    """The latest first, each with its campaign."""
    return Conversation.objects.filter(organization=organization).select_related("campaign", "created_by")


def conversation_for(organization: Organization, conversation_id: UUID) -> Conversation:
    """Raises NotFound, also for one of another organization."""
    conversation = conversations_of(organization).filter(pk=conversation_id).first()
    if conversation is None:
        raise NotFound("There is no such conversation. Start a new one.")
    return conversation


def messages_of(conversation: Conversation) -> list[Message]:
    return list(conversation.messages.order_by("position"))


def last_message(conversation: Conversation) -> Message | None:
    return conversation.messages.order_by("-position").first()


def is_unanswered(conversation: Conversation) -> bool:
    """Whether the last word is the user's, so that asking again makes sense (an edited plan needs no answer)."""
    message = last_message(conversation)
    return message is not None and message.role == Message.Role.USER and message.plan is None


def open_questions(conversation: Conversation) -> tuple[Question, ...]:
    """The form of the assistant's last reply; empty once the plan is complete."""
    reply = conversation.messages.filter(role=Message.Role.ASSISTANT).order_by("-position").first()
    return tuple(Question.model_validate(question) for question in reply.questions) if reply else ()


def current_plan(conversation: Conversation) -> tuple[dict[str, Any], int] | None:
    """The latest revision of the plan, the assistant's or the user's, with its number."""
    message = conversation.messages.exclude(plan=None).order_by("-plan_revision").first()
    if message is None or message.plan is None or message.plan_revision is None:
        return None
    return message.plan, message.plan_revision


# --- Campaigns ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TaskFigures:
    """How the tasks of a campaign stand, by status. `calls` counts the attempts of all of them, `again` the pending
    tasks that were called before, `do_not_call` the failed ones whose callee does not want to be called.
    """

    pending: int = 0
    in_progress: int = 0
    pending_analysis: int = 0
    pending_user_info: int = 0
    on_hold: int = 0
    completed: int = 0
    failed_conclusive: int = 0
    cancelled: int = 0
    calls: int = 0
    again: int = 0
    do_not_call: int = 0

    @property
    def done(self) -> int:
        return self.completed + self.failed_conclusive + self.cancelled

    @property
    def open(self) -> int:
        return self.pending + self.in_progress + self.pending_analysis + self.pending_user_info + self.on_hold

    @property
    def total(self) -> int:
        return self.done + self.open

    @property
    def done_percent(self) -> int:
        return 100 * self.done // self.total if self.total else 0


def campaigns_of(organization: Organization) -> QuerySet[Campaign]:
    """The latest first. Their figures come in one query by `figures_of`."""
    return Campaign.objects.filter(organization=organization).select_related("created_by").defer("plan")


def campaign_for(organization: Organization, campaign_id: UUID) -> Campaign:
    campaign = Campaign.objects.filter(organization=organization, pk=campaign_id).select_related("created_by").first()
    if campaign is None:
        raise NotFound("There is no such campaign.")
    return campaign


def figures_of(campaign_ids: Iterable[UUID]) -> dict[UUID, TaskFigures]:
    """The figures of each of the campaigns, in one query."""
    counts: dict[UUID, Counter[str]] = {campaign_id: Counter() for campaign_id in campaign_ids}
    rows = (
        Task.objects.filter(campaign_id__in=list(counts))
        .order_by()
        .values_list("campaign_id", "status")
        .annotate(
            count=Count("*"),
            calls=Sum("attempts"),
            again=Count("status", filter=Q(status=TaskStatus.PENDING, attempts__gt=0)),
            do_not_call=Count("status", filter=Q(conclusion_code="do_not_call")),
        )
    )
    for campaign_id, status, count, calls, again, do_not_call in rows:
        counts[campaign_id].update({status: count, "calls": calls, "again": again, "do_not_call": do_not_call})
    return {campaign_id: TaskFigures(**count) for campaign_id, count in counts.items()}


# --- Tasks ----------------------------------------------------------------------------------------


def tasks_of(campaign: Campaign, status: str | None = None) -> QuerySet[Task]:
    """In the order of the plan, each with its contact."""
    tasks = Task.objects.filter(campaign=campaign).select_related("contact").order_by("position")
    return tasks.filter(status=status) if status else tasks


def tasks_of_organization(organization: Organization, status: str | None = None) -> QuerySet[Task]:
    """The latest campaign's first, each with its contact."""
    tasks = Task.objects.filter(organization=organization).select_related("contact")
    tasks = tasks.order_by("-created_at", "campaign_id", "position")
    return tasks.filter(status=status) if status else tasks


def task_for(organization: Organization, task_id: UUID) -> Task:
    task = Task.objects.filter(organization=organization, pk=task_id).select_related("contact", "campaign").first()
    if task is None:
        raise NotFound("There is no such task.")
    return task


@dataclass(frozen=True, slots=True)
class Attempt:
    call: CallView
    verdict: VerdictView | None


def attempts_of(task_id: UUID) -> list[Attempt]:
    """The calls of a task, oldest first, each with its verdict when there is one."""
    return [Attempt(call, verdict_of(call.id)) for call in calls_of_origin(task_origin(task_id))]


def latest_decision(task: Task, attempts: Sequence[Attempt]) -> DecisionView | None:
    """Why the task is or is not called: what it waits for itself, or else the latest word on its latest call."""
    if task.status == TaskStatus.PENDING and task.next_action_reason:
        return DecisionView("wait", "", task.next_action_reason, task.next_action_at, task.updated_at)
    return decision_of(attempts[-1].call.id) if attempts else None


# --- Reports --------------------------------------------------------------------------------------


def latest_report(campaign: Campaign) -> Report | None:
    """The final one, or the newest so far."""
    reports = campaign.reports.order_by("-created_at")
    return reports.filter(kind=Report.Kind.FINAL).first() or reports.first()
