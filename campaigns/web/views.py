"""The pages of campaigns: the list, one with its tasks, its report."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns.selectors import campaign_for
from campaigns.services import control
from campaigns.services.reports import request_so_far
from campaigns.web import presentation
from campaigns.web.reports import report_page
from opendeep.accounts.tenant_pages import PageView, TenantRequest, tenant_page
from opendeep.core.clock import now
from opendeep.core.errors import Conflict
from opendeep.core.paging import page_number
from opendeep.core.templatetags.words import viewer_zone


@require_GET
@tenant_page
def campaigns(request: TenantRequest) -> HttpResponse:
    page = presentation.campaigns_page(request.organization, page_number(request.GET.get("page")))
    return render(request, "campaigns/campaigns.html", {"section": "campaigns", "page": page})


@require_GET
@tenant_page
def campaign(request: TenantRequest, campaign_id: UUID) -> HttpResponse:
    found = campaign_for(request.organization, campaign_id)
    number = page_number(request.GET.get("page"))
    view = presentation.campaign_page(found, number, now=now(), viewer=viewer_zone())
    return render(request, "campaigns/campaign.html", {"section": "campaigns", "view": view, "page": view.page})


def _control(move: Callable[..., Any]) -> PageView:
    @require_POST
    @tenant_page
    def view(request: TenantRequest, campaign_id: UUID) -> HttpResponse:
        found = campaign_for(request.organization, campaign_id)
        try:
            move(found.pk, at=now())
        except Conflict as error:
            messages.warning(request, error.message)
        return redirect("campaign", found.pk)

    return view


pause = _control(control.pause)
resume = _control(control.resume)
cancel = _control(control.cancel)


@require_http_methods(["GET", "POST"])
@tenant_page
def report(request: TenantRequest, campaign_id: UUID) -> HttpResponse:
    """The final report, or the newest so far; a POST asks for a new one."""
    found = campaign_for(request.organization, campaign_id)
    if request.method == "POST":
        with suppress(Conflict):  # the final report is there, and is shown
            request_so_far(found.pk, now())
        return redirect("report", found.pk)
    view = report_page(found, now=now(), viewer=viewer_zone())
    return render(request, "campaigns/report.html", {"section": "campaigns", "view": view})
