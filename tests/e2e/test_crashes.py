"""kill -9 in the middle of calls: nothing stays unfinished, no number is dialled twice for one attempt."""

from collections import Counter
from typing import Any

import pytest

from tests.e2e import flow
from tests.e2e.product import EMAIL, Api, RunningProduct, wait_until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

A_MINUTE_S = 60.0
UNFINISHED = {"in_progress", "pending_analysis"}


def start_calls(api: Api, offset: int) -> str:
    """A campaign of three calls to numbers that this test has not used before."""
    numbers = [f"+120255501{last:02d}" for last in range(offset, offset + 3)]
    return flow.execute(api, flow.plan_of(api, f"Ask whether Friday at ten suits: {', '.join(numbers)}"))


def calls_of(api: Api, campaign_id: str) -> list[dict[str, Any]]:
    tasks = flow.tasks_by_number(api, campaign_id).values()
    return [call for task in tasks for call in api.get(f"/api/tasks/{task['id']}/")["calls"]]


def somebody_talks(api: Api, campaign_id: str) -> bool:
    return any(call["state"] == "talking" for call in calls_of(api, campaign_id))


def nothing_is_unfinished(api: Api, campaign_id: str) -> bool:
    tasks = flow.tasks_by_number(api, campaign_id).values()
    calls = calls_of(api, campaign_id)
    return all(task["status"] not in UNFINISHED for task in tasks) and all(call["state"] == "ended" for call in calls)


@pytest.fixture(scope="module")
def fragile() -> Any:
    with RunningProduct() as running:
        yield running


@pytest.fixture(scope="module")
def fragile_api(fragile: RunningProduct) -> Api:
    return Api(fragile.url, fragile.manage("create_api_token", EMAIL))


@pytest.mark.parametrize(("victim", "offset"), [("worker", 20), ("gateway", 30), ("callcontrol", 40)])
def test_a_killed_process_leaves_nothing_unfinished_and_dials_nobody_twice(
    fragile: RunningProduct, fragile_api: Api, victim: str, offset: int
) -> None:
    fragile.wait_until_ready()
    campaign_id = start_calls(fragile_api, offset)
    wait_until("somebody talks", lambda: somebody_talks(fragile_api, campaign_id), 60)
    fragile.kill(victim)
    fragile.wait_until_ready()
    wait_until("everything is finished", lambda: nothing_is_unfinished(fragile_api, campaign_id), A_MINUTE_S)
    dials = Counter(entry["channel_id"] for entry in fragile.dialled())
    assert max(dials.values()) == 1
    ours = {call["id"] for call in calls_of(fragile_api, campaign_id)}
    assert len(ours & set(dials)) == 3


def test_with_redis_away_nothing_is_lost_and_calls_go_on_when_it_is_back(
    fragile: RunningProduct, fragile_api: Api
) -> None:
    fragile.wait_until_ready()
    reply = flow.plan_of(fragile_api, "Ask whether Friday at ten suits: +12025550150")
    fragile.control("stop", "redis")
    try:
        campaign_id = flow.execute(fragile_api, reply)
        assert flow.tasks_by_number(fragile_api, campaign_id)["+12025550150"]["status"] == "pending"
    finally:
        fragile.control("start", "redis")
    fragile.wait_until_ready()
    assert flow.wait_until_judged(fragile_api, campaign_id)["+12025550150"]["status"] == "completed"


def test_with_the_pbx_away_no_attempt_is_used_up(fragile: RunningProduct, fragile_api: Api) -> None:
    fragile.wait_until_ready()
    reply = flow.plan_of(fragile_api, "Ask whether Friday at ten suits: +12025550151")
    fragile.control("stop", "sandbox-pbx")
    campaign_id = flow.execute(fragile_api, reply)

    def waits() -> bool:
        events = [fragile_api.get(f"/api/calls/{call['id']}/events/") for call in calls_of(fragile_api, campaign_id)]
        return any(event["kind"] == "postpone" for page in events for event in page["events"])

    try:
        wait_until("the call waits for the PBX", waits, 60)
    finally:
        fragile.control("start", "sandbox-pbx")
    task = flow.wait_until_judged(fragile_api, campaign_id)["+12025550151"]
    assert (task["status"], task["attempts"]) == ("completed", 1)


def test_a_refused_ami_login_uses_up_no_attempt(fragile: RunningProduct, fragile_api: Api) -> None:
    fragile.wait_until_ready()
    reply = flow.plan_of(fragile_api, "Ask whether Friday at ten suits: +12025550153")
    fragile.pbx_fault("RefuseLogin", count=2)
    campaign_id = flow.execute(fragile_api, reply)
    task = flow.wait_until_judged(fragile_api, campaign_id)["+12025550153"]
    assert (task["status"], task["attempts"]) == ("completed", 1)


def test_a_model_that_fails_for_a_while_loses_no_verdict(fragile: RunningProduct, fragile_api: Api) -> None:
    fragile.wait_until_ready()
    reply = flow.plan_of(fragile_api, "Ask whether Friday at ten suits: +12025550152")
    fragile.fault(target="chat", role="verdict", status=500, times=4)
    campaign_id = flow.execute(fragile_api, reply)
    assert flow.wait_until_judged(fragile_api, campaign_id)["+12025550152"]["status"] == "completed"
