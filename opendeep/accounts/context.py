"""What every page needs to know about who is looking."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from opendeep.accounts.tenancy import organization_of_user


def tenant(request: HttpRequest) -> dict[str, Any]:
    organization = organization_of_user(request.user.pk) if request.user.is_authenticated else None
    return {"organization": organization, "environment_notice": settings.ENVIRONMENT_NOTICE}
