"""The operators' pages of rows that others change too: nobody undoes what was changed meanwhile."""

from collections.abc import Callable
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from django.db.models import Model
from django.db.models.signals import pre_save
from django.test import Client

from calls.models import CallGroup
from calls.trunks.models import Trunk
from opendeep.accounts.models import Organization, User
from tests.factories import NOW, make_group, make_organization

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("operator@example.com", "correct horse"))
    return client


class ShownForm(HTMLParser):
    """What a browser would send of the forms of a page: inputs, ticked boxes, chosen options."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self._name = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        shown = {name: value or "" for name, value in attrs}
        if tag in ("select", "textarea") and "multiple" not in shown:
            self._name = shown.get("name", "")
            self.fields.setdefault(self._name, "")
        elif tag == "option" and "selected" in shown:
            self.fields[self._name] = shown["value"]
        elif tag == "input" and shown.get("type") == "checkbox":
            self.fields.update({shown["name"]: "on"} if "checked" in shown else {})
        elif tag == "input" and shown.get("type") != "submit":
            self.fields[shown.get("name", "")] = shown.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        self._name = "" if tag in ("select", "textarea") else self._name

    def handle_data(self, data: str) -> None:
        if self._name and (self.get_starttag_text() or "").startswith("<textarea"):
            self.fields[self._name] += data


def shown_form(operator: Client, url: str) -> dict[str, str]:
    fields = ShownForm(operator.get(url).content.decode()).fields
    fields.pop("", None)
    fields.pop("csrfmiddlewaretoken", None)
    return fields


def test_a_form_that_was_opened_before_a_pause_does_not_undo_it(operator: Client) -> None:
    organization = make_organization()
    url = f"/admin/accounts/organization/{organization.pk}/change/"
    form = shown_form(operator, url)
    Organization.objects.filter(pk=organization.pk).update(calling_paused=True, max_concurrent_calls=1)
    response = operator.post(url, form | {"caller_id": "+12025550199"})
    assert response.status_code == 302, response.content.decode()
    organization.refresh_from_db()
    assert (organization.caller_id, organization.calling_paused) == ("+12025550199", True)
    assert organization.max_concurrent_calls == 1


def test_what_an_operator_changes_is_saved_also_back_to_nothing(operator: Client) -> None:
    organization = make_organization(calling_paused=True, spending_cap_cents=500, allowed_countries=["US"])
    url = f"/admin/accounts/organization/{organization.pk}/change/"
    form = shown_form(operator, url)
    assert form.pop("calling_paused") == "on"
    response = operator.post(url, form | {"spending_cap_cents": "", "allowed_countries": "[]"})
    assert response.status_code == 302, response.content.decode()
    organization.refresh_from_db()
    assert (organization.calling_paused, organization.spending_cap_cents) == (False, None)
    assert organization.allowed_countries == []


def batch() -> CallGroup:
    return make_group(make_organization())


def person() -> User:
    return User.objects.create_user("kim@example.com", "correct horse")


def change_url(row: Model) -> str:
    return f"/admin/{row._meta.app_label}/{row._meta.model_name}/{row.pk}/change/"


@pytest.mark.parametrize(
    ("make", "meanwhile", "typed"),
    [
        pytest.param(batch, {"paused": True}, {"max_concurrent_calls": 7}, id="batch-paused"),
        pytest.param(person, {"is_active": False}, {"name": "Kim"}, id="person-locked"),
    ],
)
def test_a_form_that_was_opened_before_a_change_leaves_that_alone(
    operator: Client, make: Callable[[], Model], meanwhile: dict[str, Any], typed: dict[str, Any]
) -> None:
    row = make()
    form = shown_form(operator, change_url(row))
    type(row)._default_manager.filter(pk=row.pk).update(**meanwhile)
    response = operator.post(change_url(row), form | typed)
    assert response.status_code == 302, response.content.decode()
    row.refresh_from_db()
    wanted = meanwhile | typed
    assert {name: getattr(row, name) for name in wanted} == wanted


@pytest.fixture
def trunk() -> Trunk:
    return Trunk.objects.create(name="berlin-1", position=1)


OUT_OF_ORDER = {
    "out_of_order_since": NOW,
    "out_of_order_reason": "No line was free.",
    "retry_at": NOW + timedelta(seconds=30),
    "failed_tries": 2,
    "times_out_of_order": 5,
    "in_order_since": NOW - timedelta(days=1),
    "unreachable_at": NOW,
    "unreachable_times": 3,
}


@pytest.mark.parametrize("moment", ["before_it_is_sent", "while_it_is_saved"])
def test_a_form_of_a_trunk_does_not_close_the_breaker_that_has_opened(
    operator: Client, trunk: Trunk, moment: str
) -> None:
    form = shown_form(operator, change_url(trunk))

    def opens(**_: Any) -> None:
        Trunk.objects.filter(pk=trunk.pk).update(**OUT_OF_ORDER)

    if moment == "before_it_is_sent":
        opens()
    else:
        pre_save.connect(opens, sender=Trunk)
    response = operator.post(change_url(trunk), form | {"lines": "10"})
    pre_save.disconnect(opens, sender=Trunk)
    assert response.status_code == 302, response.content.decode()
    assert Trunk.objects.filter(pk=trunk.pk, lines=10, **OUT_OF_ORDER).exists()


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("2short", "This password is too short."),
        ("password1234", "This password is too common."),
        ("harbour at dawn", ""),
    ],
)
def test_an_operator_gives_a_new_person_a_password_that_is_not_guessed(
    operator: Client, password: str, said: str
) -> None:
    person = {"email": "kim@example.com", "name": "Kim", "time_zone": "Europe/Berlin", "password": password}
    response = operator.post("/admin/accounts/user/add/", person)
    assert said in response.content.decode()
    assert User.objects.filter(email="kim@example.com").exists() is not bool(said)
