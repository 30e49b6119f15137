"""Redis, the PBX or the model is away for a while: calls and verdicts wait for it, and no attempt is used up."""

from collections.abc import Iterator

import pytest

from tests.e2e import flow
from tests.e2e.flow import calls_of
from tests.e2e.product import EMAIL, Api, RunningProduct, wait_until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def product() -> Iterator[RunningProduct]:
    """A product of its own, whose parts go away."""
    with RunningProduct() as running:
        yield running


@pytest.fixture(scope="module")
def api(product: RunningProduct) -> Api:
    return Api(product.url, product.manage("create_api_token", EMAIL))


def test_with_redis_away_nothing_is_lost_and_calls_go_on_when_it_is_back(product: RunningProduct, api: Api) -> None:
    product.wait_until_ready()
    reply = flow.plan_of(api, "Ask whether Friday at ten suits: +12025550150")
    product.control("stop", "redis")
    try:
        campaign_id = flow.execute(api, reply)
        assert flow.tasks_by_number(api, campaign_id)["+12025550150"]["status"] == "pending"
    finally:
        product.control("start", "redis")
    product.wait_until_ready()
    assert flow.wait_until_judged(api, campaign_id)["+12025550150"]["status"] == "completed"


def test_with_the_pbx_away_no_attempt_is_used_up(product: RunningProduct, api: Api) -> None:
    product.wait_until_ready()
    reply = flow.plan_of(api, "Ask whether Friday at ten suits: +12025550151")
    product.control("stop", "sandbox-pbx")
    campaign_id = flow.execute(api, reply)

    def waits() -> bool:
        events = [api.get(f"/api/calls/{call['id']}/events/") for call in calls_of(api, campaign_id)]
        return any(event["kind"] == "postpone" for page in events for event in page["events"])

    try:
        wait_until("the call waits for the PBX", waits, 60)
    finally:
        product.control("start", "sandbox-pbx")
    task = flow.wait_until_judged(api, campaign_id)["+12025550151"]
    assert (task["status"], task["attempts"]) == ("completed", 1)


def test_a_refused_ami_login_uses_up_no_attempt(product: RunningProduct, api: Api) -> None:
    product.wait_until_ready()
    reply = flow.plan_of(api, "Ask whether Friday at ten suits: +12025550153")
    product.pbx_fault("RefuseLogin", count=2)
    campaign_id = flow.execute(api, reply)
    task = flow.wait_until_judged(api, campaign_id)["+12025550153"]
    assert (task["status"], task["attempts"]) == ("completed", 1)


def test_a_model_that_fails_for_a_while_loses_no_verdict(product: RunningProduct, api: Api) -> None:
    product.wait_until_ready()
    reply = flow.plan_of(api, "Ask whether Friday at ten suits: +12025550152")
    product.fault(target="chat", role="verdict", status=500, times=4)
    campaign_id = flow.execute(api, reply)
    assert flow.wait_until_judged(api, campaign_id)["+12025550152"]["status"] == "completed"
