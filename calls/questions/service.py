"""The only writer of questions to the owner: compare-and-set, event, fact and hints in one transaction.

The agent's gateway asks and, when it has waited long enough, lets the question expire; the owner answers or goes on
without; the end of the call withdraws what is still open. Whoever comes first counts.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from calls.models import Call, CallEvent
from calls.questions.contracts import QUESTION_CHANGED, QuestionChanged, QuestionView
from calls.questions.models import ANSWER_AT_MOST, TEXT_AT_MOST, Question
from calls.questions.selectors import to_view
from calls.questions.states import UNANSWERED, QuestionSignal, QuestionStatus, next_status
from calls.services import gateways
from calls.states import State
from opendeep.accounts.models import User
from opendeep.core import outbox
from opendeep.core.errors import Conflict, DomainError, NotFound
from opendeep.core.live import batch_group, call_group, hint_on_commit, organization_group
from opendeep.core.text import is_text

GATEWAY_IS_GONE = timedelta(seconds=10)
"""An open question this long after its deadline: whoever waited for its answer does not wait any more."""

KINDS: Mapping[QuestionStatus, str] = {
    QuestionStatus.ANSWERED: "question_answered",
    QuestionStatus.ANSWERED_LATE: "question_answered",
    QuestionStatus.EXPIRED: "question_expired",
    QuestionStatus.WITHDRAWN: "question_withdrawn",
    QuestionStatus.DISMISSED: "question_dismissed",
}
"""The event of a call that tells of a question's new status."""


def ask_owner(call_id: UUID, *, command_id: str, text: str, deadline: datetime, at: datetime) -> None:
    """Writes the question down, once for each tool call. Of a call that is over it is unanswered from the start."""
    with transaction.atomic():
        call = Call.objects.filter(id=call_id).first()
        if call is None:
            raise NotFound("There is no such call.")
        status = QuestionStatus.WITHDRAWN if call.state == State.ENDED else QuestionStatus.OPEN
        question, is_new = Question.objects.get_or_create(
            call=call,
            command_id=command_id,
            defaults={
                "organization_id": call.organization_id,
                "text": text[:TEXT_AT_MOST],
                "status": status,
                "asked_at": at,
                "deadline": deadline,
            },
        )
        if is_new:
            detail = {"question": question.text, "deadline": deadline.isoformat()}
            _tell(question, "question_asked", "agent", detail, at)


def answer_question(organization_id: UUID, question_id: UUID, answer: str, *, by: User, at: datetime) -> QuestionView:
    """The owner's answer: to the agent on the telephone, or after the deadline for another call.

    Raises NotFound, also for another organization's; DomainError when it cannot be used; Conflict when somebody has
    answered already or nobody waits for it any more.
    """
    text = _usable(answer)
    with transaction.atomic():
        question = _of(organization_id, question_id)
        _close_what_is_over(question, at)
        detail = {"question": question.text, "answer": text, "by": str(by)}
        columns = {"answer": text, "answered_by": by, "answered_at": at}
        if not _move(question, QuestionSignal.ANSWER, "owner", detail, at, columns):
            raise Conflict("question_closed", _why_closed(question))
    return to_view(question)


def dismiss_question(organization_id: UUID, question_id: UUID, *, by: User, at: datetime) -> QuestionView:
    """The owner goes on without an answer. Raises NotFound, and Conflict when it was answered."""
    with transaction.atomic():
        question = _of(organization_id, question_id)
        _close_what_is_over(question, at)
        detail = {"question": question.text, "by": str(by)}
        moved = _move(question, QuestionSignal.DISMISS, "owner", detail, at, {"answered_by": by, "answered_at": at})
        if not moved and question.status != QuestionStatus.DISMISSED:
            raise Conflict("question_closed", _why_closed(question))
    return to_view(question)


def expire_question(call_id: UUID, *, command_id: str, at: datetime) -> QuestionView | None:
    """The agent waits no more. What the question is then: an answer that was faster counts. None when unknown."""
    with transaction.atomic():
        question = Question.objects.filter(call=call_id, command_id=command_id).select_related("call").first()
        if question is None:
            return None
        _move(question, QuestionSignal.EXPIRE, "gateway", {"question": question.text}, at)
    return to_view(question)


