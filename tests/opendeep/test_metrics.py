"""/metrics: who may look, what it says, and what it must not say."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from prometheus_client.parser import text_string_to_metric_families

from calls.models import CallEvent
from calls.states import Outcome, State
from calls.trunks.models import Trunk
from opendeep.accounts.models import User
from opendeep.core import alive
from opendeep.core.clock import now
from opendeep.core.models import OutboxEvent
from tests.calls.conftest import make_gateway
from tests.factories import make_call, make_campaign, make_organization

pytestmark = pytest.mark.django_db

TOKEN = "a-token-that-nobody-guesses"
Labels = frozenset[tuple[str, str]]


@pytest.fixture(autouse=True)
def token(redis_url: str, settings: object) -> None:
    settings.METRICS_TOKEN = TOKEN  # type: ignore[attr-defined]


def scrape() -> str:
    answer = Client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain")
    return answer.content.decode()


def samples() -> dict[tuple[str, Labels], float]:
    families = text_string_to_metric_families(scrape())
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def value(name: str, **labels: str) -> float | None:
    return samples().get((f"opendeep_{name}", frozenset(labels.items())))


# --- Who may look ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer ümlaut"]
)
def test_a_stranger_learns_nothing(header: str) -> None:
    answer = Client().get("/metrics", headers={"Authorization": header})
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    assert b"opendeep" not in answer.content


def test_without_a_token_in_the_settings_no_token_opens_it() -> None:
    with override_settings(METRICS_TOKEN=""):
        for header in ("Bearer", "Bearer "):
            assert Client().get("/metrics", headers={"Authorization": header}).status_code == 401


@pytest.mark.parametrize(("is_staff", "status"), [(True, 200), (False, 401)])
def test_operators_who_are_signed_in_may_look_and_tenants_may_not(is_staff: bool, status: int) -> None:
    client = Client()
    client.force_login(User.objects.create_user("somebody@example.com", is_staff=is_staff))
    assert client.get("/metrics").status_code == status


def test_nothing_can_be_posted_to_it() -> None:
    assert Client().post("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 405


# --- What it says ---------------------------------------------------------------------------------


def ended(outcome: Outcome, minutes_ago: int = 1, **fields: object) -> None:
    make_call(State.ENDED, outcome=outcome, ended_at=now() - timedelta(minutes=minutes_ago), **fields)


def test_calls_by_state_and_by_what_they_wait_for() -> None:
    organization = make_organization()
    make_call(organization=organization, waits_for="trunk", not_before=now() - timedelta(seconds=90))
    make_call(organization=organization, not_before=now() + timedelta(hours=1))
    make_call(State.TALKING, organization=organization)
    assert [value("calls", state=state) for state in ("queued", "talking", "ringing")] == [2, 1, 0]
    assert (value("calls_waiting", reason="trunk"), value("calls_waiting", reason="")) == (1, 1)
    assert 90 <= (value("call_due_age_seconds") or 0) < 120


def test_what_the_last_hour_came_to() -> None:
    ended(Outcome.BUSY)
    ended(Outcome.COMPLETED, talk_ms=60_000, cost_microcents=250_000_000)
    ended(Outcome.COMPLETED, minutes_ago=61, talk_ms=1, cost_microcents=1)
    assert [value("calls_ended_last_hour", outcome=o) for o in ("completed", "busy", "lost")] == [1, 1, 0]
    assert (value("talk_seconds_last_hour"), value("cost_dollars_last_hour")) == (60, 2.5)


def test_how_talks_sounded() -> None:
    ended(
        Outcome.COMPLETED, talk_ms=1, figures={"voice_to_voice_ms": [800, 1200], "barge_in_ms": [90], "late_frames": 3}
    )
    figures = {"first_audio_ms": 400, "late_frames": 4, "tokens": {"output_audio": 700}, "voice_to_voice_ms": None}
    ended(Outcome.COMPLETED, talk_ms=1, figures=figures)
    assert (value("talks_measured"), value("late_frames"), value("tokens", kind="output_audio")) == (2, 7, 700)
    assert value("voice_to_voice_seconds", quantile="0.99") == 1.2
    assert value("barge_in_seconds", quantile="0.5") == 0.09
    assert value("first_audio_seconds", quantile="0.5") == 0.4


def test_figures_that_nobody_expects_break_nothing() -> None:
    strange = {"voice_to_voice_ms": "soon", "tokens": [], "late_frames": "many", "first_audio_ms": {}}
    ended(Outcome.COMPLETED, talk_ms=1, figures=strange)
    assert value("late_frames") == 0


def test_what_the_reconciler_had_to_do_is_counted_for_ever() -> None:
    call = make_call(State.ENDED)
    for kind, source in (
        ("overdue", "engine"), ("vanished", "pbx"), ("vanished", "pbx"), ("voice_failed", "engine"),
        ("voice_failed", "gateway"), ("ring", "pbx"),
    ):  # fmt: skip
        CallEvent.objects.create(call=call, at=now() - timedelta(days=400), kind=kind, source=source)
    kinds = ("given_up", "vanished", "voice_late", "stray_channel")
    assert [value("reconciler_actions_total", kind=kind) for kind in kinds] == [1, 2, 1, 0]


def test_trunks_and_gateways() -> None:
    trunk = Trunk.objects.create(name="berlin", lines=7, times_out_of_order=3, out_of_order_since=now(), retry_at=now())
    make_call(State.TALKING, trunk=trunk)
    make_gateway("gateway-1", capacity=100, load=42)
    shown = [value(f"trunk_{name}", trunk="berlin") for name in ("breaker", "lines", "calls", "outages_total")]
    assert shown == [1, 7, 1, 3]
    assert value("gateways") == 1
    assert [value(f"gateway_{name}", gateway="gateway-1") for name in ("capacity", "load", "lags")] == [100, 42, 0]


def test_campaigns_tasks_outbox_and_parts() -> None:
    campaign = make_campaign("+12025550100", "+12025550104")
    campaign.tasks.update(next_action_at=now() - timedelta(seconds=60))
    paused = make_campaign("+12025550105", status="paused", status_reason="Stopped: 5 of the last 10 calls failed.")
    paused.tasks.update(next_action_at=now() - timedelta(days=1))
    OutboxEvent.objects.create(topic="t", key="k", payload={}, created_at=now(), next_try_at=now(), tries=2)
    alive.note("beat")
    alive.note("worker-llm")
    assert (value("campaigns", status="running"), value("campaigns_stopped")) == (1, 1)
    assert value("tasks_due") == 2
    assert 60 <= (value("task_due_age_seconds") or 0) < 90
    assert (value("outbox_waiting"), value("outbox_failing")) == (1, 1)
    shown = [value("part_up", part=part) for part in ("beat", "worker-llm", "gateway")]
    assert shown == [1, 1, 0]


def test_names_numbers_and_ids_of_tenants_are_nowhere_in_it() -> None:
    organization = make_organization(name="Secret Clinic")
    call = make_call(State.TALKING, organization=organization, number="+12025550177", contact_name="Ada Lovelace")
    make_campaign("+12025550178")
    text = scrape()
    for secret in (
        "Secret Clinic",
        "2025550177",
        "2025550178",
        "Ada",
        str(call.id),
        str(organization.id),
        "Appointment",
    ):
        assert secret not in text


def test_it_asks_as_much_of_the_database_however_much_there_is() -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            scrape()
        return len(captured)

    before = queries()
    for n in range(20):
        ended(Outcome.COMPLETED, talk_ms=1, figures={"late_frames": 1}, number=f"+12025550{n:03}")
    make_campaign("+12025550178")
    assert queries() <= before + 1  # due tasks are counted only when there are some


def test_without_redis_it_says_what_it_knows(monkeypatch: pytest.MonkeyPatch, settings: object) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"  # type: ignore[attr-defined]
    from opendeep.core import redis  # noqa: PLC0415 - its connection is made once

    redis.connection.cache_clear()
    try:
        assert value("part_up", part="redis") == 0
        assert value("calls", state="queued") == 0
        assert value("gateways") is None
    finally:
        redis.connection.cache_clear()
