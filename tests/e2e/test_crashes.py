"""kill -9 in the middle of calls: nothing stays unfinished, no number is dialled twice for one attempt."""

from collections import Counter

import pytest

from tests.e2e import flow
from tests.e2e.flow import calls_of
from tests.e2e.product import Api, RunningProduct, wait_until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

A_MINUTE_S = 60.0
UNFINISHED = {"in_progress", "pending_analysis"}


def start_calls(api: Api, offset: int) -> str:
    """A campaign of three calls to numbers that this test has not used before."""
    numbers = [f"+120255501{last:02d}" for last in range(offset, offset + 3)]
    return flow.execute(api, flow.plan_of(api, f"Ask whether Friday at ten suits: {', '.join(numbers)}"))


def somebody_talks(api: Api, campaign_id: str) -> bool:
    return any(call["state"] == "talking" for call in calls_of(api, campaign_id))


def nothing_is_unfinished(api: Api, campaign_id: str) -> bool:
    tasks = flow.tasks_by_number(api, campaign_id).values()
    calls = calls_of(api, campaign_id)
    return all(task["status"] not in UNFINISHED for task in tasks) and all(call["state"] == "ended" for call in calls)


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
