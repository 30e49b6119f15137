"""Who looks at the pages: Alice owns what is looked at, Mallory works for another organization."""

import re
from dataclasses import dataclass
from typing import Any

import pytest
from django.http.response import HttpResponseBase
from django.test import Client

from opendeep.accounts.models import Organization, User
from tests.factories import make_user

PASSWORD = "correct horse"


@pytest.fixture
def alice() -> User:
    return make_user(email="alice@example.com", name="Alice", time_zone="Europe/Berlin")


@pytest.fixture
def acme(alice: User) -> Organization:
    return alice.memberships.get().organization


@pytest.fixture
def mallory() -> User:
    return make_user(email="mallory@example.com", name="Mallory")


@dataclass(frozen=True)
class Browser:
    """A signed-in client whose answers are text."""

    client: Client

    def get(self, path: str, status: int = 200, **headers: str) -> str:
        return self._text(self.client.get(path, headers=headers), status)

    def post(self, path: str, data: dict[str, Any] | None = None, status: int = 200) -> str:
        """The page after the redirects that a browser follows."""
        return self._text(self.client.post(path, data or {}, follow=True), status)

    def _text(self, response: HttpResponseBase, status: int) -> str:
        text = bytes(getattr(response, "content", b"")).decode()
        assert response.status_code == status, text[:500]
        return text


def browser_of(user: User) -> Browser:
    client = Client()
    client.force_login(user)
    return Browser(client)


@pytest.fixture
def page(alice: User) -> Browser:
    return browser_of(alice)


@pytest.fixture
def strange_page(mallory: User) -> Browser:
    return browser_of(mallory)


def words_of(html: str) -> str:
    """What a reader sees of `html`: no tags, one space between words, entities as they stand."""
    main = html[html.index("<main") :] if "<main" in html else html
    return " ".join(re.sub(r"<[^>]*>", " ", main).split())
