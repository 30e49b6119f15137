from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from calls.models import CallEvent
from calls.trunks.models import Trunk
from campaigns.keys import task_origin
from campaigns.models import Campaign, Report, Task
from campaigns.services.reports import write_report
from opendeep.core.clock import now
from tests.api_client import Api
from tests.factories import NOW, make_call, make_called_task, make_campaign, make_verdict, plan_data
from tests.openai_server import OpenAIServer


@pytest.fixture
def campaign(api: Api) -> Campaign:
    return make_campaign("+12025550100", "+12025550104", "+12025550105", user=api.user)


def test_the_list_shows_each_campaign_with_its_figures(api: Api, campaign: Campaign) -> None:
    Task.objects.filter(campaign=campaign, position=0).update(status="completed", attempts=1)
    Task.objects.filter(campaign=campaign, position=1).update(attempts=1)
    Task.objects.filter(campaign=campaign, position=2).update(
        status="failed_conclusive", conclusion_code="do_not_call", attempts=1
    )
    status, page = api.get("campaigns/")
    (shown,) = page["results"]
    assert (status, page["count"], shown["id"], shown["status"]) == (200, 1, str(campaign.pk), "running")
    figures = {name: shown["figures"][name] for name in ("total", "completed", "do_not_call", "again", "open", "calls")}
    assert figures == {"total": 3, "completed": 1, "do_not_call": 1, "again": 1, "open": 1, "calls": 3}


