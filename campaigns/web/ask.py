"""Ask: the chat with the assistant, its form, the plan and its confirmation."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from campaigns.models import Conversation
from campaigns.selectors import conversation_for, conversations_of, current_plan
from campaigns.services import chat, launch
from campaigns.web import forms
from campaigns.web.conversation import talk_of, unfinished_of
from opendeep.accounts.tenant_pages import TenantRequest, tenant_page
from opendeep.core.clock import now
from opendeep.core.errors import Conflict, DomainError

EXAMPLES = (
    "Ask these three numbers whether they want to keep their appointment on Friday at ten: "
    "+12025550100, +12025550104, +12025550105",
    "Call the dentist at +12025550100 and book an appointment for next week, mornings only.",
    "Ask the restaurant at +12025550101 for a table for four on Saturday at eight, outside if they have one.",
)


@require_http_methods(["GET", "POST"])
@tenant_page
def ask(request: TenantRequest) -> HttpResponse:
    """The empty page, and the first message of a new conversation."""
    if request.method == "POST":
        return _say(request, None)
    return _opening(request, request.GET.get("text", ""))


@require_http_methods(["GET", "POST"])
@tenant_page
def conversation(request: TenantRequest, conversation_id: UUID) -> HttpResponse:
    found = conversation_for(request.organization, conversation_id)
    return _say(request, found) if request.method == "POST" else _talk(request, found)


def _say(request: TenantRequest, found: Conversation | None) -> HttpResponse:
    text = request.POST.get("message", "")
    try:
        reply = chat.say(found, request.user, request.organization, message=text, at=now())
    except chat.ReplyFailed as failure:
        return redirect("conversation", failure.conversation_id)  # the page says why, and offers to try again
    except DomainError as error:
        if found is None:
            return _opening(request, text, error.message, _status(error))
        return _talk(request, found, status=_status(error), draft=text, problem=error.message)
    return redirect("conversation", reply.conversation_id)


@require_http_methods(["GET", "POST"])
@tenant_page
def answers(request: TenantRequest, conversation_id: UUID) -> HttpResponse:
    found = conversation_for(request.organization, conversation_id)
    if request.method == "GET":
        return redirect("conversation", found.pk)
    given = forms.read_answers(request.POST)
    try:
        with suppress(chat.ReplyFailed):  # the page says why, and offers to try again
            chat.say(found, request.user, request.organization, answers=given, at=now())
    except DomainError as error:
        return _talk(request, found, status=_status(error), given=given, errors=error.fields, notice=error.message)
    return redirect("conversation", found.pk)


@require_POST
@tenant_page
def retry(request: TenantRequest, conversation_id: UUID) -> HttpResponse:
    found = conversation_for(request.organization, conversation_id)
    with suppress(chat.ReplyFailed, Conflict):  # the page says why, or that there is an answer by now
        chat.retry(found, request.user, at=now())
    return redirect("conversation", found.pk)


@require_http_methods(["GET", "POST"])
@tenant_page
def plan(request: TenantRequest, conversation_id: UUID) -> HttpResponse:
    """The plan as a form. Saving it makes a new revision."""
    found = conversation_for(request.organization, conversation_id)
    known = current_plan(found)
    if known is None or found.status == Conversation.Status.EXECUTED:
        return redirect("conversation", found.pk)
    if request.method == "GET":
        return _plan_form(request, found, known[0], known[1])
    typed = forms.read_plan(request.POST, known[0])
    if request.POST.get("revision") != str(known[1]):
        moved = "The plan has changed since you opened it. Saving again replaces it by what stands here."
        return _plan_form(request, found, typed, known[1], status=409, notice=moved)
    try:
        chat.save_plan(found, typed, zone=ZoneInfo(request.user.time_zone), at=now())
    except DomainError as error:
        status, wrong = _status(error), error.fields
        return _plan_form(request, found, typed, known[1], status=status, notice=error.message, errors=wrong)
    return redirect("conversation", found.pk)


@require_http_methods(["GET", "POST"])
@tenant_page
def confirm(request: TenantRequest, conversation_id: UUID) -> HttpResponse:
    """Starts the calls of exactly the plan that was on the page."""
    found = conversation_for(request.organization, conversation_id)
    if request.method == "GET":
        return redirect("conversation", found.pk)
    known = current_plan(found)
    campaign = getattr(found, "campaign", None)
    if campaign is not None:
        return redirect("campaign", campaign.pk)
    if known is None or request.POST.get("revision") != str(known[1]):
        return _talk(request, found, status=409, notice="The plan has changed since you saw it. Please look again.")
    try:
        launched = launch.execute(found, known[0], request.user, at=now())
    except DomainError as error:
        return _talk(request, found, status=_status(error), notice=" ".join([error.message, *_said(error)]))
    return redirect("campaign", launched.campaign_id)


def _status(error: DomainError) -> int:
    """Of a page that shows the form again: what was typed can be corrected, so it is no plain bad request."""
    return 422 if error.status == 400 else error.status


def _said(error: DomainError) -> list[str]:
    return [words for found in error.fields.values() for words in found if words not in error.message]


# --- Pages ----------------------------------------------------------------------------------------


def _opening(request: TenantRequest, draft: str, problem: str = "", status: int = 200) -> HttpResponse:
    context = {
        "section": "ask",
        "draft": draft,
        "problem": problem,
        "examples": EXAMPLES,
        "unfinished": unfinished_of(conversations_of(request.organization), request.user),
    }
    return render(request, "campaigns/ask.html", context, status=status)


def _talk(
    request: TenantRequest,
    found: Conversation,
    *,
    status: int = 200,
    draft: str = "",
    problem: str = "",
    notice: str = "",
    given: Mapping[str, str] | None = None,
    errors: forms.Errors | None = None,
) -> HttpResponse:
    zone = ZoneInfo(request.user.time_zone)
    context = {
        "section": "ask",
        "talk": talk_of(found, now=now(), zone=zone, given=given, errors=errors),
        "draft": draft,
        "problem": problem,
        "notice": notice,
    }
    return render(request, "campaigns/conversation.html", context, status=status)


def _plan_form(
    request: TenantRequest,
    found: Conversation,
    shown: Mapping[str, Any],
    revision: int,
    *,
    status: int = 200,
    notice: str = "",
    errors: forms.Errors | None = None,
) -> HttpResponse:
    many = len(shown["contacts"]) > forms.CONTACTS_EDITED_AT_MOST
    context = {
        "section": "ask",
        "conversation": found,
        "revision": revision,
        "fields": forms.plan_fields(shown, errors, forms.clock_words(request.user.time_zone)),
        "rows": [] if many else forms.contact_rows(shown, errors),
        "people": len(shown["contacts"]),
        "notice": notice,
        "complaints": forms.summary_of(errors or {}),
    }
    return render(request, "campaigns/plan.html", context, status=status)
