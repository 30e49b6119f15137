"""Bad input of the engine through the API: a clear reason where the user looks, and nothing half done."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import override_settings

from calls.models import Call, CallingHours
from calls.services.do_not_call import add_do_not_call
from campaigns.models import Campaign, Report, Task
from campaigns.services import outlook
from campaigns.services.dispatch import dispatch_due
from opendeep.accounts.models import Organization
from tests.api_client import Api
from tests.calls.dialers import RecordingDialer
from tests.calls.steps import dial_call
from tests.factories import NOW, make_campaign, make_conversation, plan_data
from tests.openai_server import OpenAIServer

pytestmark = pytest.mark.django_db

THURSDAY = datetime(2027, 6, 10, tzinfo=UTC)  # no holiday in sight, and ahead of every clock of these tests


def execute(api: Api, **plan: Any) -> tuple[int, Any]:
    numbers = plan.pop("numbers", ["+12025550100"])
    conversation = make_conversation(api.user, plan_data(*numbers, **plan))
    return api.post("execute_campaign", {"conversation_id": str(conversation.pk)})


def change(api: Api, **fields: Any) -> None:
    Organization.objects.filter(pk=api.organization.pk).update(**fields)


# --- A plan that can reach nobody -----------------------------------------------------------------


@pytest.mark.parametrize("number", ["911", "+1911", "12", "", "call me", "+120255501", "0202 555 0100"])
def test_what_is_no_number_is_refused_with_the_place_in_the_plan(api: Api, number: str) -> None:
    conversation = make_conversation(api.user, plan_data())
    contacts = [{"name": "", "phone": number, "variables": []}]
    body = {"conversation_id": str(conversation.pk), "campaign_plan": plan_data(contacts=contacts)}
    status, reply = api.post("execute_campaign", body)
    assert (status, reply["error"]["code"]) == (400, "bad_plan")
    assert "contacts.0.phone" in reply["error"]["fields"]
    assert not Campaign.objects.exists()


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (None, "2020-01-01T10:00", "end lies in the past"),
        ("2027-06-10T15:00", "2027-06-10T14:00", "end lies before the start"),
        ("2027-06-10T22:00", "2027-06-11T06:00", "only after the campaign's end"),
    ],
)
def test_a_time_in_which_nobody_can_be_called_is_refused_at_once(
    api: Api, openai_server: OpenAIServer, start: str | None, end: str, words: str
) -> None:
    change(api, time_zone="America/New_York")
    type(api.user).objects.filter(pk=api.user.pk).update(time_zone="America/New_York")
    status, reply = execute(api, start_at=start, end_at=end)
    assert (status, words in reply["error"]["message"]) == (400, True)
    assert reply["error"]["fields"]
    assert not Campaign.objects.exists()


def test_hours_that_never_open_are_refused_at_once(api: Api) -> None:
    CallingHours.objects.create(organization=api.organization, weekday=6, opens_minute=130, closes_minute=131)
    change(api, caller_id="")
    status, reply = execute(api, numbers=["+18005551234"])  # in New York or in Los Angeles
    assert (status, reply["error"]["code"]) == (400, "never_open")
    assert "never open" in reply["error"]["message"]


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        (["+19005550100"], ["premium"]),
        (["+12025550123"], ["asked not to be called"]),
        (["+19005550100", "+4930123456", "+12025550123"], ["premium", "allowed countries", "asked not to be called"]),
    ],
)
def test_a_plan_in_which_nobody_can_ever_be_called_is_refused_at_once(
    api: Api, numbers: list[str], words: list[str]
) -> None:
    add_do_not_call(api.organization.pk, "+12025550123", source="owner", reason="", at=NOW)
    status, reply = execute(api, numbers=numbers)
    assert (status, reply["error"]["code"]) == (400, "nobody_callable")
    told = reply["error"]["fields"]
    assert list(told) == [f"contacts.{number}.phone" for number in range(len(numbers))]
    for why, (said,) in zip(words, told.values(), strict=True):
        assert why in said.lower()
        assert said in reply["error"]["message"]
    assert not Campaign.objects.exists()


def test_in_a_long_plan_the_first_ones_do_not_speak_for_the_rest(
    api: Api, openai_server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outlook, "LOOKED_AT", 2)
    assert execute(api, numbers=["+19005550100", "+19005550101", "+12025550100"])[0] == 201


def test_some_who_cannot_be_called_stop_nobody_else_and_are_named(api: Api, openai_server: OpenAIServer) -> None:
    change(api, caller_id="")
    status, reply = execute(api, numbers=["+870773111632", "+12025550100"])  # the first is a satellite phone
    assert (status, reply["task_count"]) == (201, 2)
    (named,) = reply["cannot_be_called"]
    assert (named["phone"], named["rule"]) == ("+870773111632", "calling_hours")
    assert "time zone" in named["why"]


def test_the_answer_with_the_plan_names_who_cannot_be_called(api: Api, openai_server: OpenAIServer) -> None:
    add_do_not_call(api.organization.pk, "+12025550104", source="owner", reason="", at=NOW)
    words = "Ask these two numbers whether they keep their appointment on Friday at ten: +12025550100, +12025550104"
    _, asked = api.post("chat_interaction", {"message": words})
    assert asked["cannot_be_called"] == []
    answer = {"conversation_id": asked["conversation_id"], "answers": {"on_behalf_of": "Dr. Miller"}}
    _, reply = api.post("chat_interaction", answer)
    (named,) = reply["cannot_be_called"]
    assert (reply["status"], named["phone"], named["rule"]) == ("plan_complete", "+12025550104", "do_not_call")
    assert "asked not to be called" in named["why"]


# --- A campaign that can reach nobody -------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "rule", "words"),
    [
        ("+19005550100", "destination", "premium"),
        ("+4930123456", "country", "allowed countries"),
        ("+12025550123", "do_not_call", "asked not to be called"),
    ],
)
def test_a_task_tells_why_its_number_is_not_called(
    api: Api, redis_url: str, jobs: list[str], number: str, rule: str, words: str
) -> None:
    add_do_not_call(api.organization.pk, "+12025550123", source="owner", reason="", at=NOW)
    campaign = make_campaign(number, user=api.user)
    assert dispatch_due(NOW) == 1
    dialer = RecordingDialer()
    dial_call(Call.objects.get().pk, clock=lambda: NOW, dialer=dialer)
    shown = api.get(f"tasks/{campaign.tasks.get().pk}/")[1]
    assert (shown["decision"]["decision"], shown["decision"]["rule"]) == ("deny", rule)
    assert words in shown["decision"]["why"].lower()
    assert shown["calls"][0]["outcome"] == "blocked"
    assert dialer.sent == []


def test_a_task_whose_morning_comes_after_the_end_is_over_at_once_and_says_why(api: Api, jobs: list[str]) -> None:
    night = NOW.replace(hour=3)  # ten in the evening in New York, noon in Tokyo
    campaign = make_campaign("+12025550100", "+12025550101", "+81312345678", user=api.user)
    campaign.contacts.filter(number="+81312345678").update(time_zone="Asia/Tokyo")
    Campaign.objects.update(ends_at=night + timedelta(hours=5))
    Task.objects.update(next_action_at=night)
    assert dispatch_due(night) == 1
    for task in Task.objects.filter(contact__number__startswith="+1"):
        shown = api.get(f"tasks/{task.pk}/")[1]
        assert (shown["status"], shown["conclusion_code"]) == ("failed_conclusive", "campaign_over")
        assert "only after the campaign's end" in shown["conclusion"]
        assert shown["events"][-1]["kind"] == "fail"
    assert api.get(f"campaigns/{campaign.pk}/")[1]["status"] == "running"


def test_the_last_task_whose_morning_comes_after_the_end_finishes_the_campaign(api: Api, jobs: list[str]) -> None:
    night = NOW.replace(hour=3)
    campaign = make_campaign(user=api.user, ends_at=night + timedelta(hours=5))
    Task.objects.update(next_action_at=night)
    assert dispatch_due(night) == 0
    assert api.get(f"campaigns/{campaign.pk}/")[1]["status"] == "finished"
    assert Report.objects.get().kind == Report.Kind.FINAL


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"max_concurrent_calls": 0}, "limit of calls at a time is zero"),
        ({"calling_paused": True}, "All calls of the organization are paused"),
        ({"calls_per_second": 0.0}, "no calls per second"),
    ],
)
def test_a_campaign_says_what_keeps_all_its_calls_from_going_out(api: Api, fields: dict[str, Any], words: str) -> None:
    campaign = make_campaign(user=api.user)
    assert api.get(f"campaigns/{campaign.pk}/")[1]["hindrances"] == []
    change(api, **fields)
    (why,) = api.get(f"campaigns/{campaign.pk}/")[1]["hindrances"]
    assert words in why


def test_a_system_without_lines_says_so(api: Api) -> None:
    campaign = make_campaign(user=api.user)
    with override_settings(MAX_CONCURRENT_CALLS=0):
        assert dispatch_due(NOW) == 0
        (why,) = api.get(f"campaigns/{campaign.pk}/")[1]["hindrances"]
    assert "no lines" in why
