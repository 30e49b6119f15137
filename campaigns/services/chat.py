"""The chat with the assistant: what the user says is saved, then the assistant is asked, then its answer is saved.

One answer at a time: whoever asks the assistant holds `Conversation.replying_since`, until it lets go or it expires.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q

from campaigns.models import Conversation, Message
from campaigns.planning.plan import Plan
from campaigns.planning.questions import check_answers
from campaigns.roles.assistant import ASSISTANT, AssistantReply, chat_turns, complaint, prompt_values
from campaigns.selectors import current_plan, is_unanswered, last_message, messages_of, open_questions
from opendeep.accounts.models import Organization, User
from opendeep.core.errors import Conflict, DomainError, PermanentError, RetryableError
from opendeep.core.live import conversation_group, hint_on_commit
from opendeep.core.llm import runner
from opendeep.core.llm.roles import RoleResult

MESSAGE_CHARS_AT_MOST = 10_000
MESSAGES_AT_MOST = 200
REPLY_EXPIRES = timedelta(minutes=5)
TITLE_CHARS = 120


@dataclass(frozen=True, slots=True)
class ChatReply:
    """What the assistant answered. `questions` and `plan` are JSON in the shapes of campaigns.planning."""

    conversation_id: UUID
    status: str
    message: str
    questions: list[dict[str, Any]]
    plan: dict[str, Any] | None
    plan_revision: int | None


class ReplyFailed(DomainError):
    """The assistant could not answer. What the user said is saved, and `retry` asks again."""

    status = 503

    def __init__(self, conversation_id: UUID, reason: str) -> None:
        super().__init__(
            "assistant_unavailable",
            f"{reason} Your message is saved; try again in a moment.",
            {"conversation_id": [str(conversation_id)]},
        )
        self.conversation_id = conversation_id


def say(
    conversation: Conversation | None,
    user: User,
    organization: Organization,
    *,
    message: str | None = None,
    answers: Mapping[str, Any] | None = None,
    at: datetime,
) -> ChatReply:
    """Takes a message, or the answers to the open questions, and returns the assistant's reply.

    Without a conversation a new one begins. Raises DomainError (empty_message, message_too_long, unknown_answers,
    bad_answers), Conflict (being_answered, executed), ReplyFailed.
    """
    text, checked = _checked_input(conversation, message, answers)
    with transaction.atomic():
        conversation = conversation or _new_conversation(user, organization, text, at)
        _take_turn(conversation, at)
        _add(conversation, Message.Role.USER, at, text=text, answers=checked)
    return _ask_assistant(conversation, user, at)


def retry(conversation: Conversation, user: User, *, at: datetime) -> ChatReply:
    """Asks the assistant again after it could not answer. Raises Conflict when nothing waits for an answer."""
    with transaction.atomic():
        _take_turn(conversation, at)
        if not is_unanswered(conversation):
            raise Conflict("nothing_to_retry", "Everything is answered already. Write a message.")
    return _ask_assistant(conversation, user, at)


def save_plan(conversation: Conversation, data: Any, *, zone: ZoneInfo, at: datetime) -> tuple[Plan, int]:
    """Stores a plan that the user changed as a new revision, which the assistant sees in its next turn.

    Its times without an offset count in `zone`.

    The same plan again stays the same revision. Raises DomainError "bad_plan", Conflict.
    """
    plan = Plan.from_user(data, zone=zone, at=at)
    with transaction.atomic():
        _take_turn(conversation, at)
        known = current_plan(conversation)
        if known is None or Plan.from_user(known[0]) != plan:
            revision = known[1] + 1 if known else 1
            _add(
                conversation,
                Message.Role.USER,
                at,
                text="I changed the plan.",
                plan=plan.to_json(),
                plan_revision=revision,
            )
        else:
            revision = known[1]
        _give_back(conversation, at, status=Conversation.Status.PLAN_COMPLETE)
    return plan, revision


# --- One answer at a time -------------------------------------------------------------------------


def _take_turn(conversation: Conversation, at: datetime) -> None:
    free = Q(replying_since=None) | Q(replying_since__lt=at - REPLY_EXPIRES)
    open_to_words = ~Q(status=Conversation.Status.EXECUTED)
    taken = Conversation.objects.filter(free, open_to_words, pk=conversation.pk).update(
        replying_since=at, reply_error="", updated_at=at
    )
    if taken:
        return
    conversation.refresh_from_db(fields=["status"])
    if conversation.status == Conversation.Status.EXECUTED:
        raise Conflict("executed", "This plan is being carried out. Start a new task to plan something else.")
    raise Conflict("being_answered", "The assistant is still answering. Wait for its answer, then send this again.")


def _give_back(conversation: Conversation, taken_at: datetime, **changes: Any) -> bool:
    """Lets the next one speak. False when the turn had expired and somebody else has it."""
    given = Conversation.objects.filter(pk=conversation.pk, replying_since=taken_at).update(
        replying_since=None, **changes
    )
    hint_on_commit(conversation_group(conversation.pk), "messages")
    return bool(given)


# --- Parts ----------------------------------------------------------------------------------------


def _checked_input(
    conversation: Conversation | None, message: str | None, answers: Mapping[str, Any] | None
) -> tuple[str, dict[str, str]]:
    if answers is not None and message:
        raise DomainError("message_or_answers", "Send either a message or answers, not both.")
    if answers is not None:
        return "", check_answers(open_questions(conversation) if conversation else (), answers)
    text = (message or "").strip()
    if not text:
        raise DomainError("empty_message", "Write what should be achieved by phone.", {"message": ["This is empty."]})
    if len(text) > MESSAGE_CHARS_AT_MOST:
        words = f"At most {MESSAGE_CHARS_AT_MOST:,} characters; these are {len(text):,}."
        raise DomainError("message_too_long", f"This message is too long. {words}", {"message": [words]})
    return text, {}


def _new_conversation(user: User, organization: Organization, text: str, at: datetime) -> Conversation:
    title = " ".join(text.split())
    return Conversation.objects.create(
        organization=organization,
        created_by=user,
        title=title if len(title) <= TITLE_CHARS else title[: TITLE_CHARS - 1] + "…",
        created_at=at,
        updated_at=at,
    )


def _add(conversation: Conversation, role: Message.Role, at: datetime, **fields: Any) -> Message:
    last = last_message(conversation)
    position = last.position + 1 if last else 0
    if position >= MESSAGES_AT_MOST:
        raise Conflict("too_many_messages", "This conversation has become too long. Start a new one.")
    hint_on_commit(conversation_group(conversation.pk), "messages")
    return Message.objects.create(conversation=conversation, position=position, role=role, created_at=at, **fields)


def _ask_assistant(conversation: Conversation, user: User, at: datetime) -> ChatReply:
    zone = ZoneInfo(user.time_zone)
    try:
        result = runner.run(
            ASSISTANT,
            chat_turns(messages_of(conversation)),
            values=prompt_values(at, zone),
            check=lambda reply: complaint(reply, zone, at),
        )
        return _save_reply(conversation, result, at)
    except (RetryableError, PermanentError) as error:
        _give_back(conversation, at, reply_error=str(error)[:300])
        raise ReplyFailed(conversation.pk, str(error)) from error
    finally:
        Conversation.objects.filter(pk=conversation.pk, replying_since=at).update(replying_since=None)


def _save_reply(conversation: Conversation, result: RoleResult[AssistantReply], at: datetime) -> ChatReply:
    reply = result.answer
    with transaction.atomic():
        changes: dict[str, Any] = {"status": reply.status, "updated_at": at}
        if reply.plan:
            changes["title"] = reply.plan.title
        if not _give_back(conversation, at, **changes):
            raise Conflict("being_answered", "The answer took too long and was overtaken by another one.")
        known = current_plan(conversation)
        plan = reply.plan.keeping(known[0] if known else None).to_json() if reply.plan else None
        revision = (known[1] + 1 if known else 1) if plan else None
        questions = [question.model_dump(mode="json") for question in reply.questions]
        _add(
            conversation,
            Message.Role.ASSISTANT,
            at,
            text=reply.message,
            reply_status=reply.status,
            questions=questions,
            plan=plan,
            plan_revision=revision,
            model=result.model,
            prompt_hash=result.prompt_hash,
            usage=dict(result.usage),
        )
    return ChatReply(conversation.pk, reply.status, reply.message, questions, plan, revision)
