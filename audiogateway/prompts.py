"""The agent's instructions for one call: the versioned prompt, filled from the order of the call."""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from calls.contracts import TalkOrder, VoicemailPolicy

PROMPT = Path(__file__).parent / "prompts" / "agent" / "v1.md"

_SAYS_AI = re.compile(
    r"\b(AI|A\.I\.|KI|IA|artificial intelligence|künstliche Intelligenz|inteligencia artificial"
    r"|intelligence artificielle|(virtual|automated|digital) assistant|robot|bot)\b",
    re.IGNORECASE,
)
_GREETING = re.compile(r"^(hello|hi|good (?:morning|afternoon|evening|day))\b([^.,!?]{0,40})[.,!]\s*", re.IGNORECASE)
_NAMES = {
    "de": "German", "en": "English", "es": "Spanish", "fr": "French", "it": "Italian", "nl": "Dutch", "pl": "Polish",
    "pt": "Portuguese", "tr": "Turkish",
}  # fmt: skip

_VOICEMAIL: Mapping[VoicemailPolicy, str] = {
    "as_instructed": "as its argument, say whether the owner's instructions want a message.",
    "hang_up": "do not leave a message.",
    "leave_message": "leave a message when its output asks for it.",
    "try_again": "do not leave a message.",
}
_PUT_THROUGH = "say that you will try to put them through and use transfer_call in the same turn."
_NOBODY = "say that you cannot put them through and that somebody will be in touch."


def instructions(order: TalkOrder, *, now: datetime) -> str:
    """The whole system prompt. `now` is aware."""
    brief = order.brief
    values = {
        "on_behalf_of": _line(_principal(order)),
        "opening": opening(order),
        "goal": _line(brief.goal),
        "now": local_now(order, now),
        "language": language_name(brief.language),
        "disclosure": _disclosure(order),
        "owner_instructions": brief.instructions.strip() or "Nothing beyond the goal.",
        "wanted_results": _wanted_results(brief.result_fields),
        "voicemail": _VOICEMAIL[brief.voicemail],
        "person": _PUT_THROUGH if order.transfer_ring_seconds else _NOBODY,
        "data": _fenced(order),
    }
    # One pass, so that a value cannot name another one.
    return re.sub(r"\{\{ (\w+) \}\}", lambda match: values[match[1]], _text())


def opening(order: TalkOrder) -> str:
    """The first sentence. It says that an AI calls, and on whose behalf, where the organization discloses that."""
    wanted = _line(order.brief.opening)
    principal = _line(_principal(order))
    if not order.discloses_ai or (_SAYS_AI.search(wanted) and principal.casefold() in wanted.casefold()):
        return wanted or f"Hello, I am calling on behalf of {principal}."
    disclosure = f"this is an AI assistant calling on behalf of {principal}."
    greeting = _GREETING.match(wanted)
    if greeting is None:
        return f"Hello, {disclosure} {wanted}".strip()
    rest = wanted[greeting.end() :]
    return f"{greeting[1]}{greeting[2]}, {disclosure} {rest[:1].upper()}{rest[1:]}".strip()


def local_now(order: TalkOrder, now: datetime) -> str:
    """The callee's time, as the wire agreement wants it: "2026-11-22T16:30 (America/New_York)"."""
    local = now.astimezone(ZoneInfo(order.time_zone)).replace(tzinfo=None)
    return f"{local.isoformat(timespec='minutes')} ({order.time_zone})"


def language_code(language: str) -> str:
    """The ISO 639 part of a BCP 47 tag."""
    return language.split("-")[0].lower()


def language_name(language: str) -> str:
    return _NAMES.get(language_code(language), f"the language {language!r}")


@cache
def prompt_hash() -> str:
    """`v1:` and the first 16 hex digits of the prompt's SHA-256, kept with every talk."""
    return f"{PROMPT.stem}:{hashlib.sha256(PROMPT.read_bytes()).hexdigest()[:16]}"


@cache
def _text() -> str:
    return PROMPT.read_text(encoding="utf-8")


def _principal(order: TalkOrder) -> str:
    return order.brief.on_behalf_of or order.organization_name


def _disclosure(order: TalkOrder) -> str:
    if order.discloses_ai:
        return "You are an AI and say so in your first sentence; never deny it."
    return "You are an AI; when somebody asks, say so."


def _wanted_results(fields: tuple[Mapping[str, Any], ...]) -> str:
    if not fields:
        return ""
    return "\n# What the owner wants to know at the end\n" + "\n".join(f"- {_wanted(field)}" for field in fields) + "\n"


def _wanted(field: Mapping[str, Any]) -> str:
    label = _line(str(field.get("label") or field.get("name") or ""))
    options = ", ".join(_line(str(option)) for option in field.get("options") or ())
    return f"{label} ({options})" if options else label


def _fenced(order: TalkOrder) -> str:
    """What came from elsewhere, one fact on a line, so that nothing in it can pose as another part of the prompt."""
    earlier = [("Learned in earlier calls", learned) for learned in order.brief.earlier.splitlines()]
    facts = [("Callee", order.contact_name), *order.brief.variables.items(), *earlier]
    lines = [f"{_line(label)}: {_line(value)}" for label, value in facts if value]
    return "\n".join(lines).replace("<", "(").replace(">", ")")


def _line(text: str) -> str:
    """On one line, so that it cannot pose as another part of the prompt."""
    return " ".join(text.split())
