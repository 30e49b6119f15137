"""Parts of the running product go away in the middle of a talk: PostgreSQL, Redis, and the gateway itself."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e import flow
from tests.e2e.product import EMAIL, Api, RunningProduct, wait_until
from tests.rig.postgres import RunningPostgres

pytestmark = [pytest.mark.processes, pytest.mark.postgres, pytest.mark.long, pytest.mark.timeout(400)]

YES = "Yes, that works for me."


@pytest.fixture(scope="module")
def database() -> Iterator[RunningPostgres]:
    with RunningPostgres() as server:
        yield server


@pytest.fixture(scope="module")
def fragile(database: RunningPostgres) -> Iterator[RunningProduct]:
    with RunningProduct({"DATABASE_URL": database.url, "GATEWAY_DRAIN_SECONDS": "1"}) as running:
        yield running


@pytest.fixture(scope="module")
def fragile_api(fragile: RunningProduct) -> Api:
    return Api(fragile.url, fragile.manage("create_api_token", EMAIL))


class Talk:
    """One call that has begun to talk."""

    def __init__(self, api: Api, number: str) -> None:
        self._api, self._number = api, number
        reply = flow.plan_of(api, f"Ask whether Friday at ten suits: {number}")
        self.campaign_id = flow.execute(api, reply)
        wait_until("somebody talks", lambda: self.call().get("state") == "talking", 60)

    def call(self) -> dict[str, Any]:
        task = flow.tasks_by_number(self._api, self.campaign_id)[self._number]
        calls = self._api.get(f"/api/tasks/{task['id']}/")["calls"]
        return dict(calls[0]) if calls else {}

    def judged(self) -> dict[str, Any]:
        flow.wait_until_judged(self._api, self.campaign_id)
        return self.call()

    def transcript(self) -> list[tuple[str, str]]:
        turns = self._api.get(f"/api/calls/{self.call()['id']}/transcript/")["turns"]
        return [(turn["speaker"], turn["text"]) for turn in turns]

    def kinds(self) -> list[str]:
        events = self._api.get(f"/api/calls/{self.call()['id']}/events/")["events"]
        return [event["kind"] for event in events]


def is_whole(talk: Talk) -> bool:
    """The question, the answer and the goodbye, in this order, and nothing twice."""
    turns = talk.transcript()
    last_words = [turn for turn in turns if turn[0] == "agent"][-1]
    answers = turns[1 : turns.index(last_words)]
    is_in_order = turns[0][0] == "agent" and ("callee", YES) in answers and last_words[1].endswith("Goodbye.")
    return is_in_order and len(turns) == len(set(turns))


def goes_on_to_its_end(product: RunningProduct, talk_id: str) -> None:
    """At the PBX, whatever else is away."""

    def has_ended() -> bool:
        return any(entry["channel_id"] == talk_id for entry in product.journal() if entry["event"] == "ended")

    wait_until("the PBX has ended the call", has_ended, 60)


def test_without_postgresql_the_talk_goes_on_and_is_written_down_later(
    fragile: RunningProduct, fragile_api: Api, database: RunningPostgres
) -> None:
    talk = Talk(fragile_api, "+12025550170")
    talk_id = talk.call()["id"]
    database.stop()
    goes_on_to_its_end(fragile, talk_id)
    database.start()
    fragile.wait_until_ready()
    assert talk.judged()["outcome"] == "completed"
    assert is_whole(talk), talk.transcript()
    kinds = talk.kinds()
    assert [kinds.count(kind) for kind in ("end_call", "talk_over", "hung_up")] == [1, 1, 1], kinds


def test_without_redis_the_talk_ends_at_its_line_and_is_judged(fragile: RunningProduct, fragile_api: Api) -> None:
    talk = Talk(fragile_api, "+12025550171")
    talk_id = talk.call()["id"]
    fragile.control("stop", "redis")
    goes_on_to_its_end(fragile, talk_id)
    fragile.control("start", "redis")
    fragile.wait_until_ready()
    assert talk.judged()["outcome"] == "completed"
    assert is_whole(talk), talk.transcript()


def test_a_gateway_that_is_told_to_stop_says_goodbye_and_its_call_is_judged(
    fragile: RunningProduct, fragile_api: Api
) -> None:
    talk = Talk(fragile_api, "+12025550109")  # says nothing
    process = fragile.supervised("gateway")
    process.terminate()
    wait_until("the gateway has ended", lambda: not process.is_running(), 60)
    fragile.wait_until_ready()
    call = talk.judged()
    assert call["outcome"] == "completed"
    assert talk.transcript()[-1] == ("agent", "I am sorry, I have to end this call now. Goodbye.")