def withdraw_questions(call_id: UUID, *, at: datetime) -> None:
    """The call is over: nobody waits on the telephone any more. Called in the transaction that ends the call."""
    for question in Question.objects.filter(call=call_id, status=QuestionStatus.OPEN).select_related("call"):
        _move(question, QuestionSignal.WITHDRAW, "engine", {"question": question.text}, at)


def drop_questions(*, at: datetime, origin: str = "", group: str = "") -> None:
    """Nothing hangs on the unanswered questions of this origin, or of this group's calls, any more."""
    of = Q(call__origin=origin) if origin else Q(call__group=group)
    with transaction.atomic():
        for question in Question.objects.filter(of, status__in=UNANSWERED).select_related("call"):
            _move(question, QuestionSignal.DISMISS, "engine", {"question": question.text}, at)


def _usable(answer: str) -> str:
    text = answer.strip()
    problem = ""
    if not text:
        problem = "Write an answer first."
    elif len(text) > ANSWER_AT_MOST:
        problem = f"Please keep the answer below {ANSWER_AT_MOST:,} characters: it is said on the telephone."
    elif not is_text(text):
        problem = "The answer holds characters that cannot be kept."
    if problem:
        raise DomainError("bad_answer", problem, {"answer": [problem]})
    return text


def _of(organization_id: UUID, question_id: UUID) -> Question:
    questions = Question.objects.filter(organization=organization_id, pk=question_id)
    question = questions.select_related("call", "answered_by").first()
    if question is None:
        raise NotFound("There is no such question.")
    return question


def _close_what_is_over(question: Question, at: datetime) -> None:
    """The row may still say open although nobody waits: the call is just ending, or its gateway has died."""
    if question.status != QuestionStatus.OPEN:
        return
    call = question.call
    if call.state == State.ENDED or call.hung_up_at or call.talk_over_at:
        _move(question, QuestionSignal.WITHDRAW, "engine", {"question": question.text}, at)
    elif at > question.deadline + GATEWAY_IS_GONE:
        _move(question, QuestionSignal.EXPIRE, "engine", {"question": question.text}, at)


def _move(
    question: Question,
    signal: QuestionSignal,
    source: str,
    detail: Mapping[str, Any],
    at: datetime,
    columns: Mapping[str, Any] | None = None,
) -> bool:
    """False when the signal does not fit. `question` is as the row is then."""
    while (after := next_status(QuestionStatus(question.status), signal)) is not None:
        before = QuestionStatus(question.status)
        row = Question.objects.filter(pk=question.pk, status=before)
        if row.update(status=after, **(columns or {})):
            for name, value in {"status": after, **(columns or {})}.items():
                setattr(question, name, value)
            if after is QuestionStatus.ANSWERED_LATE:
                detail = {**detail, "late": True}
            _tell(question, KINDS[after], source, detail, at)
            _tell_gateway(question.call, before)
            return True
        question.refresh_from_db()  # somebody was faster: look again. It ends, because questions move forward
    return False


def _tell(question: Question, kind: str, source: str, detail: Mapping[str, Any], at: datetime) -> None:
    call = question.call
    CallEvent.objects.create(call=call, at=at, kind=kind, source=source, detail=dict(detail))
    fact = QuestionChanged(question.pk, call.pk, call.organization_id, call.origin, question.status)
    outbox.publish(QUESTION_CHANGED, str(call.pk), fact.to_payload(), at)
    hint_on_commit(organization_group(call.organization_id), "questions")
    hint_on_commit(call_group(call.pk), "question")
    if call.group_id is not None:
        hint_on_commit(batch_group(call.group_id), "question")


def _tell_gateway(call: Call, before: QuestionStatus) -> None:
    """A hint that shortens the wait; the gateway reads the row anyway."""
    if before is QuestionStatus.OPEN and call.gateway and call.state != State.ENDED:
        transaction.on_commit(partial(gateways.question_closed, call.gateway, call.pk), robust=True)


def _why_closed(question: Question) -> str:
    if question.status == QuestionStatus.DISMISSED:
        return "Nobody waits for this answer any more."
    return f"{question.answered_by or 'Somebody'} has answered this already: {question.answer}"
