"""What is still missing from a draft, as fields of a form."""

from collections.abc import Iterator
from typing import Any

from sandbox.openai.chat.assistant.draft import Draft
from sandbox.openai.chat.language import goals
from sandbox.openai.chat.language.moments import names_a_time

MAX_UNCLEAR = 10
MAX_SHOWN_CHARS = 40

Question = dict[str, Any]


def questions_for(draft: Draft) -> list[Question]:
    """Empty when the plan can be made. The optional question comes only along with required ones."""
    required = list(_required(draft))
    if not required:
        return []
    return required if draft.details else [*required, _details()]


def _required(draft: Draft) -> Iterator[Question]:
    if not draft.goal:
        yield _question("goal", "What should the call achieve?", "textarea")
    yield from _numbers(draft)
    if not draft.behalf:
        yield _question("on_behalf_of", "On whose behalf should the call be made?", "text")
    if goals.is_booking(draft.goal) and not draft.preferences and not names_a_time(draft.goal):
        yield _question("time_preferences", "Which days and times would suit you?", "textarea")


def _numbers(draft: Draft) -> Iterator[Question]:
    if not draft.contacts and not draft.unclear:
        yield _question("phone_number", "Which number should be called? Please give it with its country code.", "phone")
    for index, raw in enumerate(draft.unclear[:MAX_UNCLEAR], start=1):
        reason = "is not a complete number" if raw.startswith("+") else "has no country code (such as +1)"
        text = f'"{raw[:MAX_SHOWN_CHARS]}" {reason}. What is the right number?'
        yield _question(f"phone_number_{index}", text, "phone")


def _details() -> Question:
    text = "Is there anything that the agent should know or say if it is asked?"
    return _question("extra_details", text, "textarea", required=False)


def _question(field: str, text: str, kind: str, *, required: bool = True) -> Question:
    return {
        "field": field,
        "question": text,
        "type": kind,
        "options": [],
        "required": required,
        "suggestion": None,
    }