def test_lists_cost_the_same_however_long_they_are(api: Api, campaign: Campaign) -> None:
    def queries(path: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert api.get(path)[0] == 200
        return len(captured)

    api.get("campaigns/")  # the first use of a token is noted
    before = [queries("campaigns/"), queries("tasks/")]
    for _ in range(5):
        make_campaign(user=api.user)
    assert [queries("campaigns/"), queries("tasks/")] == before


def test_a_campaign_shows_its_plan_and_tasks(api: Api, campaign: Campaign) -> None:
    status, shown = api.get(f"campaigns/{campaign.pk}/")
    assert status == 200
    assert shown["plan"]["goal"] == campaign.goal
    assert [task["contact"]["number"] for task in shown["tasks"]] == ["+12025550100", "+12025550104", "+12025550105"]


def test_an_outage_of_the_line_is_told_with_its_reason(api: Api, campaign: Campaign) -> None:
    assert api.get(f"campaigns/{campaign.pk}/")[1]["outage"] is None
    since, until = now(), now() + timedelta(minutes=1)
    outage = {"out_of_order_since": since, "retry_at": until, "out_of_order_reason": "No line was free."}
    Trunk.objects.create(name="default", **outage)
    told = api.get(f"campaigns/{campaign.pk}/")[1]["outage"]
    assert told["reason"] == "No line was free."
    assert told["since"] < told["until"]


def test_an_owner_pauses_resumes_and_cancels(api: Api, campaign: Campaign) -> None:
    for verb, becomes in (("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")):
        status, shown = api.post(f"campaigns/{campaign.pk}/{verb}/")
        assert (status, shown["status"]) == (200, becomes)
    status, error = api.post(f"campaigns/{campaign.pk}/resume/")
    assert (status, error["error"]["code"]) == (409, "campaign_ended")


def test_a_report_so_far_is_asked_for_written_and_read(
    api: Api, campaign: Campaign, openai_server: OpenAIServer
) -> None:
    assert api.get(f"campaigns/{campaign.pk}/report/")[0] == 404
    status, asked = api.post(f"campaigns/{campaign.pk}/report/")
    assert (status, asked["status"], asked["kind"]) == (202, "pending", "so_far")
    write_report(Report.objects.get().pk, now() + timedelta(seconds=1))
    status, report = api.get(f"campaigns/{campaign.pk}/report/")
    assert (status, report["status"], report["figures"]["tasks"]) == (200, "written", 3)
    assert report["html"].startswith("<")


def test_tasks_are_listed_by_campaign_and_status(api: Api, campaign: Campaign) -> None:
    make_campaign(user=api.user)
    Task.objects.filter(campaign=campaign, position=1).update(status="completed")
    assert api.get("tasks/")[1]["count"] == 4
    assert api.get("tasks/", campaign=str(campaign.pk))[1]["count"] == 3
    (done,) = api.get("tasks/", campaign=str(campaign.pk), status="completed")[1]["results"]
    assert done["contact"]["number"] == "+12025550104"
    assert len(api.get("tasks/", limit=2, offset=1)[1]["results"]) == 2


@pytest.mark.parametrize("query", [{"campaign": "seven"}, {"status": "asleep"}])
def test_nonsense_filters_are_named(api: Api, query: dict[str, str]) -> None:
    status, error = api.get("tasks/", **query)
    assert (status, list(error["error"]["fields"])) == (400, list(query))


def test_a_task_shows_what_happened_to_it(api: Api) -> None:
    task = make_called_task(campaign=make_campaign(plan=plan_data(), user=api.user))
    assert task.current_call_id is not None
    make_verdict(task.current_call_id, results=[{"field": "x", "value": "y", "evidence_turns": [2], "verified": True}])
    task.events.create(at=NOW, kind="claim", from_status="pending", to_status="in_progress", detail={"attempt": 1})
    status, shown = api.get(f"tasks/{task.pk}/")
    assert (status, shown["events"][0]["detail"]) == (200, {"attempt": 1})
    (call,) = shown["calls"]
    assert (call["id"], call["outcome"]) == (str(task.current_call_id), "completed")
    assert (call["callee_kind"], call["message_left"]) == ("unknown", False)
    assert call["verdict"]["results"][0]["evidence_turns"] == [2]


def test_another_organization_sees_and_changes_nothing(api: Api, stranger: Api, campaign: Campaign) -> None:
    task = Task.objects.filter(campaign=campaign)[0]
    assert stranger.get("campaigns/")[1]["results"] == []
    assert stranger.get("tasks/")[1]["results"] == []
    for path in (f"campaigns/{campaign.pk}/", f"campaigns/{campaign.pk}/report/", f"tasks/{task.pk}/"):
        assert stranger.get(path)[0] == 404
    assert stranger.get("tasks/", campaign=str(campaign.pk))[0] == 404
    for verb in ("pause", "resume", "cancel", "report"):
        assert stranger.post(f"campaigns/{campaign.pk}/{verb}/")[0] == 404
    campaign.refresh_from_db()
    assert campaign.status == "running"
    assert not Report.objects.exists()


def test_what_does_not_exist_is_a_404_in_json(api: Api) -> None:
    status, error = api.get(f"campaigns/{uuid4()}/")
    assert (status, error["error"]["code"]) == (404, "not_found")


def test_a_task_says_why_it_is_not_called_and_until_when(api: Api, campaign: Campaign) -> None:
    task = campaign.tasks.get(position=0)
    assert api.get(f"tasks/{task.pk}/")[1]["decision"] is None
    call = make_call(organization=api.organization, origin=task_origin(task.pk), not_before=NOW)
    detail = {"for": "gateway", "why": "No gateway is running.", "until": NOW.isoformat()}
    CallEvent.objects.create(call=call, at=NOW, kind="waits", source="engine", detail=detail)
    shown = api.get(f"tasks/{task.pk}/")[1]["decision"]
    assert (shown["decision"], shown["rule"], shown["why"]) == ("wait", "gateway", "No gateway is running.")
    assert shown["until"].startswith("2026-11-24T")
    Task.objects.filter(pk=task.pk).update(next_action_reason="outside the calling hours", next_action_at=NOW)
    assert api.get(f"tasks/{task.pk}/")[1]["decision"]["why"] == "outside the calling hours"
