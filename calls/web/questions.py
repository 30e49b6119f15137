"""What agents ask their owner: on every page as long as it can be answered, and on a page of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from calls.models import Call
from calls.questions import service
from calls.questions.models import ANSWER_AT_MOST, Question
from calls.questions.selectors import questions_of_organization, waiting_questions
from calls.questions.states import WAITING, QuestionStatus
from calls.states import State
from opendeep.accounts.tenant_pages import TenantRequest, tenant_page
from opendeep.core.clock import now
from opendeep.core.errors import Conflict, DomainError
from opendeep.core.paging import Page, page_number, page_of
from opendeep.core.phone import spoken_format

WAITING_AT_MOST = 50
LATE_ON_EVERY_PAGE = 3
QUESTIONS_PER_PAGE = 50
ANSWERED_IN_TIME = "Thank you. The agent says it now."
ANSWERED_LATE = "Thank you. We call again and say it."
DISMISSED = "The agent goes on without an answer."
BY_SCRIPT = "X-Questions"
"""The header with which static/js/questions.js asks for the part of the page that shows the questions."""

SAID: Mapping[QuestionStatus, str] = {
    QuestionStatus.OPEN: "waits for your answer",
    QuestionStatus.ANSWERED: "answered in time",
    QuestionStatus.EXPIRED: "not answered yet",
    QuestionStatus.WITHDRAWN: "not answered yet",
    QuestionStatus.ANSWERED_LATE: "answered after the call",
    QuestionStatus.DISMISSED: "nobody waits for it any more",
}


@dataclass(frozen=True, slots=True)
class Card:
    """A question that can be answered. `left_ms` is 0 for one whose call does not wait for it."""

    id: UUID
    call_id: UUID
    who: str
    text: str
    is_open: bool
    left_ms: int
    why_late: str
    problem: str = ""
    typed: str = ""


@dataclass(frozen=True, slots=True)
class Cards:
    """`waiting` counts all that can be answered, `more` those that are only on the page of questions."""

    shown: tuple[Card, ...]
    waiting: int
    more: int
    said: str = ""
    at_most: int = ANSWER_AT_MOST


@dataclass(frozen=True, slots=True)
class QuestionLine:
    """A question of the past or the present, for lists."""

    id: UUID
    text: str
    said: str
    answer: str
    by: str
    asked_at: datetime
    can_be_answered: bool
    who: str
    call_id: UUID


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the answer to this question could not be taken, and what was typed."""

    question_id: UUID
    problem: str
    typed: str


def cards(
    organization_id: UUID,
    at: datetime,
    *,
    late_at_most: int = LATE_ON_EVERY_PAGE,
    refusal: Refusal | None = None,
    said: str = "",
) -> Cards:
    """What can be answered now, the most urgent first; `said` is what the owner is told of what they just did."""
    rows = list(waiting_questions(organization_id)[: WAITING_AT_MOST + 1])
    found = [_card(row, at, refusal) for row in rows[:WAITING_AT_MOST]]
    late = [card for card in found if not card.is_open]
    hidden = {card.id for card in late[late_at_most:] if not card.problem}
    shown = tuple(card for card in found if card.id not in hidden)
    return Cards(shown, len(rows), len(hidden), said)


def _card(question: Question, at: datetime, refusal: Refusal | None) -> Card:
    refused = refusal if refusal is not None and refusal.question_id == question.pk else None
    is_open = question.status == QuestionStatus.OPEN
    left = question.deadline - at
    return Card(
        id=question.pk,
        call_id=question.call_id,
        who=_who(question.call),
        text=question.text,
        is_open=is_open,
        left_ms=max(int(left.total_seconds() * 1000), 0) if is_open else 0,
        why_late="" if is_open else _why_late(question.call),
        problem=refused.problem if refused else "",
        typed=refused.typed if refused else "",
    )


def _why_late(call: Call) -> str:
    if call.state == State.ENDED:
        return "The call is over. Answer anyway and we call back."
    return "The callee could not wait longer. Answer anyway and we call back."


def _who(call: Call) -> str:
    return call.contact_name or spoken_format(call.number)


def line(question: Question) -> QuestionLine:
    status = QuestionStatus(question.status)
    return QuestionLine(
        id=question.pk,
        text=question.text,
        said=SAID[status],
        answer=question.answer,
        by=str(question.answered_by or ""),
        asked_at=question.asked_at,
        can_be_answered=status in WAITING,
        who=_who(question.call),
        call_id=question.call_id,
    )


@require_GET
@tenant_page
def questions(request: TenantRequest) -> HttpResponse:
    rows = questions_of_organization(request.organization.pk).exclude(status__in=WAITING)
    found = page_of(rows, page_number(request.GET.get("page")), QUESTIONS_PER_PAGE)
    page = Page([line(question) for question in found.rows], found.number, found.has_next)
    return render(request, "calls/questions.html", {"section": "questions", "page": page})


@require_GET
@tenant_page
def waiting(request: TenantRequest) -> HttpResponse:
    """The part of every page that shows what can be answered."""
    return _part(request)


def _part(request: TenantRequest, *, status: int = 200, refusal: Refusal | None = None, said: str = "") -> HttpResponse:
    everything = request.headers.get(BY_SCRIPT) == "all"
    late_at_most = WAITING_AT_MOST if everything else LATE_ON_EVERY_PAGE
    found = cards(request.organization.pk, now(), late_at_most=late_at_most, refusal=refusal, said=said)
    return render(request, "calls/_questions.html", {"questions": found}, status=status)


@require_POST
@tenant_page
def answer(request: TenantRequest, question_id: UUID) -> HttpResponse:
    text = request.POST.get("answer", "")
    try:
        view = service.answer_question(request.organization.pk, question_id, text, by=request.user, at=now())
    except DomainError as error:
        return _refused(request, question_id, error, text)
    late = view.status == QuestionStatus.ANSWERED_LATE
    return _done(request, ANSWERED_LATE if late else ANSWERED_IN_TIME)


@require_POST
@tenant_page
def dismiss(request: TenantRequest, question_id: UUID) -> HttpResponse:
    try:
        service.dismiss_question(request.organization.pk, question_id, by=request.user, at=now())
    except Conflict as error:
        return _refused(request, question_id, error, "")
    return _done(request, DISMISSED)


def _done(request: TenantRequest, said: str) -> HttpResponse:
    if BY_SCRIPT in request.headers:
        return _part(request, said=said)
    messages.success(request, said)
    return redirect("questions")


def _refused(request: TenantRequest, question_id: UUID, error: DomainError, typed: str) -> HttpResponse:
    """What was typed stays; a question that is closed by now is gone, and its answer is told."""
    if error.status == 404:
        raise error
    if BY_SCRIPT not in request.headers:
        messages.warning(request, error.message)
        return redirect("questions")
    if isinstance(error, Conflict):
        return _part(request, status=409, said=error.message)
    return _part(request, status=422, refusal=Refusal(question_id, error.message, typed))
