"""Whose hours count when tasks are claimed: each callee's own, also for those who are claimed together."""

from datetime import timedelta
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from campaigns.models import Campaign, Contact, Task
from campaigns.services.claims import OPENS_TOO_LATE
from campaigns.services.dispatch import dispatch_due
from tests.factories import NOW, make_campaign

pytestmark = pytest.mark.django_db

NEW_YORK, LOS_ANGELES = "America/New_York", "America/Los_Angeles"
TEN_IN_NEW_YORK = NOW  # seven in Los Angeles, midnight in Tokyo

SLEEPER_AND_CALLEE: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"time_zone": LOS_ANGELES, "time_zone_told": True}, {"time_zone": NEW_YORK, "time_zone_told": True}),
    ({"time_zone": LOS_ANGELES, "time_zone_told": True}, {"time_zone": LOS_ANGELES, "time_zone_told": False}),
    ({"time_zone": NEW_YORK, "number": "+81312345678"}, {"time_zone": NEW_YORK}),
]


def callee_and_sleeper(sleeper: dict[str, Any], callee: dict[str, Any], *, sleeper_first: bool) -> tuple[Task, Task]:
    tasks = list(make_campaign("+12025550100", "+12025550101").tasks.order_by("position"))
    asleep, awake = tasks if sleeper_first else reversed(tasks)
    Contact.objects.filter(pk=asleep.contact_id).update(**sleeper)
    Contact.objects.filter(pk=awake.contact_id).update(**callee)
    return awake, asleep


def statuses(*tasks: Task) -> list[str]:
    return [Task.objects.get(pk=task.pk).status for task in tasks]


@pytest.mark.parametrize(("sleeper", "callee"), SLEEPER_AND_CALLEE)
def test_of_two_who_are_claimed_together_only_the_one_whose_hours_are_open_is_called(
    sleeper: dict[str, Any], callee: dict[str, Any]
) -> None:
    awake, asleep = callee_and_sleeper(sleeper, callee, sleeper_first=False)
    assert dispatch_due(TEN_IN_NEW_YORK) == 1
    assert statuses(awake, asleep) == ["in_progress", "pending"]


@pytest.mark.parametrize(("sleeper", "callee"), SLEEPER_AND_CALLEE)
def test_nobody_is_put_off_with_somebody_whose_hours_are_others(
    sleeper: dict[str, Any], callee: dict[str, Any], settings: Settings
) -> None:
    settings.MAX_CONCURRENT_CALLS = 1
    awake, asleep = callee_and_sleeper(sleeper, callee, sleeper_first=True)
    assert dispatch_due(TEN_IN_NEW_YORK) == 1
    assert statuses(awake, asleep) == ["in_progress", "pending"]


def test_whose_hours_open_only_after_the_campaigns_end_is_told_at_once() -> None:
    campaign = make_campaign("+12025550100")
    at_night = NOW.replace(hour=3)
    Campaign.objects.filter(pk=campaign.pk).update(ends_at=at_night + timedelta(hours=1))
    Task.objects.update(next_action_at=at_night)
    assert dispatch_due(at_night) == 0
    task = Task.objects.get()
    assert (task.status, task.conclusion_code, task.conclusion) == (
        "failed_conclusive",
        "campaign_over",
        OPENS_TOO_LATE,
    )
    campaign.refresh_from_db()
    assert campaign.status == "finished"
