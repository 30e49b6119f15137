"""Error pages in the product's look, and JSON for the API; never a traceback."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from opendeep.core.rest import error_body

WORDS = {
    400: ("bad_request", "This request could not be understood. Go back, reload the page and try again."),
    403: ("permission_denied", "You may not see this."),
    404: ("not_found", "There is no such page."),
    500: ("error", "Something went wrong on our side. Please go back and try again."),
}


def _answer(request: HttpRequest, status: int) -> HttpResponse:
    code, message = WORDS[status]
    if request.path.startswith("/api/"):
        return JsonResponse(error_body(code, message), status=status)
    return render(request, "error.html", {"status": status, "code": code, "message": message}, status=status)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 404)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _plain_answer(request, *WORDS[400], status=400)


def out_of_date(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without a valid CSRF token: most often its page is older than the last sign-in."""
    return _plain_answer(
        request, "csrf_failed", "This page is out of date. Go back, reload it and try again.", status=403
    )


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 403)


def server_error(request: HttpRequest) -> HttpResponse:
    """Asks nothing of anybody, for the database may be what is away."""
    return _plain_answer(request, *WORDS[500], status=500)


def _plain_answer(request: HttpRequest, code: str, message: str, *, status: int) -> HttpResponse:
    """Without the context of a page, which needs the host's name, the session and the database."""
    if request.path.startswith("/api/"):
        return JsonResponse(error_body(code, message), status=status)
    return HttpResponse(
        render_to_string("error.html", {"status": status, "code": code, "message": message}), status=status
    )
