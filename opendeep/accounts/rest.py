"""What API views need to know about who is asking."""

from typing import Any, cast

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.request import Request

from opendeep.accounts.models import Organization, User
from opendeep.accounts.tenancy import current_organization


def tenant(request: Request) -> Organization:
    """The organization of the token or the session. Raises NoOrganization."""
    return current_organization(request._request)


def person(request: Request) -> User:
    """The signed-in user; every endpoint requires one."""
    return cast(User, request.user)


class ApiTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the OpenAPI description tells of `Authorization: Token …`. Registered by being defined."""

    target_class = "opendeep.accounts.authentication.ApiTokenAuthentication"
    name = "ApiToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token` and a token of `manage.py create_api_token`, with a space between.",
        }
