"""The operators' pages of calls."""

import pytest
from django.test import Client
from django.urls import reverse

from calls.models import DoNotCall
from opendeep.accounts.models import User
from tests.factories import NUMBER, make_call, make_group, make_organization

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("operator@example.com", "correct horse"))
    return client


@pytest.mark.parametrize("model", ["call", "callgroup", "callinghours", "donotcall"])
def test_every_list_can_be_read(operator: Client, model: str) -> None:
    make_group(make_organization())
    make_call()
    assert operator.get(reverse(f"admin:calls_{model}_changelist")).status_code == 200


def test_a_call_is_shown_with_its_history_and_cannot_be_changed(operator: Client) -> None:
    call = make_call()
    url = reverse("admin:calls_call_change", args=[call.id])
    assert operator.get(url).status_code == 200
    assert operator.post(url, {"state": "ended"}).status_code == 403
    assert operator.get(reverse("admin:calls_call_add")).status_code == 403


def test_a_no_can_be_added_by_hand_and_never_taken_away(operator: Client) -> None:
    operator.post(reverse("admin:calls_donotcall_add"), {"organization": "", "number": NUMBER, "source": "letter"})
    row = DoNotCall.objects.get()
    assert row.number == NUMBER
    assert operator.post(reverse("admin:calls_donotcall_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
