from datetime import UTC, datetime
from typing import Any

import pytest

from calls.models import CallGroup
from campaigns.keys import campaign_group_key
from campaigns.models import Campaign, Conversation, Task, TaskEvent
from campaigns.services import control, launch
from opendeep.accounts.models import User
from opendeep.core.errors import Conflict, DomainError
from tests.factories import NOW, make_conversation, make_organization, make_user, plan_data
from tests.openai_server import OpenAIServer

pytestmark = pytest.mark.django_db

THREE = ("+12025550100", "+12025550104", "+12025550105")


@pytest.fixture
def user() -> User:
    return make_user(time_zone="America/New_York")


def launched(user: User, plan: dict[str, Any]) -> Campaign:
    result = launch.execute(make_conversation(user, plan), plan, user, at=NOW)
    return Campaign.objects.get(pk=result.campaign_id)


def test_a_confirmed_plan_becomes_one_task_for_each_contact(user: User, openai_server: OpenAIServer) -> None:
    campaign = launched(user, plan_data(*THREE))
    tasks = Task.objects.filter(campaign=campaign).select_related("contact").order_by("position")
    assert [(task.contact.number, task.status, task.next_action_at) for task in tasks] == [
        (number, "pending", NOW) for number in THREE
    ]
    assert {task.contact.time_zone for task in tasks} == {"America/New_York"}
    assert {task.instructions for task in tasks} == {"Ask politely and thank for the answer."}
    assert TaskEvent.objects.filter(task__campaign=campaign, kind="created").count() == 3
    assert CallGroup.objects.filter(key=campaign_group_key(campaign.pk), paused=False).exists()
    assert campaign.orchestration["by"] == "model"
    assert "contacts" not in campaign.plan
    assert Conversation.objects.get(campaign=campaign).status == "executed"


def test_nobody_is_called_after_the_end_of_the_plan(user: User, openai_server: OpenAIServer) -> None:
    campaign = launched(user, plan_data(end_at="2026-11-27T10:00"))
    assert campaign.ends_at == datetime(2026, 11, 27, 15, 0, tzinfo=UTC)
    assert CallGroup.objects.get(key=campaign_group_key(campaign.pk)).not_after == campaign.ends_at
    control.pause(campaign.pk, at=NOW)
    assert CallGroup.objects.get(key=campaign_group_key(campaign.pk)).not_after == campaign.ends_at


def test_an_end_in_the_past_is_refused_in_words(user: User, openai_server: OpenAIServer) -> None:
    with pytest.raises(DomainError) as refused:
        launched(user, plan_data(end_at="2026-11-20T10:00"))
    assert refused.value.fields == {"end_at": ["The end lies in the past."]}


def test_confirming_again_gives_the_same_campaign(user: User, openai_server: OpenAIServer) -> None:
    plan = plan_data(*THREE)
    conversation = make_conversation(user, plan)
    first = launch.execute(conversation, plan, user, at=NOW)
    second = launch.execute(conversation, plan, user, at=NOW)
    assert (first.created, second.created) == (True, False)
    assert (second.campaign_id, second.task_count) == (first.campaign_id, 3)
    assert Task.objects.count() == 3


def test_without_a_plan_in_hand_the_latest_revision_counts(user: User, openai_server: OpenAIServer) -> None:
    conversation = make_conversation(user, plan_data(*THREE))
    assert launch.execute(conversation, None, user, at=NOW).task_count == 3


def test_a_plan_changed_by_hand_is_a_new_revision(user: User, openai_server: OpenAIServer) -> None:
    conversation = make_conversation(user, plan_data(*THREE))
    result = launch.execute(conversation, plan_data(THREE[0], max_attempts=1), user, at=NOW)
    campaign = Campaign.objects.get(pk=result.campaign_id)
    assert (campaign.plan_revision, result.task_count) == (2, 1)
    assert Task.objects.get(campaign=campaign).max_attempts == 1


