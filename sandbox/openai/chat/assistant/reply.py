"""The assistant's answer: clarifying, needs_more_info with a form, or plan_complete with a plan."""

from collections.abc import Sequence
from typing import Any

from sandbox.openai.chat.assistant.conduct import is_refused, is_small_talk
from sandbox.openai.chat.assistant.conversation import OwnReply, Turn, UserText, now_of, turns_of
from sandbox.openai.chat.assistant.draft import Draft, draft_of
from sandbox.openai.chat.assistant.plan import plan_of
from sandbox.openai.chat.assistant.questions import questions_for
from sandbox.openai.chat.language.numbers import in_words
from sandbox.openai.chat.request import Message

MANY_CALLS = 10

HELP = (
    "Hello! Tell me what should be achieved by phone, and whom to call. For example: ask +12025550100 whether the "
    "delivery has arrived."
)
REFUSAL = (
    "I am sorry, I cannot help with calls that frighten, deceive or harm people. Is there something else that I can "
    "do by phone for you?"
)
UNCHANGED = (
    "The plan stands as it is. Confirm it when you are ready, or tell me what to change: the numbers, the goal, the "
    "start or the number of attempts."
)


def reply(messages: Sequence[Message]) -> dict[str, Any]:
    """The `assistant_reply` to a whole conversation."""
    turns = turns_of(messages)
    last = turns[-1] if turns else UserText("")
    if isinstance(last, UserText) and is_refused(last.text):
        return _answer("clarifying", REFUSAL)
    now = now_of(messages)
    draft = draft_of(turns, now)
    if not draft.goal and not draft.contacts and not draft.unclear and not _has_asked(turns):
        return _answer("clarifying", HELP)
    questions = questions_for(draft)
    if questions:
        return _answer("needs_more_info", _question_message(draft, turns), questions=questions)
    before = draft_of(turns[:-1], now)
    return _answer("plan_complete", _plan_message(draft, before, last), plan=plan_of(draft))


def _answer(
    status: str,
    message: str,
    questions: list[dict[str, Any]] | None = None,
    plan: dict[str, Any] | None = None,
) -> dict[str, Any]:
    return {"status": status, "message": message, "questions": questions or [], "plan": plan}


def _has_asked(turns: list[Turn]) -> bool:
    return any(isinstance(turn, OwnReply) and turn.asked for turn in turns)


def _question_message(draft: Draft, turns: list[Turn]) -> str:
    if isinstance(turns[-1], UserText) and is_small_talk(turns[-1].text) and _has_asked(turns):
        return "I still need a few answers before I can make the plan."
    if _has_asked(turns):
        return "Thank you. Before I make the plan, please tell me also:"
    count = len(draft.contacts)
    known = f"I have {_numbers(count)}. " if count > 1 else ""
    return f"I can do that. {known}Before I make the plan, please tell me:"


def _plan_message(draft: Draft, before: Draft, last: Turn) -> str:
    if before.planned and plan_of(before) == plan_of(draft):
        return UNCHANGED
    if before.planned:
        return f"I have changed the plan: {'; '.join(_changes(draft, before))}. Please check it and confirm."
    return f"Here is the plan for {_calls(len(draft.contacts))}. Please check it and confirm."


def _changes(draft: Draft, before: Draft) -> list[str]:
    old, new = {c.phone for c in before.contacts}, {c.phone for c in draft.contacts}
    changes = [f"{_numbers(len(new - old))} added"] if new - old else []
    changes += [f"{_numbers(len(old - new))} removed"] if old - new else []
    changes += [f"on behalf of {draft.behalf}"] if draft.behalf != before.behalf else []
    changes += ["a new goal"] if draft.goal != before.goal else []
    if draft.start_at != before.start_at:
        changes.append(f"start at {draft.start_at.replace('T', ' ')}" if draft.start_at else "start at once")
    if draft.max_attempts != before.max_attempts:
        attempts = "attempt" if draft.max_attempts == 1 else "attempts"
        changes.append(f"at most {in_words(draft.max_attempts)} {attempts} per number")
    return changes or ["what the agent should know"]


def _calls(count: int) -> str:
    if count >= MANY_CALLS:
        return f"this campaign of {count} calls"
    return "one call" if count == 1 else f"{in_words(count)} calls"


def _numbers(count: int) -> str:
    return "one number" if count == 1 else f"{in_words(count)} numbers"
