"""Probes and error pages work when everything else does not."""

from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError, ProgrammingError
from django.test import Client, override_settings

from calls.services import readiness
from calls.trunks.models import Trunk
from opendeep import health
from opendeep.accounts.models import User
from opendeep.core import alive
from opendeep.core.redis import connection
from tests.factories import NOW


@override_settings(SECURE_SSL_REDIRECT=True)
def test_probes_are_answered_without_https_and_pages_are_not() -> None:
    assert Client().get("/healthz").status_code == 200
    assert Client().get("/sign-in/")["Location"].startswith("https://")


def test_the_launcher_may_ask_by_the_loopback_address_whatever_hosts_are_allowed() -> None:
    assert "127.0.0.1" in settings.ALLOWED_HOSTS


@pytest.mark.parametrize("error", [OperationalError, ProgrammingError])  # away; not migrated, as PostgreSQL says it
def test_a_database_that_cannot_be_read_is_missing(monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    def fail(*_: Any) -> None:
        raise error("no")

    monkeypatch.setattr("opendeep.health.connection.cursor", fail)
    assert health._database() == "missing"


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/api/campaigns/"])
def test_without_a_database_errors_are_still_said_in_words(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.create_user("a@example.com"))

    def fail(*_: Any, **__: Any) -> None:
        raise OperationalError("the database is away")

    monkeypatch.setattr("django.db.models.sql.compiler.SQLCompiler.execute_sql", fail)
    response = client.get(path)
    assert response.status_code == 500
    assert "Something went wrong on our side" in response.content.decode()


@pytest.mark.django_db
def test_a_form_of_an_old_page_is_refused_in_words() -> None:
    response = Client(enforce_csrf_checks=True).post("/sign-in/", {"username": "a@example.com", "password": "x"})
    assert response.status_code == 403
    assert "This page is out of date" in response.content.decode()
    assert "If you think you should" not in response.content.decode()


def test_a_request_for_a_foreign_host_is_refused_in_words() -> None:
    response = Client(headers={"Host": "evil.example"}).get("/")
    assert response.status_code == 400
    assert "could not be understood" in response.content.decode()


@pytest.fixture
def all_parts_live(redis_url: str) -> None:
    for part in (*readiness.PARTS, *readiness.PARTS_OF_A_PBX, "worker-llm"):
        alive.note(part)


@pytest.mark.django_db
def test_one_of_several_pbxs_is_enough_and_the_other_is_named(all_parts_live: None) -> None:
    Trunk.objects.create(name="first", out_of_order_since=NOW, retry_at=NOW, out_of_order_reason="No line was free.")
    with override_settings(OTHER_PBXS={"berlin": {}}):
        answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    assert answer.json()["missing"] == ["callcontrol:berlin", "pbx:berlin"]
    assert answer.json()["trunks"] == {"first": "out of order: No line was free."}


@pytest.mark.django_db
def test_without_any_pbx_it_is_not_ready(all_parts_live: None) -> None:
    connection().delete(alive.PREFIX + "pbx")
    alive.note("pbx:berlin")  # callcontrol of berlin is dead, so nobody listens there
    with override_settings(OTHER_PBXS={"berlin": {}}):
        answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["missing"]) == (503, ["callcontrol:berlin", "pbx"])


@pytest.mark.django_db
def test_without_the_worker_for_verdicts_calls_go_out_and_it_is_named(all_parts_live: None) -> None:
    connection().delete(alive.PREFIX + "worker-llm")
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["missing"]) == (200, ["worker-llm"])


@pytest.mark.django_db
def test_without_redis_everything_that_tells_of_itself_there_is_missing() -> None:
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert {"redis", "worker", "worker-llm"} <= set(answer.json()["missing"])
