from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from calls.contracts import CallRequest
from calls.facade import request_calls
from calls.models import Call, CallGroup
from calls.states import State
from campaigns.keys import campaign_group_key, task_origin
from campaigns.models import Campaign, Contact, Task
from campaigns.services import claims, control, dispatch
from campaigns.services.claims import AFTER_REFUSAL, NOTHING, claim_due
from campaigns.services.dispatch import dispatch_due
from campaigns.services.transitions import claim_tasks
from campaigns.states import CampaignStatus
from opendeep.accounts.models import Organization
from tests.factories import (
    NOW,
    make_call,
    make_called_task,
    make_campaign,
    make_organization,
    make_user,
    make_verdict,
    open_at_any_hour,
    plan_data,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def organization() -> Organization:
    return make_organization(max_concurrent_calls=100)


@pytest.fixture(autouse=True)
def lines(settings: Settings) -> None:
    settings.MAX_CONCURRENT_CALLS = 100


def numbers(count: int, start: int = 0) -> list[str]:
    return [f"+1202555{start + n:04d}" for n in range(count)]


def campaign_of(organization: Organization, count: int = 3, start: int = 0) -> Campaign:
    return make_campaign(*numbers(count, start), user=make_user(organization))


def claimed(campaign: Campaign) -> int:
    return Task.objects.filter(campaign=campaign, status="in_progress").count()


def test_a_due_task_gets_a_call_that_knows_its_plan() -> None:
    campaign = make_campaign(plan=plan_data(contacts=[{"name": "Ada", "phone": "+12025550100"}]))
    assert dispatch_due(NOW) == 1
    task, call = Task.objects.get(campaign=campaign), Call.objects.get()
    assert (task.status, task.attempts, task.current_call_id, task.next_action_at) == ("in_progress", 1, call.pk, None)
    assert (call.origin, call.group_id) == (task_origin(task.pk), campaign_group_key(campaign.pk))
    assert (call.state, call.number, call.contact_name, call.attempt) == (State.QUEUED, "+12025550100", "Ada", 1)
    assert call.brief["goal"] == campaign.goal
    assert call.brief["on_behalf_of"] == "Dr. Miller's office"
    assert task.events.get().detail == {"call_id": str(call.pk), "attempt": 1}


def test_tasks_that_are_claimed_together_have_each_the_call_that_is_made_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_campaign(*numbers(3))
    together: list[int] = []

    def counted(calls: Mapping[UUID, Task], *, at: datetime) -> bool:
        together.append(len(calls))
        return claim_tasks(calls, at=at)

    monkeypatch.setattr(claims, "claim_tasks", counted)
    monkeypatch.setattr(dispatch, "CLAIMED_AT_ONCE", 2)
    assert dispatch_due(NOW) == 3
    assert together == [2, 1]
    origins = {call.pk: call.origin for call in Call.objects.all()}
    tasks = Task.objects.all()
    assert {task.current_call_id: task_origin(task.pk) for task in tasks} == origins
    assert all(task.events.get().detail["call_id"] == str(task.current_call_id) for task in tasks)


def test_a_tick_claims_no_more_than_its_share_however_many_lines_are_free(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "CLAIMS_PER_TICK_AT_MOST", 3)
    campaign_of(organization, 7)
    assert [dispatch_due(NOW) for _ in range(3)] == [3, 3, 1]


def test_a_task_that_has_moved_on_is_not_put_off() -> None:
    task = make_called_task(status="in_progress")
    claims._postpone([task.pk], NOW, "It could not be scheduled.")
    task.refresh_from_db()
    assert (task.next_action_at, task.next_action_reason) == (None, "")


def test_no_task_is_claimed_twice() -> None:
    make_campaign()
    assert [dispatch_due(NOW), dispatch_due(NOW)] == [1, 0]


def test_what_is_not_due_waits() -> None:
    campaign = make_campaign()
    Task.objects.filter(campaign=campaign).update(next_action_at=NOW + timedelta(seconds=1))
    assert dispatch_due(NOW) == 0
    assert dispatch_due(NOW + timedelta(seconds=1)) == 1


@pytest.mark.parametrize("status", [CampaignStatus.PAUSED, CampaignStatus.CANCELLED, CampaignStatus.FINISHED])
def test_only_running_campaigns_are_served(status: CampaignStatus) -> None:
    make_campaign(status=status)
    assert dispatch_due(NOW) == 0


def test_an_organization_that_has_paused_calling_is_not_served(organization: Organization) -> None:
    campaign_of(organization)
    Organization.objects.update(calling_paused=True)
    assert dispatch_due(NOW) == 0


def test_claims_stay_within_the_lines_of_the_system(organization: Organization, settings: Settings) -> None:
    settings.MAX_CONCURRENT_CALLS = 2
    campaign_of(organization, 5)
    assert [dispatch_due(NOW), dispatch_due(NOW)] == [2, 0]


def test_claims_stay_within_the_lines_of_organization_and_campaign() -> None:
    organization = make_organization(max_concurrent_calls=4)
    small, large = campaign_of(organization, 5), campaign_of(organization, 5, 50)
    CallGroup.objects.filter(key=campaign_group_key(small.pk)).update(max_concurrent_calls=1)
    assert dispatch_due(NOW) == 4
    assert (claimed(small), claimed(large)) == (1, 3)


def test_a_large_campaign_does_not_starve_a_small_one(organization: Organization, settings: Settings) -> None:
    settings.MAX_CONCURRENT_CALLS = 4
    large, small = campaign_of(organization, 20), campaign_of(organization, 2, 50)
    dispatch_due(NOW)
    assert (claimed(large), claimed(small)) == (2, 2)


def test_an_organization_with_many_campaigns_does_not_starve_another(settings: Settings) -> None:
    settings.MAX_CONCURRENT_CALLS = 4
    busy, quiet = make_organization(max_concurrent_calls=100), make_organization(max_concurrent_calls=100)
    crowd = [campaign_of(busy, 5, 10 * n) for n in range(5)]
    alone = campaign_of(quiet, 5, 90)
    dispatch_due(NOW)
    assert claimed(alone) == 2
    assert sum(claimed(campaign) for campaign in crowd) == 2


def test_lines_that_one_campaign_cannot_use_go_to_another_in_the_same_tick(
    organization: Organization, settings: Settings
) -> None:
    settings.MAX_CONCURRENT_CALLS = 7
    few, many = campaign_of(organization, 1), campaign_of(organization, 20, 50)
    assert dispatch_due(NOW) == 7
    assert (claimed(few), claimed(many)) == (1, 6)


def test_an_organization_that_was_just_served_waits_although_one_of_its_campaigns_never_was(
    settings: Settings,
) -> None:
    settings.MAX_CONCURRENT_CALLS = 1
    served, other = make_organization(), make_organization()
    never, just, before = campaign_of(served, 1), campaign_of(served, 1, 10), campaign_of(other, 1, 20)
    for campaign, seconds_ago in ((just, 1), (before, 60)):
        last_claimed_at = NOW - timedelta(seconds=seconds_ago)
        Campaign.objects.filter(pk=campaign.pk).update(last_claimed_at=last_claimed_at)
    assert dispatch_due(NOW) == 1
    assert [claimed(campaign) for campaign in (never, just, before)] == [0, 0, 1]


def test_a_task_that_is_refused_keeps_nobody_else_of_its_tick_from_his_call(organization: Organization) -> None:
    first, second = campaign_of(organization, 3), campaign_of(organization, 3, 50)
    refused = Task.objects.filter(campaign=first)[1]
    make_call(State.TALKING, organization=organization, origin=task_origin(refused.pk))
    assert dispatch_due(NOW) == 5
    assert (claimed(first), claimed(second)) == (2, 3)
    refused.refresh_from_db()
    assert (refused.status, refused.next_action_at) == ("pending", NOW + AFTER_REFUSAL)


def test_a_task_of_which_something_is_wrong_keeps_nobody_else_of_its_tick_from_his_call(
    organization: Organization,
) -> None:
    broken, sound = campaign_of(organization, 1), campaign_of(organization, 3, 50)
    Campaign.objects.filter(pk=broken.pk).update(plan={})
    assert dispatch_due(NOW) == 3
    assert (claimed(broken), claimed(sound)) == (0, 3)
    assert "operator" in Task.objects.get(campaign=broken).next_action_reason


def test_a_campaign_that_was_paused_behind_the_look_at_it_is_not_claimed_from(organization: Organization) -> None:
    campaign = campaign_of(organization, 1)
    control.pause(campaign.pk, at=NOW)
    assert claim_due({campaign.pk: 1}, NOW) == {campaign.pk: NOTHING}
    assert not Call.objects.exists()


def test_a_task_that_moves_on_behind_the_look_at_it_gets_no_call(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    moving, staying = Task.objects.filter(campaign=campaign_of(organization, 2))

    def meanwhile(requests: Sequence[CallRequest], *, at: datetime) -> list[UUID]:
        Task.objects.filter(pk=moving.pk).update(status="cancelled")
        return request_calls(requests, at=at)

    monkeypatch.setattr(claims, "request_calls", meanwhile)
    assert dispatch_due(NOW) == 1
    assert Call.objects.get().origin == task_origin(staying.pk)


def test_a_database_that_is_away_is_no_fault_of_the_tasks(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_of(organization, 2)

    def away(*_: object, **__: object) -> None:
        raise OperationalError("the connection was cut")

    monkeypatch.setattr("campaigns.services.claims.request_calls", away)
    with pytest.raises(OperationalError):
        dispatch_due(NOW)
    assert set(Task.objects.values_list("status", "next_action_at")) == {("pending", NOW)}


def test_with_one_line_campaigns_take_turns(organization: Organization, settings: Settings) -> None:
    settings.MAX_CONCURRENT_CALLS = 1
    campaigns = [campaign_of(organization, 3, 10 * n) for n in range(3)]
    for second in range(6):
        at = NOW + timedelta(seconds=second)
        assert dispatch_due(at) == 1
        Call.objects.update(state=State.ENDED, outcome="busy")  # the line is free again
    assert [claimed(campaign) for campaign in campaigns] == [2, 2, 2]


def test_with_two_lines_three_organizations_take_turns_alike(settings: Settings) -> None:
    settings.MAX_CONCURRENT_CALLS = 2
    campaigns = [campaign_of(make_organization(), 6, 10 * n) for n in range(3)]
    for second in range(6):
        assert dispatch_due(NOW + timedelta(seconds=second)) == 2
        Call.objects.update(state=State.ENDED, outcome="busy")  # the lines are free again
    assert [claimed(campaign) for campaign in campaigns] == [4, 4, 4]


def test_tasks_come_in_the_order_in_which_they_are_due(organization: Organization, settings: Settings) -> None:
    settings.MAX_CONCURRENT_CALLS = 1
    campaign = campaign_of(organization, 3)
    Task.objects.filter(campaign=campaign, position=2).update(next_action_at=NOW - timedelta(hours=1))
    dispatch_due(NOW)
    assert Task.objects.get(campaign=campaign, status="in_progress").position == 2


def test_a_task_with_an_unfinished_call_steps_aside_for_those_behind_it(organization: Organization) -> None:
    campaign = campaign_of(organization, 2)
    stuck = Task.objects.get(campaign=campaign, position=0)
    make_call(organization=organization, origin=task_origin(stuck.pk), number="+12025550000")
    assert dispatch_due(NOW) == 1
    stuck.refresh_from_db()
    assert (stuck.status, stuck.attempts, stuck.next_action_at) == ("pending", 0, NOW + AFTER_REFUSAL)
    assert "unfinished call" in stuck.next_action_reason
    assert Task.objects.get(campaign=campaign, position=1).status == "in_progress"


def test_the_next_call_knows_what_the_earlier_one_learned() -> None:
    task = make_called_task()
    assert task.current_call_id is not None
    make_verdict(task.current_call_id, summary="Was in a meeting.", next_instructions="Begin with the time.")
    Task.objects.filter(pk=task.pk).update(status="pending", current_call_id=None, next_action_at=NOW)
    dispatch_due(NOW)
    earlier = Call.objects.get(state=State.QUEUED).brief["earlier"]
    assert earlier == (
        "Call 1 on Tuesday 24 November at 10:00: completed. Was in a meeting. For this call: Begin with the time."
    )


def test_a_tick_costs_the_same_however_many_tasks_wait(organization: Organization, settings: Settings) -> None:
    settings.MAX_CONCURRENT_CALLS = 1
    campaign = campaign_of(organization, 3)

    def queries_of_a_tick() -> int:
        Call.objects.update(state=State.ENDED, outcome="busy")
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert dispatch_due(NOW) == 1
        return len(queries)

    queries_of_a_tick()  # the first of all writes the row of the default trunk
    few = queries_of_a_tick()
    for position, number in enumerate(numbers(30, 100)):
        contact = campaign.contacts.create(number=number, time_zone="UTC")
        campaign.tasks.create(
            organization=organization, contact=contact, position=10 + position, next_action_at=NOW,
            created_at=NOW, updated_at=NOW,
        )  # fmt: skip
    assert queries_of_a_tick() == few


def test_at_night_tasks_wait_for_the_morning_on_their_callees_clock(organization: Organization) -> None:
    campaign = campaign_of(organization, 3)
    Contact.objects.filter(campaign=campaign, number="+12025550001").update(
        number="+81312345678", time_zone="Asia/Tokyo"
    )
    night = NOW.replace(hour=3)  # ten in the evening in New York, noon in Tokyo
    Task.objects.update(next_action_at=night)
    assert dispatch_due(night) == 1
    assert Task.objects.get(status="in_progress").contact.number == "+81312345678"
    nine_in_the_morning = NOW.replace(hour=14)
    waiting = Task.objects.filter(status="pending")
    assert set(waiting.values_list("next_action_at", "next_action_reason", "attempts")) == {
        (nine_in_the_morning, "outside the calling hours", 0)
    }
    assert dispatch_due(nine_in_the_morning) == 2


def test_a_zone_that_was_told_counts_before_that_of_the_number(organization: Organization) -> None:
    campaign = campaign_of(organization, 1)
    seven_in_los_angeles = NOW.replace(hour=15)
    Contact.objects.filter(campaign=campaign).update(time_zone="America/Los_Angeles", time_zone_told=True)
    Task.objects.update(next_action_at=seven_in_los_angeles)
    assert dispatch_due(seven_in_los_angeles) == 0
    assert Task.objects.get().next_action_at == NOW.replace(hour=17)


def test_a_zone_that_was_guessed_does_not_count_before_that_of_the_number(organization: Organization) -> None:
    campaign = campaign_of(organization, 1)
    Contact.objects.filter(campaign=campaign).update(time_zone="America/Los_Angeles", time_zone_told=False)
    assert dispatch_due(NOW) == 1, "it is seven in Los Angeles, and ten where the number is"


@pytest.mark.parametrize("at", [NOW.replace(hour=3), NOW.replace(day=26)])
def test_hours_and_holidays_are_those_of_the_organization(organization: Organization, at: datetime) -> None:
    others = make_organization()
    open_at_any_hour(organization)
    for owner, first in ((organization, 0), (others, 50)):
        campaign_of(owner, 1, first)
    Task.objects.update(next_action_at=at)
    assert dispatch_due(at) == 1
    assert Task.objects.get(status="in_progress").organization == organization


def test_on_a_holiday_tasks_wait_for_the_day_after(organization: Organization) -> None:
    campaign_of(organization, 1)
    thanksgiving = NOW.replace(day=26)
    Task.objects.update(next_action_at=thanksgiving)
    assert dispatch_due(thanksgiving) == 0
    assert Task.objects.get().next_action_at == NOW.replace(day=27, hour=14)
