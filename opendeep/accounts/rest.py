"""What API views need to know about who is asking."""

from typing import cast

from rest_framework.request import Request

from opendeep.accounts.models import Organization, User
from opendeep.accounts.tenancy import current_organization


def tenant(request: Request) -> Organization:
    """The organization of the token or the session. Raises NoOrganization."""
    return current_organization(request._request)


def person(request: Request) -> User:
    """The signed-in user; every endpoint requires one."""
    return cast(User, request.user)
