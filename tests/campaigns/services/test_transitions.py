import uuid

import pytest
from django.db import transaction

from campaigns.models import Campaign, Task
from campaigns.services.transitions import cancel_waiting_tasks, move_campaign, move_task
from campaigns.states import CampaignSignal, TaskSignal
from tests.factories import NOW, make_campaign

pytestmark = pytest.mark.django_db


def the_task(campaign: Campaign) -> Task:
    return Task.objects.get(campaign=campaign)


def test_a_move_changes_the_row_and_writes_its_event() -> None:
    task = the_task(make_campaign())
    assert move_task(task, TaskSignal.HOLD, at=NOW, detail={"why": "asked"}, next_action_reason="on hold")
    stored = the_task(task.campaign)
    assert (stored.status, stored.next_action_reason) == ("on_hold", "on hold")
    event = stored.events.get()
    assert (event.kind, event.from_status, event.to_status, event.detail) == (
        "hold",
        "pending",
        "on_hold",
        {"why": "asked"},
    )


def test_a_signal_out_of_place_changes_nothing() -> None:
    task = the_task(make_campaign())
    assert not move_task(task, TaskSignal.COMPLETE, at=NOW, conclusion="Done.")
    assert the_task(task.campaign).conclusion == ""
    assert not task.events.exists()


def test_of_two_who_saw_the_same_status_only_the_first_moves_it() -> None:
    campaign = make_campaign()
    first, second = the_task(campaign), the_task(campaign)
    assert move_task(first, TaskSignal.CLAIM, at=NOW)
    assert not move_task(second, TaskSignal.HOLD, at=NOW)
    assert first.events.count() == 1


def test_who_saw_the_task_with_an_earlier_call_does_not_move_it() -> None:
    task = the_task(make_campaign())
    Task.objects.filter(pk=task.pk).update(current_call_id=uuid.uuid4())
    assert not move_task(task, TaskSignal.CLAIM, at=NOW)


def test_a_status_is_never_changed_outside_of_a_transaction(transactional_db: None) -> None:
    task = the_task(make_campaign())
    with pytest.raises(RuntimeError, match="inside a transaction"):
        move_task(task, TaskSignal.HOLD, at=NOW)


def test_cancelling_takes_every_waiting_task_with_its_event() -> None:
    campaign = make_campaign("+12025550100", "+12025550101", "+12025550102")
    claimed = Task.objects.get(campaign=campaign, position=1)
    move_task(claimed, TaskSignal.CLAIM, at=NOW)
    with transaction.atomic():
        assert cancel_waiting_tasks(campaign, at=NOW, conclusion="Over.") == 2
    statuses = list(Task.objects.filter(campaign=campaign).order_by("position").values_list("status", flat=True))
    assert statuses == ["cancelled", "in_progress", "cancelled"]
    assert Task.objects.get(campaign=campaign, position=0).events.get().kind == "cancel"


def test_a_campaign_ends_once() -> None:
    campaign = make_campaign()
    stale = Campaign.objects.get(pk=campaign.pk)
    assert move_campaign(campaign, CampaignSignal.FINISH, at=NOW)
    assert not move_campaign(stale, CampaignSignal.CANCEL, at=NOW)
    stored = Campaign.objects.get(pk=campaign.pk)
    assert (stored.status, stored.finished_at) == ("finished", NOW)
