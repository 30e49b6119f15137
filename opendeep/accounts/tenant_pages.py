"""What all pages of a tenant share: somebody is signed in, works for an organization, reads errors in words."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from opendeep.accounts.models import Organization, User
from opendeep.accounts.tenancy import current_organization
from opendeep.core.errors import DomainError, RetryableError
from opendeep.core.text import is_text


class TenantRequest(HttpRequest):
    """A request as a `tenant_page` gets it."""

    user: User
    organization: Organization


PageView = Callable[..., HttpResponseBase]


def tenant_page(view: PageView) -> PageView:
    """Sends strangers to sign-in, sets `request.organization`, and shows what `view` refuses as a page in words."""

    @login_required
    @wraps(view)
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            current_organization(request)
            _refuse_what_is_no_text(request)
            return view(request, *args, **kwargs)
        except DomainError as error:
            return error_page(request, error.status, error.message, error.code)
        except RetryableError as error:
            return error_page(request, 503, str(error))

    return page


def _refuse_what_is_no_text(request: HttpRequest) -> None:
    if not all(is_text(value) for _, values in request.POST.lists() for value in values):
        raise DomainError("bad_text", "What was sent holds characters that cannot be kept. Nothing was changed.")


def error_page(request: HttpRequest, status: int, message: str, code: str = "") -> HttpResponse:
    return render(request, "error.html", {"status": status, "message": message, "code": code}, status=status)
