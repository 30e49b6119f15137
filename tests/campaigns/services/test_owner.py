"""A question that nobody answered during the call, until its task is settled."""

from datetime import timedelta
from typing import Any

import pytest

from calls.contracts import Brief
from calls.models import Call
from calls.questions import service
from calls.questions.models import Question
from campaigns.keys import task_origin
from campaigns.models import Campaign, Task
from campaigns.planning.next_step import ANSWERED
from campaigns.reporting.figures import table_for
from campaigns.services import control, owner
from campaigns.services.advance import note_call_judged
from campaigns.services.claims import claim_due
from campaigns.services.dispatch import dispatch_due
from campaigns.states import CampaignStatus
from opendeep.core import outbox
from tests.factories import NOW, make_called_task, make_campaign, make_question, make_verdict

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(minutes=20)


def asked(*statuses: str, campaign: Campaign | None = None, **verdict: Any) -> Task:
    """A task whose judged call left questions of these statuses."""
    task = make_called_task(campaign=campaign)
    assert task.current_call_id is not None
    call = Call.objects.get(pk=task.current_call_id)
    for status in statuses:
        make_question(call, status=status, **({"answer": "Yes."} if "answered" in status else {}))
    make_verdict(call.pk, **verdict)
    note_call_judged(call.pk, call.origin, NOW)
    return Task.objects.select_related("campaign").get(pk=task.pk)


def questions(task: Task) -> list[Question]:
    return list(Question.objects.filter(call__origin=task_origin(task.pk)).order_by("asked_at", "pk"))


def answer(question: Question, text: str = "Yes, dogs are welcome.") -> None:
    by = Campaign.objects.get().created_by
    service.answer_question(question.organization_id, question.pk, text, by=by, at=LATER)
    outbox.deliver_pending(LATER)


def dismiss(question: Question) -> None:
    by = Campaign.objects.get().created_by
    service.dismiss_question(question.organization_id, question.pk, by=by, at=LATER)
    outbox.deliver_pending(LATER)


def test_a_task_waits_for_its_owner_and_says_for_what() -> None:
    task = asked("expired")
    assert (task.status, task.next_action_at) == ("pending_user_info", None)
    assert task.next_action_reason == "waits for your answer: May she bring her dog?"
    assert task.campaign.status == CampaignStatus.RUNNING
    assert table_for(task.campaign)[0]["waits"] == task.next_action_reason
    assert task.events.get(kind="ask_owner").detail["questions"] == ["May she bring her dog?"]
    assert dispatch_due(LATER) == 0


def test_a_late_answer_calls_again_and_the_new_call_knows_it() -> None:
    task = asked("withdrawn")
    answer(questions(task)[0])
    task.refresh_from_db()
    assert (task.status, task.next_action_reason) == ("pending", ANSWERED)
    assert task.next_action_at is not None
    claim_due({task.campaign_id: 1}, task.next_action_at)
    call = Call.objects.get(origin=task_origin(task.pk), attempt=2)
    told = Brief.from_json(call.brief).earlier.splitlines()
    assert told[-1] == "Question: May she bring her dog? Answer: Yes, dogs are welcome."


def test_a_late_answer_respects_the_calling_hours() -> None:
    task = asked("expired")
    midnight = NOW.replace(hour=4) + timedelta(days=1)  # eleven in the evening there
    by = task.campaign.created_by
    question = questions(task)[0]
    service.answer_question(question.organization_id, question.pk, "Yes.", by=by, at=midnight)
    owner.note_question_changed(task_origin(task.pk), midnight)
    task.refresh_from_db()
    assert task.next_action_at is not None
    assert task.next_action_at >= midnight + timedelta(hours=9)


def test_while_another_question_is_unanswered_the_task_waits_on() -> None:
    task = asked("expired", "expired")
    first, second = questions(task)
    answer(first)
    task.refresh_from_db()
    assert task.status == "pending_user_info"
    dismiss(second)
    task.refresh_from_db()
    assert task.status == "pending"  # one answer is worth a call


def test_an_answer_that_came_before_the_verdict_calls_again_at_once() -> None:
    task = asked("answered_late")
    assert (task.status, task.next_action_reason) == ("pending", ANSWERED)


def test_who_goes_on_without_ends_the_task_and_the_campaign() -> None:
    task = asked("expired")
    dismiss(questions(task)[0])
    task = Task.objects.select_related("campaign").get(pk=task.pk)
    assert (task.status, task.conclusion_code) == ("failed_conclusive", "unanswered")
    assert task.conclusion == "You went on without an answer to: May she bring her dog?"
    assert task.campaign.status == CampaignStatus.FINISHED


def test_the_end_of_the_campaign_ends_the_waiting() -> None:
    task = asked("expired", campaign=make_campaign(ends_at=LATER))
    assert owner.give_up_waiting(NOW) == 0
    assert owner.give_up_waiting(LATER) == 1
    task = Task.objects.select_related("campaign").get(pk=task.pk)
    assert (task.status, task.conclusion_code) == ("failed_conclusive", "campaign_over")
    assert task.campaign.status == CampaignStatus.FINISHED
    assert questions(task)[0].status == "dismissed"


def test_cancelling_the_campaign_ends_the_waiting() -> None:
    task = asked("expired")
    control.cancel(task.campaign_id, at=LATER)
    task.refresh_from_db()
    assert (task.status, questions(task)[0].status) == ("cancelled", "dismissed")


def test_what_an_achieved_task_had_asked_is_asked_no_more() -> None:
    task = asked("expired", task_completed=True)
    assert (task.status, questions(task)[0].status) == ("completed", "dismissed")


def test_changes_of_questions_that_no_task_waits_for_are_nothing() -> None:
    task = asked("answered")
    owner.note_question_changed(task_origin(task.pk), LATER)
    owner.note_question_changed("rehearsal:7", LATER)
    task.refresh_from_db()
    assert task.status == "failed_conclusive"
