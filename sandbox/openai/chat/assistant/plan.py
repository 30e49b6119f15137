"""From a complete draft to the plan."""

import re
from typing import Any

from sandbox.openai.chat.assistant.draft import Draft
from sandbox.openai.chat.language.result_fields import result_fields_of

LANGUAGE = "en"
MAX_TITLE_WORDS = 8
MAX_TITLE_CHARS = 80

_ASKS = re.compile(
    r"Ask (?:them |her |him )?(?:whether|if) (?:they|she|he) (?:(?:still )?wants? to )?"
    r"(?P<what>(?!(?:are|is|have|has)\b).+)$"
)

CONDUCT = (
    "If this is a bad moment, ask when to call again. If the person does not want to be called any more, accept it "
    "at once. Say honestly when you do not know something."
)


def plan_of(draft: Draft) -> dict[str, Any]:
    """Wording that the user has seen or edited stays, unless something that it rests on has changed."""
    written = draft.written
    return {
        "title": written.get("title") or _title(draft.goal),
        "goal": draft.goal,
        "on_behalf_of": draft.behalf,
        "instructions": written.get("instructions") or _instructions(draft),
        "opening": written.get("opening") or _opening(draft.behalf),
        "language": written.get("language") or LANGUAGE,
        "contacts": [
            {"name": contact.name, "phone": contact.phone, "variables": contact.variables} for contact in draft.contacts
        ],
        "result_fields": written.get("result_fields") or result_fields_of(draft.goal),
        "start_at": draft.start_at,
        "max_attempts": draft.max_attempts,
    }


def _title(goal: str) -> str:
    """At most eight words: "Ask whether they want to keep their appointment" is "Keep their appointment?"."""
    first = goal.split(". ")[0]
    if asked := _ASKS.match(first):
        first = asked["what"][:1].upper() + asked["what"][1:] + "?"
    words = first.split()
    title = " ".join(words[:MAX_TITLE_WORDS])[:MAX_TITLE_CHARS]
    return title if title == first else title.rstrip(" ,.?") + "…"


def _opening(behalf: str) -> str:
    return f"Hello, this is an AI assistant calling on behalf of {behalf.rstrip('.')}."


def _instructions(draft: Draft) -> str:
    parts = [
        f"You are calling on behalf of {draft.behalf.rstrip('.')}.",
        _sentence(draft.goal),
        f"Times that suit: {_sentence(draft.preferences)}" if draft.preferences else "",
        f"What you should know: {_sentence(draft.details)}" if draft.details else "",
        CONDUCT,
    ]
    return "\n".join(part for part in parts if part)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
