"""A campaign that goes wrong, or is large and has just begun, waits for its owner."""

from typing import Any

import pytest

from calls.contracts import CallEnded
from calls.models import CallGroup
from calls.states import Outcome
from campaigns.keys import campaign_group_key, task_origin
from campaigns.models import Campaign, Task, TaskEvent
from campaigns.planning.plan import Plan
from campaigns.services import control, launch
from campaigns.services.advance import note_call_judged, note_calls_ended
from campaigns.services.dispatch import dispatch_due
from tests.factories import (
    NOW,
    make_campaign,
    make_conversation,
    make_organization,
    make_turns,
    make_user,
    make_verdict,
    plan_data,
)
from tests.openai_server import OpenAIServer

pytestmark = pytest.mark.django_db
PEOPLE = 12


@pytest.fixture(autouse=True)
def lines(settings: Any) -> None:
    settings.MAX_CONCURRENT_CALLS = 100


@pytest.fixture
def campaign() -> Campaign:
    numbers = [f"+1202555{n:04d}" for n in range(PEOPLE)]
    return make_campaign(*numbers, user=make_user(make_organization(max_concurrent_calls=100)))


def judge(campaign: Campaign, count: int, outcome: Outcome, says: str = "", **verdict: Any) -> Campaign:
    """Judges the calls of `count` tasks that are in progress."""
    for task in list(Task.objects.filter(campaign=campaign, status="in_progress")[:count]):
        assert task.current_call_id is not None
        call = task.campaign.organization.calls.get(pk=task.current_call_id)
        call.state, call.outcome = "ended", outcome
        call.save()
        make_turns(call, *([("callee", says)] if says else []))
        make_verdict(call.pk, **verdict)
        note_calls_ended([CallEnded(call.pk, call.organization_id, task_origin(task.pk), outcome, NOW)], NOW)
        note_call_judged(call.pk, task_origin(task.pk), NOW)
    campaign.refresh_from_db()
    return campaign


def test_a_campaign_whose_calls_fail_is_stopped_and_says_why(campaign: Campaign) -> None:
    dispatch_due(NOW)
    assert judge(campaign, 9, Outcome.FAILED, next_call_needed=True).status == "running"
    assert judge(campaign, 1, Outcome.FAILED, next_call_needed=True).status == "paused"
    assert campaign.status_reason.startswith("Stopped: 10 of the last 10 calls failed")
    assert CallGroup.objects.get(key=campaign_group_key(campaign.pk)).paused
    assert TaskEvent.objects.get(kind="campaign_held").detail == {"reason": campaign.status_reason}


def test_a_no_counts_and_so_does_silence(campaign: Campaign) -> None:
    dispatch_due(NOW)
    judge(campaign, 7, Outcome.COMPLETED, "Yes, fine.", task_completed=True)
    assert judge(campaign, 2, Outcome.COMPLETED, "Never again!", do_not_call_requested=True).status == "running"
    assert judge(campaign, 1, Outcome.COMPLETED, "No!", do_not_call_requested=True).status == "paused"
    assert "asked not to be called again" in campaign.status_reason


def test_talks_with_nobody_stop_it_too(campaign: Campaign) -> None:
    dispatch_due(NOW)
    judge(campaign, 5, Outcome.COMPLETED, next_call_needed=True, method="rule")
    assert judge(campaign, 5, Outcome.BUSY, next_call_needed=True, method="rule").status == "paused"
    assert "nobody said a word" in campaign.status_reason


@pytest.mark.parametrize(
    ("brakes", "outcome", "verdict"),
    [
        ({"failed": 1}, Outcome.DROPPED, {"next_call_needed": True}),
        ({"silent": 1}, Outcome.COMPLETED, {"next_call_needed": True, "method": "rule"}),
        ({"opted_out": 1}, Outcome.COMPLETED, {"do_not_call_requested": True}),
    ],
)
def test_the_plan_sets_each_of_the_brakes(brakes: Any, outcome: Outcome, verdict: Any, campaign: Campaign) -> None:
    others = {"failed": None, "silent": None, "opted_out": None}
    campaign.plan["brakes"] = {"of_last": 3, "at_least": 2, **others, **brakes}
    campaign.save()
    dispatch_due(NOW)
    assert judge(campaign, 1, outcome, **verdict).status == "running"
    assert judge(campaign, 1, outcome, **verdict).status == "paused"
    assert campaign.status_reason.startswith("Stopped: 2 of the last 2 calls")


def test_faults_of_the_trunk_are_not_the_campaigns(campaign: Campaign) -> None:
    dispatch_due(NOW)
    campaign.organization.calls.update(trunk_fault=True)
    judge(campaign, 10, Outcome.UNREACHABLE, next_call_needed=True)
    assert (campaign.status, campaign.recent_calls) == ("running", [])


def test_resuming_begins_a_new_count(campaign: Campaign) -> None:
    dispatch_due(NOW)
    judge(campaign, 10, Outcome.FAILED, next_call_needed=True)
    control.resume(campaign.pk, at=NOW)
    assert judge(campaign, 1, Outcome.FAILED, next_call_needed=True).status == "running"
    assert (campaign.status_reason, campaign.recent_calls) == ("", ["failure"])


def test_a_campaign_that_is_paused_by_its_owner_keeps_his_reason(campaign: Campaign) -> None:
    dispatch_due(NOW)
    control.pause(campaign.pk, at=NOW)
    assert judge(campaign, 12, Outcome.FAILED, next_call_needed=True).status_reason == ""


def test_a_large_campaign_is_held_after_its_first_calls(campaign: Campaign) -> None:
    Campaign.objects.update(canary_left=3)
    assert [dispatch_due(NOW), dispatch_due(NOW)] == [3, 0]
    assert judge(campaign, 2, Outcome.COMPLETED, "Yes.", task_completed=True).status == "running"
    assert judge(campaign, 1, Outcome.BUSY, next_call_needed=True).status == "paused"
    assert "Look at them, then resume" in campaign.status_reason
    control.resume(campaign.pk, at=NOW)
    campaign.refresh_from_db()
    assert (campaign.status, campaign.canary_left) == ("running", None)
    assert dispatch_due(NOW) == PEOPLE - 3


def test_a_pause_in_the_middle_of_the_first_calls_does_not_end_that_stage(campaign: Campaign) -> None:
    Campaign.objects.update(canary_left=3)
    control.pause(campaign.pk, at=NOW)
    assert control.resume(campaign.pk, at=NOW).canary_left == 3
    assert dispatch_due(NOW) == 3


@pytest.mark.parametrize(
    ("canary", "first_calls"),
    [({"above": 2, "calls": 1}, 1), ({"above": 3}, None), (None, None)],
)
def test_the_plan_says_what_is_large(canary: Any, first_calls: int | None, openai_server: OpenAIServer) -> None:
    user = make_user()
    plan = plan_data("+12025550100", "+12025550104", "+12025550105", canary=canary)
    launched = launch.execute(make_conversation(user, plan), plan, user, at=NOW)
    assert Campaign.objects.get(pk=launched.campaign_id).canary_left == first_calls


def test_more_than_fifty_people_are_many() -> None:
    assert Plan.from_user(plan_data(*(f"+1202555{n:04d}" for n in range(51)))).first_calls() == 5
    assert Plan.from_user(plan_data(*(f"+1202555{n:04d}" for n in range(50)))).first_calls() is None
