"""Campaigns with priorities share the lines of their organization, tick after tick."""

from datetime import timedelta

import pytest
from pytest_django.fixtures import Settings

from calls.models import Call
from calls.states import State
from campaigns.models import Campaign, Task
from campaigns.services import launch
from campaigns.services.dispatch import dispatch_due
from opendeep.accounts.models import User
from tests.api_client import Api
from tests.factories import NOW, make_campaign, make_conversation, make_organization, make_user, plan_data
from tests.openai_server import OpenAIServer

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return make_user(make_organization(max_concurrent_calls=100))


def campaign_of(owner: User, priority: str, count: int = 30, start: int = 0) -> Campaign:
    numbers = [f"+1202555{start + n:04d}" for n in range(count)]
    return make_campaign(*numbers, user=owner, priority=priority)


def claimed(campaign: Campaign) -> int:
    return Task.objects.filter(campaign=campaign, status="in_progress").count()


def ticks(count: int, begin: int = 0) -> None:
    """Ticks five seconds apart, before each of which all lines are free."""
    for tick in range(begin, begin + count):
        Call.objects.update(state=State.ENDED, outcome="busy")
        dispatch_due(NOW + timedelta(seconds=5 * tick))


@pytest.mark.parametrize(("lines", "count"), [(1, 20), (2, 10), (5, 4), (20, 1)])
def test_of_ten_calls_six_three_and_one_however_many_lines_each_tick_has(
    owner: User, settings: Settings, lines: int, count: int
) -> None:
    settings.MAX_CONCURRENT_CALLS = settings.TRUNK_LINES = lines
    low, normal, high = (campaign_of(owner, p, start=100 * n) for n, p in enumerate(("low", "normal", "high")))
    ticks(count)
    assert (claimed(high), claimed(normal), claimed(low)) == (12, 6, 2)


def test_a_campaign_that_had_nothing_to_do_does_not_catch_up_at_the_cost_of_others(
    owner: User, settings: Settings
) -> None:
    settings.MAX_CONCURRENT_CALLS = settings.TRUNK_LINES = 1
    idle, busy = campaign_of(owner, "normal", 20), campaign_of(owner, "normal", 30, 100)
    Task.objects.filter(campaign=idle).update(next_action_at=NOW + timedelta(seconds=5 * 10))
    ticks(10)
    assert (claimed(idle), claimed(busy)) == (0, 10)
    ticks(10, begin=10)
    assert (claimed(idle), claimed(busy)) == (5, 15)


def test_what_has_no_competitor_gets_every_line_whatever_its_priority(owner: User, settings: Settings) -> None:
    settings.MAX_CONCURRENT_CALLS = settings.TRUNK_LINES = 4
    low = campaign_of(owner, "low")
    ticks(1)
    assert claimed(low) == 4


def test_priorities_of_one_organization_take_nothing_from_another(owner: User, settings: Settings) -> None:
    settings.MAX_CONCURRENT_CALLS = settings.TRUNK_LINES = 2
    other = make_user(make_organization(max_concurrent_calls=100))
    high, low = campaign_of(owner, "high"), campaign_of(other, "low", start=100)
    ticks(5)
    assert (claimed(high), claimed(low)) == (5, 5)


def test_a_plan_says_how_urgent_it_is(openai_server: OpenAIServer, owner: User) -> None:
    plan = plan_data(priority="high")
    launched = launch.execute(make_conversation(owner, plan), plan, owner, at=NOW)
    assert Campaign.objects.get(pk=launched.campaign_id).priority == "high"


def test_an_owner_changes_the_priority_of_a_campaign_that_runs(api: Api) -> None:
    campaign = make_campaign(user=api.user)
    path = f"campaigns/{campaign.pk}/priority/"
    assert api.post(path, {"priority": "low"})[1]["priority"] == "low"
    status, error = api.post(path, {"priority": "at once"})
    assert (status, "priority" in str(error)) == (400, True)
    Campaign.objects.update(status="finished")
    assert api.post(path, {"priority": "high"})[0] == 409


def test_a_stranger_cannot_change_it(api: Api) -> None:
    campaign = make_campaign()
    assert api.post(f"campaigns/{campaign.pk}/priority/", {"priority": "low"})[0] == 404
