"""Programs come in with a token; anything else stays out."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from opendeep.accounts.authentication import NOTED_EVERY, ApiTokenAuthentication
from opendeep.accounts.models import ApiToken, User
from opendeep.accounts.services import create_owner
from opendeep.accounts.tenancy import organization_of_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> User:
    return create_owner(
        email="Alice@Example.com", password="a-long-password", name="Alice", organization_name="A", time_zone="UTC"
    )


def authenticate(header: str) -> tuple[User, ApiToken] | None:
    request = Request(APIRequestFactory().get("/", HTTP_AUTHORIZATION=header))
    return ApiTokenAuthentication().authenticate(request)


def test_the_command_prints_a_token_that_lets_its_user_in(alice: User) -> None:
    out = StringIO()
    call_command("create_api_token", "alice@example.com", stdout=out)
    found = authenticate(f"Token {out.getvalue().strip()}")
    assert found is not None
    assert found[0] == alice
    assert found[1].organization == organization_of_user(alice.pk)


def test_the_token_itself_is_not_in_the_database(alice: User) -> None:
    organization = organization_of_user(alice.pk)
    assert organization is not None
    row, token = ApiToken.issue(alice, organization)
    assert token not in {str(getattr(row, field.attname)) for field in ApiToken._meta.fields}


@pytest.mark.parametrize("header", ["Token nonsense", "Token ", "token \xe9"])
def test_a_wrong_token_is_refused(alice: User, header: str) -> None:
    with pytest.raises(AuthenticationFailed):
        authenticate(header)


def test_the_token_of_somebody_who_left_the_organization_is_refused(alice: User) -> None:
    organization = organization_of_user(alice.pk)
    assert organization is not None
    _, token = ApiToken.issue(alice, organization)
    alice.memberships.all().delete()
    with pytest.raises(AuthenticationFailed):
        authenticate(f"Token {token}")


def test_reading_with_a_token_writes_at_most_once_a_minute(alice: User) -> None:
    organization = organization_of_user(alice.pk)
    assert organization is not None
    row, token = ApiToken.issue(alice, organization)
    authenticate(f"Token {token}")
    with CaptureQueriesContext(connection) as queries:
        authenticate(f"Token {token}")
    assert [query["sql"] for query in queries if query["sql"].startswith("UPDATE")] == []
    long_ago = timezone.now() - NOTED_EVERY * 2
    ApiToken.objects.update(last_used_at=long_ago)
    authenticate(f"Token {token}")
    row.refresh_from_db()
    assert row.last_used_at is not None
    assert row.last_used_at > long_ago


def test_another_kind_of_header_is_not_ours(alice: User) -> None:
    assert authenticate("Basic YTpi") is None


def test_a_token_for_nobody_says_so() -> None:
    with pytest.raises(CommandError, match="There is no user"):
        call_command("create_api_token", "nobody@example.com")
