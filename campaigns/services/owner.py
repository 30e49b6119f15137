"""Tasks that wait for their owner, because the agent had to ask and nobody answered in time."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from calls.contracts import CallView
from calls.facade import drop_questions, next_calling_time, questions_of_origin
from calls.questions.contracts import QuestionView
from campaigns.keys import task_of_origin, task_origin
from campaigns.models import Campaign, Task
from campaigns.planning.next_step import ANSWERED, OwnersPart
from campaigns.services.finishing import finish_if_done
from campaigns.services.transitions import lock_campaign, move_task
from campaigns.states import CampaignStatus, TaskSignal, TaskStatus
from opendeep.core.jobs import enqueue_on_commit

UNANSWERED = frozenset({"expired", "withdrawn"})
GIVEN_UP_AT_ONCE = 200


def part_of(call: CallView) -> OwnersPart:
    """What the owner still owes to this call, or gave too late for it."""
    statuses = {question.status for question in _asked_in(call.id, questions_of_origin(call.origin))}
    if statuses & UNANSWERED:
        return "unanswered"
    return "answered_late" if "answered_late" in statuses else ""


def wait_for_answer(task: Task, call: CallView, *, at: datetime, detail: Mapping[str, Any], **changes: Any) -> None:
    """The task rests until its owner has answered, however long that takes, or the campaign ends."""
    asked = _asked_in(call.id, questions_of_origin(call.origin))
    texts = [question.text for question in asked if question.status in UNANSWERED]
    move_task(
        task,
        TaskSignal.ASK_OWNER,
        at=at,
        detail={**detail, "questions": texts},
        next_action_at=None,
        next_action_reason=f"waits for your answer: {' '.join(texts)}"[:200],
        **changes,
    )


def note_question_changed(origin: str, at: datetime) -> None:
    """A task that waits for its owner is called again once everything is answered; it fails when its owner goes on
    without. Says nothing while something is unanswered, and when the task does not wait.
    """
    task_id = task_of_origin(origin)
    if task_id is None:
        return
    with transaction.atomic():
        task = Task.objects.filter(pk=task_id).select_related("contact").first()
        if task is None:
            return
        campaign = lock_campaign(task.campaign_id)
        task.refresh_from_db(fields=["status", "current_call_id"])
        questions = questions_of_origin(origin)
        last = _asked_in(questions[-1].call_id, questions)
        statuses = {question.status for question in last}
        if task.status != TaskStatus.PENDING_USER_INFO or statuses & UNANSWERED:
            return
        if "answered_late" in statuses:
            _call_again(task, campaign, at)
        else:
            texts = " ".join(question.text for question in last)
            _fail(task, campaign, "unanswered", f"You went on without an answer to: {texts}", at)


def give_up_waiting(at: datetime) -> int:
    """Fails tasks that still wait for their owner when their campaign ends. Returns how many."""
    over = Campaign.objects.filter(ends_at__lte=at, status__in=(CampaignStatus.RUNNING, CampaignStatus.PAUSED))
    waiting = Task.objects.filter(campaign__in=over, status=TaskStatus.PENDING_USER_INFO)
    given_up = 0
    for task_id, campaign_id in waiting.values_list("pk", "campaign_id")[:GIVEN_UP_AT_ONCE]:
        with transaction.atomic():
            campaign = lock_campaign(campaign_id)
            task = Task.objects.get(pk=task_id)
            given_up += _fail(task, campaign, "campaign_over", "The campaign ended before its owner had answered.", at)
    return given_up


def _asked_in(call_id: UUID, questions: list[QuestionView]) -> list[QuestionView]:
    return [question for question in questions if question.call_id == call_id]


def _call_again(task: Task, campaign: Campaign, at: datetime) -> None:
    told = task.contact.time_zone if task.contact.time_zone_told else ""
    moment = next_calling_time(campaign.organization_id, told, at, number=task.contact.number) or at
    move_task(
        task,
        TaskSignal.OWNER_ANSWERED,
        at=at,
        detail={"next_action_at": moment.isoformat()},
        next_action_at=moment,
        next_action_reason=ANSWERED,
    )
    enqueue_on_commit("campaigns.dispatch_due")


def _fail(task: Task, campaign: Campaign, code: str, conclusion: str, at: datetime) -> bool:
    moved = task.status == TaskStatus.PENDING_USER_INFO and move_task(
        task,
        TaskSignal.FAIL,
        at=at,
        detail={"code": code},
        conclusion_code=code,
        conclusion=conclusion,
        next_action_at=None,
        next_action_reason="",
    )
    if moved:
        drop_questions(origin=task_origin(task.pk), at=at)
        finish_if_done(campaign, at)
    return moved
