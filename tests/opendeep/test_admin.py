"""The operators' pages of organizations and people: nobody undoes what another one has changed meanwhile."""

from html.parser import HTMLParser

import pytest
from django.test import Client

from calls.models import CallGroup
from opendeep.accounts.models import Organization, User
from tests.factories import make_group, make_organization

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


def test_a_form_of_a_batch_does_not_let_a_paused_campaign_run(operator: Client) -> None:
    group = make_group(make_organization())
    url = f"/admin/calls/callgroup/{group.pk}/change/"
    form = shown_form(operator, url)
    CallGroup.objects.filter(pk=group.pk).update(paused=True)
    response = operator.post(url, form | {"max_concurrent_calls": "7"})
    assert response.status_code == 302, response.content.decode()
    group.refresh_from_db()
    assert (group.max_concurrent_calls, group.paused) == (7, True)


def test_a_form_of_a_person_does_not_let_a_locked_one_in(operator: Client) -> None:
    person = User.objects.create_user("kim@example.com", "correct horse")
    url = f"/admin/accounts/user/{person.pk}/change/"
    form = shown_form(operator, url)
    User.objects.filter(pk=person.pk).update(is_active=False)
    response = operator.post(url, form | {"name": "Kim"})
    assert response.status_code == 302, response.content.decode()
    person.refresh_from_db()
    assert (person.name, person.is_active) == ("Kim", False)
