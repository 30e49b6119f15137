"""Error pages in the product's look, and JSON for the API; never a traceback."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from opendeep.core.rest import error_body

WORDS = {
    403: ("permission_denied", "You may not see this."),
    404: ("not_found", "There is no such page."),
    500: ("error", "Something went wrong on our side. Nothing that you entered is lost; please try again."),
}


def _answer(request: HttpRequest, status: int) -> HttpResponse:
    code, message = WORDS[status]
    if request.path.startswith("/api/"):
        return JsonResponse(error_body(code, message), status=status)
    return render(request, "error.html", {"status": status, "message": message}, status=status)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 404)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 403)


def server_error(request: HttpRequest) -> HttpResponse:
    """Asks nothing of anybody, for the database may be what is away."""
    code, message = WORDS[500]
    if request.path.startswith("/api/"):
        return JsonResponse(error_body(code, message), status=500)
    return HttpResponse(render_to_string("error.html", {"status": 500, "message": message}), status=500)
