"""Trunks in the admin."""

from datetime import timedelta

import pytest
from django.test import Client, override_settings

from calls.states import State
from calls.trunks.models import Trunk
from opendeep.accounts.models import User
from tests.factories import NOW, make_call

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root@example.com", "correct horse"))
    return client


def form(**fields: str) -> dict[str, str]:
    return {"name": "berlin-1", "pbx": "berlin", "position": "1", "enabled": "on", **fields}


def test_a_trunk_leads_through_a_pbx_that_the_settings_know(operator: Client) -> None:
    refused = operator.post("/admin/calls/trunk/add/", form())
    assert "berlin is not one of the available choices" in refused.content.decode()
    with override_settings(OTHER_PBXS={"berlin": {}}):
        operator.post("/admin/calls/trunk/add/", form(dial_string="PJSIP/{number}@berlin", lines="10"))
    trunk = Trunk.objects.get()
    assert (trunk.name, trunk.pbx, trunk.lines, trunk.dial_string) == (
        "berlin-1",
        "berlin",
        10,
        "PJSIP/{number}@berlin",
    )


def test_the_list_shows_what_is_taken_and_why_a_trunk_is_out_of_order(operator: Client) -> None:
    trunk = Trunk.objects.create(
        name="a", out_of_order_since=NOW, retry_at=NOW + timedelta(days=9999), out_of_order_reason="No line was free."
    )
    make_call(State.TALKING, trunk=trunk)
    page = operator.get("/admin/calls/trunk/").content.decode()
    assert "out of order: No line was free." in page


def test_an_operator_may_have_it_tried_again_at_once(operator: Client) -> None:
    trunk = Trunk.objects.create(name="a", out_of_order_since=NOW, retry_at=NOW + timedelta(days=9999), failed_tries=5)
    operator.post("/admin/calls/trunk/", {"action": "try_again_now", "_selected_action": [trunk.pk]})
    trunk.refresh_from_db()
    assert trunk.failed_tries == 0
    assert trunk.retry_at is not None
    assert trunk.retry_at < NOW + timedelta(days=9999)


def test_a_trunk_that_calls_went_by_cannot_be_deleted(operator: Client) -> None:
    trunk = Trunk.objects.create(name="a")
    make_call(State.ENDED, trunk=trunk)
    operator.post("/admin/calls/trunk/a/delete/", {"post": "yes"})
    assert Trunk.objects.filter(pk="a").exists()
