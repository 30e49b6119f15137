"""What the Ask page shows of one conversation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from calls.facade import hindrances
from campaigns.models import Campaign, Conversation, Message
from campaigns.planning.plan import Contact, Plan
from campaigns.planning.questions import Question
from campaigns.selectors import current_plan, messages_of
from campaigns.services.chat import REPLY_EXPIRES
from campaigns.services.outlook import refusals_of
from campaigns.web.forms import Errors, FieldView, clock_words, question_fields
from campaigns.web.words import people, start_button, voicemail_words
from opendeep.core import words

PEOPLE_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Said:
    """One turn of the chat. `answers` are (question, answer) of a form that was sent."""

    role: str
    text: str
    answers: Sequence[tuple[str, str]]
    note: str


@dataclass(frozen=True, slots=True)
class PlanCard:
    """`plan` holds the first people of it only; `more_people` counts the others.

    `people` come with the reason why they can never be called, or "". `hindrances` keep every call from going out.
    """

    plan: Plan
    revision: int
    people: Sequence[tuple[Contact, str]]
    more_people: int
    who: str
    start: datetime | None
    attempts: str
    voicemail: str
    button: str
    hindrances: Sequence[str]

    @property
    def uncallable(self) -> str:
        """How many of the people shown can never be called, in words; empty when all can be."""
        refused = sum(bool(why) for _, why in self.people)
        if refused and refused == len(self.people) and not self.more_people:
            return "Nobody in this plan can be called; the list says why."
        return f"{refused} of these people cannot be called; the list says why." if refused else ""


@dataclass(frozen=True, slots=True)
class Talk:
    """The page of a conversation. At most one of `form`, `plan` (not started) and `unanswered` asks for something."""

    conversation: Conversation
    said: Sequence[Said]
    form: Sequence[FieldView]
    plan: PlanCard | None
    campaign: Campaign | None
    is_replying: bool
    unanswered: bool
    why_unanswered: str

    @property
    def may_confirm(self) -> bool:
        return self.plan is not None and self.campaign is None and not self.is_replying


def talk_of(
    conversation: Conversation,
    *,
    now: datetime,
    zone: ZoneInfo,
    given: Mapping[str, str] | None = None,
    errors: Errors | None = None,
) -> Talk:
    """`given` and `errors` are what was typed into the questions' form, and what is wrong with it."""
    messages = messages_of(conversation)
    last = messages[-1] if messages else None
    since = conversation.replying_since
    is_replying = since is not None and now - since < REPLY_EXPIRES
    executed = conversation.status == Conversation.Status.EXECUTED
    unanswered = last is not None and last.role == Message.Role.USER and last.plan is None
    asked = last.questions if last and last.role == Message.Role.ASSISTANT and not executed else []
    questions = [Question.model_validate(question) for question in asked]
    return Talk(
        conversation=conversation,
        said=_said(messages),
        form=question_fields(questions, clock_words(zone.key), given, errors),
        plan=_plan_card(conversation, now, zone),
        campaign=getattr(conversation, "campaign", None),
        is_replying=is_replying,
        unanswered=unanswered and not is_replying and not executed,
        why_unanswered=conversation.reply_error,
    )


def _said(messages: Sequence[Message]) -> list[Said]:
    said, asked = [], dict[str, Question]()
    for message in messages:
        fields = sorted(message.answers, key=[*asked, *message.answers].index)  # PostgreSQL keeps no order of its own
        answers = [_answered(field, str(message.answers[field]), asked.get(field)) for field in fields]
        changed = message.role == Message.Role.USER and message.plan is not None
        note = f"You changed the plan. It is revision {message.plan_revision} now." if changed else ""
        if not answers and not note and not message.text and message.role == Message.Role.USER:
            note = "You left the questions open."
        said.append(Said(message.role, "" if note else message.text, answers, note))
        if message.role == Message.Role.ASSISTANT:
            asked = {question.field: question for question in map(Question.model_validate, message.questions)}
    return said


def _answered(field: str, answer: str, question: Question | None) -> tuple[str, str]:
    """The question and what was answered, as people write it."""
    if question is None:
        return field, answer
    return question.question, words.local_time(answer) if question.type == "datetime" else answer


def _plan_card(conversation: Conversation, now: datetime, zone: ZoneInfo) -> PlanCard | None:
    known = current_plan(conversation)
    if known is None or conversation.status not in (Conversation.Status.PLAN_COMPLETE, Conversation.Status.EXECUTED):
        return None
    contacts = known[0]["contacts"]
    plan = Plan.from_user({**known[0], "contacts": contacts[:PEOPLE_SHOWN]})  # to check thousands of numbers takes time
    start = plan.starts_at(zone)
    start = start if start is not None and start > now else None
    when = words.moment(start, now=now, zone=zone) if start else ""
    return PlanCard(
        plan=plan,
        revision=known[1],
        people=_with_refusals(conversation, plan, zone, now),
        more_people=len(contacts) - len(plan.contacts),
        who=people(len(contacts)),
        start=start,
        attempts=words.counted(plan.max_attempts, "call"),
        voicemail=voicemail_words(plan.voicemail, needs_answer=bool(plan.result_fields)),
        button=start_button([contact["name"] for contact in contacts], when),
        hindrances=() if _is_executed(conversation) else hindrances(conversation.organization_id, now),
    )


def _with_refusals(conversation: Conversation, plan: Plan, zone: ZoneInfo, now: datetime) -> list[tuple[Contact, str]]:
    """Once the calls are made, their own pages tell."""
    if _is_executed(conversation):
        return [(person, "") for person in plan.contacts]
    found = refusals_of(plan, conversation.organization, zone, now)
    return [(person, refusal.why if refusal else "") for person, refusal in zip(plan.contacts, found, strict=True)]


def _is_executed(conversation: Conversation) -> bool:
    return conversation.status == Conversation.Status.EXECUTED


def unfinished_of(conversations: Any, user: Any, at_most: int = 5) -> list[Conversation]:
    """The user's own conversations that have not led to calls yet, the latest first."""
    open_ones = conversations.filter(created_by=user).exclude(status=Conversation.Status.EXECUTED)
    return list(open_ones[:at_most])
