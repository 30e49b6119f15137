"""A callee who insists on a person is put through to the organization's number, in the whole product."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.e2e import flow
from tests.e2e.product import NO_ENV_FILE, ROOT, Api, RunningProduct, wait_until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(240)]

WANTS_A_PERSON, COLLEAGUE, BUSY = "+12025550130", "+12025550131", "+12025550101"


def set_person(product: RunningProduct, number: str) -> None:
    code = f"from opendeep.accounts.models import Organization as O; O.objects.update(transfer_number={number!r})"
    product.manage("shell", "-v0", "-c", code)


def call_of(api: Api) -> dict[str, Any]:
    """The one call of a campaign that calls whoever wants a person, once it is over."""
    campaign = flow.execute(api, flow.plan_of(api, f"Ask {WANTS_A_PERSON} whether Friday at ten suits."))
    task = flow.wait_until_judged(api, campaign)[WANTS_A_PERSON]
    call = api.get(f"/api/tasks/{task['id']}/")["calls"][0]
    return {
        **api.get(f"/api/calls/{call['id']}/"),
        "events": api.get(f"/api/calls/{call['id']}/events/"),
        "said": [turn["text"] for turn in api.get(f"/api/calls/{call['id']}/transcript/")["turns"]],
    }


def kinds(call: dict[str, Any]) -> list[str]:
    return [event["kind"] for event in call["events"]["events"] if event["kind"].startswith("transfer")]


def transfers(product: RunningProduct) -> list[dict[str, Any]]:
    journal = product.var / "sandbox" / "pbx.jsonl"
    entries = [json.loads(line) for line in journal.read_text().splitlines()]
    return [entry for entry in entries if entry["event"] == "transfer"]


def test_a_callee_is_put_through_and_talks_with_the_person(product: RunningProduct, api: Api) -> None:
    set_person(product, COLLEAGUE)
    call = call_of(api)
    assert (call["outcome"], call["end_reason"]) == ("completed", "The callee was put through to a person.")
    assert kinds(call) == ["transfer_started", "transfer_answered"]
    assert "Please put me through to a real person." in call["said"]
    assert any("I will put you through" in said for said in call["said"])
    assert any(said.startswith("Put through to a person at") for said in call["said"])
    (transfer,) = [entry for entry in transfers(product) if entry["channel_id"] == call["id"]]
    assert (transfer["to"], transfer["answered"]) == (f"PJSIP/{COLLEAGUE}@trunk", True)


def test_doctor_beside_make_run_finds_the_embedded_parts_and_misses_nothing(product: RunningProduct) -> None:
    set_person(product, COLLEAGUE)
    environment = {"VAR_DIR": str(product.var), "ENV_FILE": NO_ENV_FILE, "PATH": os.environ["PATH"]}
    command = [sys.executable, "manage.py", "doctor"]
    found = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "ok       Redis: It answers." in found.stdout
    assert "ok       transfer to a person: The context opendeep-transfer puts callees through." in found.stdout


@pytest.mark.long
def test_a_callee_comes_back_when_the_person_is_busy(product: RunningProduct, api: Api) -> None:
    set_person(product, BUSY)
    call = call_of(api)
    assert call["outcome"] == "completed"
    assert kinds(call) == ["transfer_started", "transfer_failed"]
    assert any("nobody could be reached" in said for said in call["said"])


@pytest.mark.long
def test_without_a_number_nobody_is_put_through(product: RunningProduct, api: Api) -> None:
    set_person(product, "")
    call = call_of(api)
    assert kinds(call) == []
    wait_until("no transfer at the PBX", lambda: all(t["channel_id"] != call["id"] for t in transfers(product)), 1)
