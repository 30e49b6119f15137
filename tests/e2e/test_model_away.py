"""The model's connection breaks in the middle of a sentence: the callee hears the rest of it, and nothing twice."""

import pytest

from audiogateway.phrases import Phrase
from tests.e2e import flow
from tests.e2e.product import Api, RunningProduct, wait_until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(240)]

NUMBER = "+12025550160"


def test_a_talk_outlives_its_connection_to_the_model(product: RunningProduct, api: Api) -> None:
    campaign_id = flow.execute(api, flow.plan_of(api, f"Ask whether Friday at ten suits: {NUMBER}"))

    def call() -> dict[str, object]:
        task = flow.tasks_by_number(api, campaign_id)[NUMBER]
        calls = api.get(f"/api/tasks/{task['id']}/")["calls"]
        return dict(calls[0]) if calls else {}

    wait_until("somebody talks", lambda: call().get("state") == "talking", 60)
    product.fault(target="realtime", kind="drop", after_ms=500, times=2)
    assert flow.wait_until_judged(api, campaign_id)[NUMBER]["status"] == "completed"
    events = api.get(f"/api/calls/{call()['id']}/events/")["events"]
    kinds = [event["kind"] for event in events]
    assert kinds.count("voice_lost") == kinds.count("voice_back") >= 1
    assert all(event["detail"]["milliseconds"] >= 0 for event in events if event["kind"] == "voice_back")
    turns = api.get(f"/api/calls/{call()['id']}/transcript/")["turns"]
    said = [turn["text"] for turn in turns if turn["speaker"] == "agent" and turn["text"] != Phrase.MOMENT.value]
    sentences = [part.strip() for part in " ".join(said).replace("?", ".").split(".") if part.strip()]
    assert len(sentences) == len(set(sentences)), said
    assert sentences[-1] == "Goodbye"
