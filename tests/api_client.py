"""A client of the HTTP API for tests: it acts for one user, and reads what comes back."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from opendeep.accounts.models import ApiToken, User
from opendeep.core.clock import now
from tests.factories import make_user


class Api:
    """Calls the API with a token of `user`. Answers are (status, JSON)."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.organization = user.memberships.get().organization
        row, token = ApiToken.issue(user, self.organization)
        ApiToken.objects.filter(pk=row.pk).update(last_used_at=now())  # the first use writes; no test counts that
        self._client = APIClient(headers={"Authorization": f"Token {token}"})

    def get(self, path: str, **query: Any) -> tuple[int, Any]:
        return self._read(self._client.get(f"/api/{path}", query))

    def post(self, path: str, body: Any = None) -> tuple[int, Any]:
        return self._read(self._client.post(f"/api/{path}", body, format="json"))

    def post_raw(self, path: str, body: str) -> tuple[int, Any]:
        """Posts `body` as it is, well-formed or not."""
        return self._read(self._client.post(f"/api/{path}", body, content_type="application/json"))

    @staticmethod
    def _read(response: Any) -> tuple[int, Any]:
        return response.status_code, response.json()


@pytest.fixture
def api(db: None) -> Api:
    """The API as a user of an organization of its own sees it."""
    return Api(make_user(time_zone="America/New_York"))


@pytest.fixture
def stranger(db: None) -> Api:
    """The API as a user of another organization sees it."""
    return Api(make_user())
