"""From a sentence to a report through the HTTP API alone."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.e2e import flow
from tests.e2e.product import Api, RunningProduct, wait_until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

NEW_YORK = ZoneInfo("America/New_York")
HELPFUL, BUSY, TOMORROW, NEVER = "+12025550100", "+12025550101", "+12025550104", "+12025550105"
VOICEMAIL, FAX = "+12025550103", "+12025550116"


@pytest.fixture(scope="module")
def campaign_id(api: Api) -> str:
    return flow.execute(api, flow.plan_of(api, flow.SENTENCE))


@pytest.fixture(scope="module")
def machines_id(api: Api) -> str:
    """A campaign that leaves messages on voicemails, and wants no answer."""
    reply = flow.plan_of(api, f"Tell {VOICEMAIL} and {FAX} that the office is closed on Friday.")
    reply["campaign_plan"] |= {"voicemail": "leave_message", "result_fields": []}
    return flow.execute(api, reply)


@pytest.fixture(scope="module")
def tasks(api: Api, campaign_id: str, machines_id: str) -> Any:
    return flow.wait_until_judged(api, campaign_id)


def calls_of(api: Api, task: dict[str, Any]) -> Any:
    return api.get(f"/api/tasks/{task['id']}/")["calls"]


def test_the_helpful_person_is_done_with_the_answer(tasks: dict[str, dict[str, Any]]) -> None:
    task = tasks[HELPFUL]
    assert task["status"] == "completed"
    assert "yes" in str(task["result"]).lower()


def test_who_wants_to_be_called_tomorrow_at_ten_is_scheduled_in_their_own_zone(
    api: Api, tasks: dict[str, dict[str, Any]]
) -> None:
    task = tasks[TOMORROW]
    asked = datetime.fromisoformat(calls_of(api, task)[0]["answered_at"]).astimezone(NEW_YORK)
    again = datetime.fromisoformat(task["next_action_at"]).astimezone(NEW_YORK)
    assert task["status"] == "pending"
    assert again.date() == asked.date() + timedelta(days=1)
    assert (again.hour, again.minute) == (10, 0)


def test_who_said_never_is_on_the_list_and_settled(api: Api, tasks: dict[str, dict[str, Any]]) -> None:
    assert tasks[NEVER]["status"] == "failed_conclusive"
    assert tasks[NEVER]["conclusion_code"] == "do_not_call"
    assert NEVER in [entry["number"] for entry in api.get("/api/do-not-call/")["results"]]


def test_a_plan_for_nobody_but_who_said_never_is_refused(api: Api, tasks: dict[str, dict[str, Any]]) -> None:
    reply = flow.plan_of(api, f"Ask {NEVER} whether they want a new appointment.")
    body = {"conversation_id": reply["conversation_id"], "campaign_plan": reply["campaign_plan"]}
    status, answer = api.post("/api/execute_campaign", body)
    assert (status, answer["error"]["code"]) == (400, "nobody_callable")


def test_who_said_never_is_not_dialled_for_another_task(
    api: Api, product: RunningProduct, tasks: dict[str, dict[str, Any]]
) -> None:
    before = len([entry for entry in product.dialled() if entry["number"] == NEVER])
    again = flow.execute(api, flow.plan_of(api, f"Ask {NEVER} and {BUSY} whether they want a new appointment."))
    task = flow.wait_until_judged(api, again)[NEVER]
    assert task["conclusion_code"] == "do_not_call"
    assert len([entry for entry in product.dialled() if entry["number"] == NEVER]) == before


def test_every_transcript_is_in_order_with_both_voices(api: Api, tasks: dict[str, dict[str, Any]]) -> None:
    for task in tasks.values():
        turns = api.get(f"/api/calls/{calls_of(api, task)[0]['id']}/transcript/")["turns"]
        starts = [turn["started_ms"] for turn in turns]
        assert starts == sorted(starts)
        assert [turn["turn"] for turn in turns] == list(range(1, len(turns) + 1))
        assert {"agent", "callee"} <= {turn["speaker"] for turn in turns}
        assert "AI assistant" in next(turn["text"] for turn in turns if turn["speaker"] == "agent")


def test_every_number_was_dialled_once_for_its_attempt(
    product: RunningProduct, tasks: dict[str, dict[str, Any]]
) -> None:
    ids = [entry["channel_id"] for entry in product.dialled()]
    assert len(ids) == len(set(ids))


def test_a_report_so_far_is_written(api: Api, campaign_id: str, tasks: dict[str, dict[str, Any]]) -> None:
    flow.ok(api.post(f"/api/campaigns/{campaign_id}/report/", {}))

    def written() -> Any:
        report = api.get(f"/api/campaigns/{campaign_id}/report/")
        return report if report.get("status") == "written" else None

    report = wait_until("the report is written", written, 60)
    assert report["headline"]
    assert len(report["table"]) == 3


def test_the_same_conversation_confirmed_twice_is_the_same_campaign(api: Api) -> None:
    reply = flow.plan_of(api, "Ask +12025550102 whether they got the parcel.")
    assert flow.execute(api, reply) == flow.execute(api, reply)


def test_a_message_on_a_voicemail_completes_its_task_and_a_fax_is_given_up(
    api: Api, machines_id: str, tasks: dict[str, dict[str, Any]]
) -> None:
    machines = flow.wait_until_judged(api, machines_id)
    outcomes = {number: (task["status"], task["conclusion_code"]) for number, task in machines.items()}
    assert outcomes == {VOICEMAIL: ("completed", "message_left"), FAX: ("failed_conclusive", "fax")}
    call = api.get(f"/api/calls/{calls_of(api, machines[VOICEMAIL])[0]['id']}/")
    assert (call["outcome"], call["callee_kind"], call["message_left"]) == ("voicemail", "voicemail", True)
