"""The whole product with two PBXs: calls spread over both by their lines, and go by one when the other is killed."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import flow
from tests.e2e.product import EMAIL, ROOT, Api, RunningProduct, wait_until
from tests.rig.ports import free_tcp_port

pytestmark = [pytest.mark.processes, pytest.mark.long, pytest.mark.timeout(400)]

PEOPLE = [f"+120255501{last:02d}" for last in range(20, 32)]
FIRST_LINES, SECOND_LINES = 2, 3
ROWS = f"""
from calls.models import CallingHours
from calls.trunks.models import Trunk
from opendeep.accounts.models import Organization
Organization.objects.update(calls_on_holidays=True, calls_per_second=50, max_concurrent_calls=50)
for organization in Organization.objects.all():
    for day in range(7):
        CallingHours.objects.create(organization=organization, weekday=day, opens_minute=0, closes_minute=1440)
Trunk.objects.update_or_create(name="default", defaults={{"lines": {FIRST_LINES}}})
Trunk.objects.update_or_create(name="berlin", defaults={{"pbx": "berlin", "lines": {SECOND_LINES}, "position": 1}})
"""


@contextmanager
def process(*command: str, environment: Mapping[str, str] = os.environ) -> Iterator[None]:
    child = subprocess.Popen([sys.executable, *command], cwd=ROOT, env=dict(environment))
    try:
        yield
    finally:
        child.terminate()
        child.wait(30)


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProduct]:
    port = str(free_tcp_port())
    berlin = {
        "ASTERISK_PBXS": "berlin",
        "ASTERISK_BERLIN_AMI_HOST": "127.0.0.1",
        "ASTERISK_BERLIN_AMI_PORT": port,
        "ASTERISK_BERLIN_AMI_USERNAME": "sandbox",
        "ASTERISK_BERLIN_AMI_SECRET": "sandbox",
        "MAX_CONCURRENT_CALLS": "20",
        "CALLS_PER_SECOND": "50",
    }
    with RunningProduct(berlin) as running:
        journal = running.var / "berlin.jsonl"
        account = ("--username", "sandbox", "--secret", "sandbox")
        with (
            process("-m", "sandbox", "pbx", "--ami-port", port, *account, "--journal", str(journal)),
            process("manage.py", "run_callcontrol", "--pbx", "berlin", environment=running.environment()),
        ):
            running.manage("shell", "-c", ROWS)
            wait_until("both PBXs are there", lambda: readiness(running)["missing"] == [], 60)
            yield running


def readiness(product: RunningProduct) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(f"{product.url}/readyz", timeout=5) as answer:
            return dict(json.load(answer))
    except urllib.error.HTTPError as error:
        return dict(json.load(error))


def dialled(journal: Path) -> Counter[str]:
    """How often the PBX of this journal was told to dial each call."""
    entries = [json.loads(line) for line in journal.read_text().splitlines()] if journal.exists() else []
    return Counter(entry["channel_id"] for entry in entries if entry["event"] == "originate")


def test_a_killed_pbx_costs_no_call_and_makes_none_twice(product: RunningProduct) -> None:
    api = Api(product.url, product.manage("create_api_token", EMAIL))
    first, second = product.var / "sandbox" / "pbx.jsonl", product.var / "berlin.jsonl"
    reply = flow.plan_of(api, f"Ask whether Friday at ten suits: {', '.join(PEOPLE)}")
    plan = {**reply["campaign_plan"], "canary": None, "brakes": {"failed": None, "silent": None, "opted_out": None}}
    plan["retries"] = {"lost": 1, "dropped": 1, "failed": 1}
    campaign_id = flow.execute(api, {**reply, "campaign_plan": plan})

    wait_until("both dial", lambda: len(dialled(first)) >= FIRST_LINES and len(dialled(second)) >= SECOND_LINES, 60)
    shown = api.get("/api/calls/?page_size=100")["results"]
    assert sum(call["state"] not in {"queued", "ended"} for call in shown) <= FIRST_LINES + SECOND_LINES
    product.control("stop", "sandbox-pbx")
    at_its_end = dialled(first)

    tasks = flow.wait_until_judged(api, campaign_id, timeout_s=150)
    assert len(tasks) == len(PEOPLE)
    assert dialled(first) == at_its_end
    both = dialled(first) + dialled(second)
    assert max(both.values()) == 1
    calls = [call for task in tasks.values() for call in api.get(f"/api/tasks/{task['id']}/")["calls"]]
    assert {call["id"] for call in calls if call["state"] != "queued"} <= set(both)
    by_the_second = [call for call in calls if call["id"] in dialled(second) and call["state"] == "ended"]
    assert len(by_the_second) >= len(PEOPLE) - len(at_its_end)
    assert not [call for call in by_the_second if call["outcome"] in {"lost", "failed", "unreachable"}]
    assert readiness(product)["status"] == "ready"
    assert "pbx" in readiness(product)["missing"]
