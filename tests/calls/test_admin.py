"""The operators' pages of calls."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from calls.models import CallEvent, DoNotCall
from calls.services.do_not_call import is_do_not_call
from calls.states import Outcome, State
from opendeep.accounts.models import User
from tests.factories import NOW, NUMBER, make_call, make_group, make_organization, make_question

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("operator@example.com", "correct horse"))
    return client


@pytest.mark.parametrize(
    "model", ["call", "callevent", "callgroup", "callinghours", "donotcall", "question", "straychannel"]
)
def test_every_list_can_be_read(operator: Client, model: str) -> None:
    make_group(make_organization())
    make_question(make_call())
    assert operator.get(reverse(f"admin:calls_{model}_changelist")).status_code == 200


def test_a_call_is_shown_with_its_history_and_cannot_be_changed(operator: Client) -> None:
    call = make_call()
    url = reverse("admin:calls_call_change", args=[call.id])
    assert operator.get(url).status_code == 200
    assert operator.post(url, {"state": "ended"}).status_code == 403
    assert operator.get(reverse("admin:calls_call_add")).status_code == 403


@pytest.mark.parametrize("written", ["+1 202 555 0100", "+1 (202) 555-0100", " +12025550100 "])
def test_a_no_counts_however_its_number_is_written(operator: Client, written: str) -> None:
    organization = make_organization()
    add = {"organization": str(organization.pk), "number": written, "source": "letter"}
    operator.post(reverse("admin:calls_donotcall_add"), add)
    assert is_do_not_call(organization.pk, NUMBER)


def test_a_no_by_hand_ends_the_calls_that_wait(operator: Client, redis_url: str) -> None:
    call = make_call()
    add = {"organization": str(call.organization_id), "number": NUMBER, "source": "letter"}
    operator.post(reverse("admin:calls_donotcall_add"), add)
    call.refresh_from_db()
    assert (call.state, call.outcome) == ("ended", "blocked")


def test_a_no_for_what_is_no_number_is_refused_in_words(operator: Client) -> None:
    add = {"organization": "", "number": "0202 555", "source": "letter"}
    page = operator.post(reverse("admin:calls_donotcall_add"), add)
    assert "is not a telephone number" in page.content.decode()
    assert not DoNotCall.objects.exists()


@pytest.mark.parametrize(
    ("chosen", "event"),
    [
        ("overdue", {"kind": "overdue", "source": "engine"}),
        ("vanished", {"kind": "vanished", "source": "pbx"}),
        ("lost", {"kind": "end", "source": "pbx"}),
        ("voice", {"kind": "voice_failed", "source": "engine"}),
        ("stray", {"kind": "stray_channel", "source": "pbx"}),
    ],
)
def test_what_had_to_be_looked_after_can_be_counted(operator: Client, chosen: str, event: dict[str, Any]) -> None:
    CallEvent.objects.create(call=make_call(State.ENDED, outcome=Outcome.LOST), at=NOW, **event)
    other = make_call(State.ENDED)
    for kind in ("ring", "end"):
        CallEvent.objects.create(call=other, at=NOW, kind=kind, source="pbx")
    url = reverse("admin:calls_callevent_changelist")
    assert operator.get(url).context["cl"].result_count == 3
    assert operator.get(url, {"looked_after": chosen}).context["cl"].result_count == 1


def test_a_no_can_be_added_by_hand_and_never_taken_away(operator: Client) -> None:
    operator.post(reverse("admin:calls_donotcall_add"), {"organization": "", "number": NUMBER, "source": "letter"})
    row = DoNotCall.objects.get()
    assert row.number == NUMBER
    assert operator.post(reverse("admin:calls_donotcall_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
