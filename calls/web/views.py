"""Pages about calls: the list, one call, and whom nobody may call."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from calls.facade import add_do_not_call, cancel_call
from calls.services.do_not_call import import_do_not_call_file
from calls.services.recordings import file_of_recording
from calls.web import presentation
from opendeep.accounts.tenant_pages import TenantRequest, tenant_page
from opendeep.core.byte_ranges import ranged_file
from opendeep.core.clock import now
from opendeep.core.errors import DomainError
from opendeep.core.paging import page_number
from opendeep.core.phone import parse_number, spoken_format
from opendeep.core.templatetags.words import viewer_zone
from opendeep.core.words import counted

LINES_SHOWN = 20


@require_GET
@tenant_page
def calls(request: TenantRequest) -> HttpResponse:
    page = presentation.calls_page(request.organization.id, page_number(request.GET.get("page")), now())
    return render(
        request, "calls/calls.html", {"section": "calls", "page": page, "named": any(row.name for row in page.rows)}
    )


@require_GET
@tenant_page
def call(request: TenantRequest, call_id: UUID) -> HttpResponse:
    view = presentation.call_page(request.organization.id, call_id, now=now(), viewer=viewer_zone())
    return render(request, "calls/call.html", {"section": "calls", "page": view, "call": view.call})


@require_POST
@tenant_page
def end_call(request: TenantRequest, call_id: UUID) -> HttpResponse:
    presentation.call_page(request.organization.id, call_id, now=now(), viewer=viewer_zone())  # theirs, or NotFound
    cancel_call(call_id, reason=f"Ended by {request.user}.", at=now())
    return redirect("call", call_id)


@require_GET
@tenant_page
def recording(request: TenantRequest, call_id: UUID) -> HttpResponseBase:
    """What was heard; a player may ask for parts of it."""
    return ranged_file(request, file_of_recording(request.organization.id, call_id), content_type="audio/wav")


@require_http_methods(["GET", "POST"])
@tenant_page
def do_not_call(request: TenantRequest) -> HttpResponse:
    entry = {"number": request.POST.get("number", ""), "reason": request.POST.get("reason", "")}
    if request.method == "POST":
        try:
            _add(request, **entry)
            return redirect("do-not-call")
        except DomainError as error:
            return _do_not_call_list(request, entry=entry, problem=error.message)
    return _do_not_call_list(request, entry=entry)


def _do_not_call_list(request: TenantRequest, **shown: Any) -> HttpResponse:
    """`shown` may hold the entry that was typed, its problem, and what a file came to."""
    search = request.GET.get("search", "")
    page = presentation.do_not_call_page(request.organization.id, page_number(request.GET.get("page")), search)
    context = {
        "section": "do-not-call",
        "page": page,
        "search": search,
        "query": f"&{urlencode({'search': search})}" if search else "",
        **shown,
    }
    refused = shown.get("problem") or shown.get("file_problem")
    return render(request, "calls/do_not_call.html", context, status=422 if refused else 200)


@require_POST
@tenant_page
def import_do_not_call(request: TenantRequest) -> HttpResponse:
    file = request.FILES.get("file")
    if file is None:
        return _do_not_call_list(request, file_problem="Choose a CSV file first.")
    try:
        imported, problems = import_do_not_call_file(request.organization, file, at=now())
    except DomainError as error:
        return _do_not_call_list(request, file_problem=error.message)
    added = f"{counted(imported.added, 'number')} added."
    known = f" {imported.known} on the list already." if imported.known else ""
    counts = " It counts at once, for every campaign." if imported.added else ""
    messages.success(request, f"{added}{known}{counts}")
    if not problems:
        return redirect("do-not-call")
    return _do_not_call_list(request, refused=len(problems), lines=problems[:LINES_SHOWN])


def _add(request: TenantRequest, number: str, reason: str) -> None:
    e164 = parse_number(number.strip())
    added = add_do_not_call(request.organization.id, e164, source="owner", reason=reason.strip()[:200], at=now())
    said = "is on the list now. It counts at once, for every campaign." if added else "was on the list already."
    messages.success(request, f"{spoken_format(e164)} {said}")
