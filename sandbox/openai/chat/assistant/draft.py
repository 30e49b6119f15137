"""The plan as far as it is known, and how each turn of the conversation changes it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.openai.chat.assistant.conduct import is_refused, is_small_talk
from sandbox.openai.chat.assistant.conversation import OwnReply, Turn, UserAnswers, UserEdit
from sandbox.openai.chat.language import goals
from sandbox.openai.chat.language.phones import PhoneMention, find_phones

DEFAULT_ATTEMPTS = 3
MAX_PART_CHARS = 2000

# What of a plan must be written anew when a part of it changes.
DEPENDENTS = {
    "goal": {"title", "instructions", "result_fields"},
    "behalf": {"opening", "instructions"},
    "preferences": {"instructions"},
    "details": {"instructions"},
}

_REMOVE = re.compile(
    r"\b(?:remove|delete|drop|skip|leave out|without|exclude|except|instead of|replace|(?:do not|don't) call|not)\b"
    r"(?!.*\b(?:with|call|add|but|use)\b)[^.;!?\n]*$",
    re.IGNORECASE,
)
_JOINED = re.compile(r"^\s*(?:,|and|or|,\s*and|&|nor)?\s*$", re.IGNORECASE)
_REMOVE_NAME = r"\b(?:remove|delete|drop|skip|leave out|exclude|(?:do not|don't) call)\b"
_REMOVE_NAME += r"(?:(?!\b(?:with|call|add|but|use)\b)[^.;!?\n])*\b{name}\b"
_REPLACES_GOAL = re.compile(r"\b(?:instead|rather|change (?:the )?(?:goal|task|question|plan) to)\b", re.IGNORECASE)


@dataclass
class Contact:
    name: str
    phone: str
    variables: list[Any] = field(default_factory=list)


@dataclass
class Draft:
    """`written` holds the wording of the last plan; entries that a change made stale are dropped from it."""

    goal: str = ""
    behalf: str = ""
    contacts: list[Contact] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)
    preferences: str = ""
    details: str = ""
    start_at: str | None = None
    max_attempts: int = DEFAULT_ATTEMPTS
    written: dict[str, Any] = field(default_factory=dict)
    planned: bool = False

    def change(self, part: str, value: str) -> None:
        """Set goal, behalf, preferences or details."""
        value = value[:MAX_PART_CHARS]
        if value and value != getattr(self, part):
            setattr(self, part, value)
            for key in DEPENDENTS[part]:
                self.written.pop(key, None)

    def add(self, name: str, phone: str) -> None:
        known = next((contact for contact in self.contacts if contact.phone == phone), None)
        if known is None:
            self.contacts.append(Contact(name, phone))
        elif name:
            known.name = name

    def remove(self, phone: str) -> None:
        self.contacts = [contact for contact in self.contacts if contact.phone != phone]


def draft_of(turns: Iterable[Turn], now: datetime | None) -> Draft:
    """What all turns together say."""
    draft = Draft()
    asked: tuple[str, ...] = ()
    for turn in turns:
        if isinstance(turn, OwnReply):
            asked = turn.asked
            _take_plan(draft, turn.plan)
        elif isinstance(turn, UserEdit):
            _take_plan(draft, turn.plan)
        elif isinstance(turn, UserAnswers):
            _take_answers(draft, turn.values, asked)
        elif not is_refused(turn.text):
            _take_text(draft, turn.text, asked, now)
    return draft


def _take_plan(draft: Draft, plan: dict[str, Any]) -> None:
    """The plan as it stands in the conversation counts, also where the user has edited it by hand."""
    if not plan:
        return
    draft.planned = True
    draft.goal = _line(plan.get("goal")) or draft.goal
    draft.behalf = _line(plan.get("on_behalf_of")) or draft.behalf
    draft.contacts = [
        Contact(_line(entry.get("name")), _line(entry.get("phone")), entry.get("variables") or [])
        for entry in plan.get("contacts") or []
        if isinstance(entry, dict) and entry.get("phone")
    ]
    draft.start_at = plan.get("start_at") if isinstance(plan.get("start_at"), str) else None
    attempts = plan.get("max_attempts")
    draft.max_attempts = attempts if isinstance(attempts, int) and attempts > 0 else DEFAULT_ATTEMPTS
    kept = ("title", "instructions", "opening", "language", "result_fields")
    draft.written = {key: plan[key] for key in kept if plan.get(key)}


def _take_answers(draft: Draft, values: dict[str, Any], asked: tuple[str, ...]) -> None:
    """Answers to questions that were not asked are not used."""
    given = {name: _line(value) for name, value in values.items() if name in asked}
    draft.change("behalf", given.get("on_behalf_of", "")[: goals.MAX_BEHALF_CHARS])
    draft.change("preferences", given.get("time_preferences", ""))
    draft.change("details", given.get("extra_details", ""))
    if goal := given.get("goal"):
        draft.change("goal", goals.goal_of(goal, find_phones(goal)) or goal)
    numbers = [name for name in asked if name.startswith("phone_number")]
    _take_phone_answers(draft, [given.get(name, "") for name in numbers])


def _take_phone_answers(draft: Draft, answers: list[str]) -> None:
    """One answer for each number that was asked about: a good one is added, an empty one given up."""
    draft.unclear = draft.unclear[len(answers) :]
    for text in filter(None, answers):
        mentions = find_phones(text)
        _take_numbers(draft, text, mentions, "")
        if not mentions:
            draft.unclear.append(text)


def _take_text(draft: Draft, text: str, asked: tuple[str, ...], now: datetime | None) -> None:
    mentions = find_phones(text)
    behalf = goals.behalf_of(text) or ""
    draft.change("behalf", behalf)
    if any(name.startswith("phone_number") for name in asked):
        draft.unclear = draft.unclear[len(mentions) :]  # they are corrected in the order in which they were asked
    _take_numbers(draft, text, mentions, behalf)
    _remove_named(draft, text)
    said = [mentions, behalf, _take_manner(draft, goals.without_phones(text, mentions), now)]
    said += [_take_goal(draft, text, mentions), is_small_talk(text)]
    if not any(said):
        _take_free_answer(draft, _line(text), asked)


def _take_free_answer(draft: Draft, text: str, asked: tuple[str, ...]) -> None:
    """A sentence that is no order answers the first open question, or adds to what the agent should know."""
    open_parts = (("on_behalf_of", "behalf"), ("goal", "goal"), ("time_preferences", "preferences"))
    for name, part in open_parts:
        if name in asked and not getattr(draft, part):
            draft.change(part, text)
            return
    if draft.goal and "?" not in text and not goals.is_about_manner(text):
        draft.change("details", " ".join(filter(None, (draft.details, text))))


def _take_numbers(draft: Draft, text: str, mentions: list[PhoneMention], behalf: str) -> None:
    """Add or remove each number, as the words before it say; "remove A and B" removes both.

    A name beside a number that is part of `behalf` is the caller's own.
    """
    position, removing = 0, False
    for mention in mentions:
        between = text[position : mention.start]
        removing = (removing and bool(_JOINED.match(between))) or bool(_REMOVE.search(between))
        position = mention.end
        if mention.e164 is None:
            if not removing and mention.raw not in draft.unclear:
                draft.unclear.append(mention.raw)
        elif removing:
            draft.remove(mention.e164)
        else:
            draft.add("" if mention.name in behalf else mention.name, mention.e164)


def _remove_named(draft: Draft, text: str) -> None:
    for contact in list(draft.contacts):
        pattern = _REMOVE_NAME.format(name=re.escape(contact.name))
        if contact.name and re.search(pattern, text, re.IGNORECASE):
            draft.remove(contact.phone)


def _take_manner(draft: Draft, text: str, now: datetime | None) -> bool:
    """When and how often; True when the text says something about it."""
    attempts = goals.max_attempts_of(text)
    start = goals.start_of(text, now) if now else None
    draft.max_attempts = attempts or draft.max_attempts
    if start or goals.starts_now(text):
        draft.start_at = start.iso() if start else None
    return bool(attempts or start or goals.starts_now(text))


def _take_goal(draft: Draft, text: str, mentions: list[PhoneMention]) -> bool:
    """A first goal is set, a later order replaces or widens it; True when the text names one."""
    if is_small_talk(text) or not goals.is_task(text):
        return False
    goal = goals.goal_of(text, mentions, keep_names=not draft.goal)
    if not goal or (draft.goal and not goals.is_order(goal)):
        return False
    if draft.goal and not _REPLACES_GOAL.search(text):
        goal = draft.goal if goal in draft.goal else f"{draft.goal}. {goal}"
    draft.change("goal", goal)
    return True


def _line(value: object) -> str:
    """A value of a form or a plan as one line of text."""
    if value is None or isinstance(value, bool | dict):
        return ""
    parts = value if isinstance(value, list) else [value]
    return " ".join(" ".join(str(part) for part in parts).split())[:MAX_PART_CHARS]