def test_a_plan_changed_into_nonsense_starts_nothing(user: User) -> None:
    conversation = make_conversation(user, plan_data())
    with pytest.raises(DomainError) as caught:
        launch.execute(conversation, plan_data("123"), user, at=NOW)
    assert list(caught.value.fields) == ["contacts.0.phone"]
    assert not Campaign.objects.exists()


def test_nothing_can_be_confirmed_before_there_is_a_plan(user: User) -> None:
    with pytest.raises(Conflict, match="no plan to confirm"):
        launch.execute(make_conversation(user), plan_data(), user, at=NOW)


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ({"kind": "wrong_schema", "times": 2}, "did not give a usable answer"),
        ({"status": 500, "times": 2}, "cannot be reached"),
        ({"status": 401}, "refuses the key"),
    ],
)
def test_without_the_orchestrator_the_plan_is_carried_out_by_rule_and_says_why(
    user: User, openai_server: OpenAIServer, fault: dict[str, Any], why: str
) -> None:
    openai_server.fault(target="chat", **fault)
    campaign = launched(user, plan_data(*THREE))
    assert campaign.orchestration["by"] == "rule"
    assert why in campaign.orchestration["why"]
    assert campaign.tasks.count() == 3


def test_calls_wait_for_the_start_on_the_users_clock(user: User, openai_server: OpenAIServer) -> None:
    campaign = launched(user, plan_data(start_at="2026-11-27T10:00"))
    start = datetime(2026, 11, 27, 15, 0, tzinfo=UTC)
    assert campaign.starts_at == start
    assert Task.objects.get(campaign=campaign).next_action_at == start
    assert CallGroup.objects.get(key=campaign_group_key(campaign.pk)).not_before == start


def test_a_start_in_the_past_means_at_once(user: User, openai_server: OpenAIServer) -> None:
    campaign = launched(user, plan_data(start_at="2026-11-01T10:00"))
    assert Task.objects.get(campaign=campaign).next_action_at == NOW


@pytest.mark.parametrize(("number", "zone"), [("+18005551234", "America/New_York"), ("+79161234567", "Europe/Moscow")])
def test_of_several_zones_of_a_number_that_of_the_organization_is_taken(
    openai_server: OpenAIServer, number: str, zone: str
) -> None:
    campaign = launched(make_user(make_organization(time_zone=zone, caller_id="")), plan_data(number))
    assert campaign.contacts.get().time_zone == zone


def test_a_number_without_a_zone_of_its_own_gets_the_organizations(openai_server: OpenAIServer) -> None:
    user = make_user(make_organization(time_zone="Asia/Tokyo"))
    campaign = launched(user, plan_data("+12025550100", "+870773111632"))  # the other is a satellite phone
    assert campaign.contacts.get(number="+870773111632").time_zone == "Asia/Tokyo"


def test_variables_of_the_plan_stay_with_their_contact(user: User, openai_server: OpenAIServer) -> None:
    contact = {"name": "Ada", "phone": THREE[0], "variables": [{"name": "order", "value": "A-7"}]}
    campaign = launched(user, plan_data(contacts=[contact]))
    assert campaign.contacts.get().variables == {"order": "A-7"}


def test_consent_and_time_zones_of_the_plan_reach_the_gate(user: User, openai_server: OpenAIServer) -> None:
    plan = plan_data(*THREE, requires_consent=True)
    plan["contacts"][0] |= {"consent": "Web form, 2026-10-01", "time_zone": "America/Los_Angeles"}
    campaign = launched(user, plan)
    assert CallGroup.objects.get(key=campaign_group_key(campaign.pk)).requires_consent
    control.pause(campaign.pk, at=NOW)
    assert CallGroup.objects.get(key=campaign_group_key(campaign.pk)).requires_consent
    known, unknown, _ = campaign.contacts.order_by("number")
    assert (known.time_zone, known.time_zone_told, known.consent) == (
        "America/Los_Angeles", True, "Web form, 2026-10-01"
    )  # fmt: skip
    assert (unknown.time_zone, unknown.time_zone_told, unknown.consent) == ("America/New_York", False, "")
