import pytest
from django.test import Client, override_settings

from opendeep.accounts.models import User
from tests.web.conftest import PASSWORD, Browser

pytestmark = pytest.mark.django_db

PAGES = ["/", "/campaigns/", "/calls/", "/do-not-call/"]


@pytest.mark.parametrize("path", PAGES)
def test_pages_need_sign_in_and_lead_back(path: str) -> None:
    response = Client().get(path)
    assert (response.status_code, response["Location"]) == (302, f"/sign-in/?next={path}")


def test_an_address_signs_in_however_it_is_written(alice: User) -> None:
    response = Client().post("/sign-in/?next=/calls/", {"username": " Alice@Example.COM", "password": PASSWORD})
    assert (response.status_code, response["Location"]) == (302, "/calls/")


def test_after_sign_in_nobody_is_led_to_another_site(alice: User) -> None:
    form = {"username": "alice@example.com", "password": PASSWORD, "next": "https://evil.example/"}
    assert Client().post("/sign-in/", form)["Location"] == "/"


def test_a_wrong_password_is_said_in_words_and_the_address_is_kept(alice: User) -> None:
    page = Client().post("/sign-in/", {"username": "alice@example.com", "password": "wrong"}).content.decode()
    assert "do not belong together" in page
    assert 'value="alice@example.com"' in page


def test_a_closed_account_cannot_sign_in(alice: User) -> None:
    User.objects.update(is_active=False)
    response = Client().post("/sign-in/", {"username": "alice@example.com", "password": PASSWORD})
    assert response.status_code == 200


def test_sign_out_needs_a_post_and_ends_the_session(page: Browser) -> None:
    assert page.client.get("/sign-out/").status_code == 405
    assert page.client.post("/sign-out/")["Location"] == "/sign-in/"
    assert page.client.get("/").status_code == 302


def test_a_part_that_is_read_after_the_session_ended_reloads_the_whole_page() -> None:
    response = Client().get("/campaigns/", headers={"HX-Request": "true"}, follow=True)
    assert response.headers["HX-Refresh"] == "true"
    assert response.content == b""


def test_somebody_without_an_organization_is_told_whom_to_ask_and_can_leave(page: Browser, alice: User) -> None:
    alice.memberships.all().delete()
    html = page.get("/campaigns/", status=403)
    assert "Ask an operator" in html
    assert 'action="/sign-out/"' in html
    assert "To the start" not in html  # which says the same again


@override_settings(ENVIRONMENT_NOTICE="Sandbox: nobody real is called.")
@pytest.mark.parametrize("path", [*PAGES, "/sign-in/"])
def test_every_page_says_that_it_is_a_sandbox(page: Browser, path: str) -> None:
    assert "Sandbox: nobody real is called." in page.client.get(path, follow=True).content.decode()


def test_the_way_in_is_refused_without_a_token_against_forgery(alice: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)
    assert strict.post("/", {"message": "hello"}).status_code == 403


def test_an_unknown_page_is_said_in_words(page: Browser) -> None:
    html = page.get("/nothing-here/", status=404)
    assert "There is no such page." in html
    assert "Traceback" not in html


@pytest.mark.parametrize("path", PAGES)
def test_pages_hold_no_script_of_their_own_and_no_style_attributes(page: Browser, path: str) -> None:
    html = page.get(path)
    assert "<script>" not in html
    assert " style=" not in html
    assert " onclick=" not in html
