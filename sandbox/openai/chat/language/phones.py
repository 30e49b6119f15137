"""Telephone numbers in free text, with the names that stand beside them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import phonenumbers

from sandbox.openai.chat.language.words import words

MIN_DIGITS = 6
MAX_NAME_WORDS = 4

_INTERNATIONAL = re.compile(r"\+[ \t]?\(?\d[\d \t().\-/]*\d")
_NATIONAL = re.compile(r"(?<![\w+./-])\(?\d[\d \t().\-/]{4,20}\d(?![\w:])")
_NOT_A_NUMBER = re.compile(r"\d{4}-\d\d-\d\d|\d{1,2}[./]\d{1,2}[./]\d{2,4}")
_REFERENCE = re.compile(
    r"\b(?:order|invoice|reference|ref|case|policy|account|ticket|customer|booking|confirmation|contract|tracking)"
    r"(?: number| no| id)?[.:#]*[ \t]*#?$",
    re.IGNORECASE,
)
_NAME_BEFORE = re.compile(
    r"([^\W\d_][\w.'’-]*(?: (?!(?:at|on|under|is)\b)[^\W\d_][\w.'’-]*)*)"
    r"(?:[ \t]*[:,(=–-]|[ \t]+(?:at|on|under|is))?[ \t]*$"
)
_NAME_BEHIND = re.compile(r"[ \t]*\(([^\W\d_][^()\d]{0,60})\)")
_PARTICLES = {"van", "von", "de", "der", "den", "da", "del", "di", "la", "le", "bin", "al"}
_NOT_NAMES = words(
    """call phone ring dial contact ask please and or also then number numbers the my our at on to is tell remind
    inform invite notify use try add remove replace with without plus not only first second third next monday tuesday
    wednesday thursday friday saturday sunday january february march april may june july august september october
    november december tomorrow today i me it its hello hi hey yes no ok okay for from this these those tel mobile cell
    home office work drop delete skip exclude except instead change him her them us you book check reach telephone"""
)


@dataclass(frozen=True)
class PhoneMention:
    """`text[start:end]` is the number as written. `e164` is None when it is no number that can be called."""

    start: int
    end: int
    raw: str
    e164: str | None
    name: str = ""
    name_start: int | None = None
    name_end: int | None = None


def find_phones(text: str) -> list[PhoneMention]:
    """All numbers of a text in its order. Numbers without a plus are found, but cannot be called as they are."""
    mentions = []
    position = 0
    for found in _candidates(text):
        if found.start() < position:
            continue
        raw, e164 = _longest_callable(found[0])
        end = found.start() + len(raw)
        mentions.append(_with_name(text, position, PhoneMention(found.start(), end, raw, e164)))
        position = end
    return mentions


def parse_phone(text: str) -> str | None:
    """E.164, for a text that is one number with a plus; None when it cannot be called."""
    digits = text.replace("(0)", "").strip()
    try:
        number = phonenumbers.parse(digits, None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _candidates(text: str) -> Iterator[re.Match[str]]:
    found = [*_INTERNATIONAL.finditer(text), *_NATIONAL.finditer(text)]
    for match in sorted(found, key=lambda match: match.start()):
        if match[0].startswith("+") or _looks_national(match, text):
            yield match


def _looks_national(match: re.Match[str], text: str) -> bool:
    """Many digits that are neither a date nor the number of an order."""
    digits = sum(char.isdecimal() for char in match[0])
    other = _NOT_A_NUMBER.match(match[0]) or _REFERENCE.search(text[: match.start()])
    return digits >= MIN_DIGITS and not other


def _longest_callable(raw: str) -> tuple[str, str | None]:
    """Blanks are part of numbers, but "+12025550100 2 attempts" is not one number: give back what does not fit."""
    groups = re.split(r"([ \t]+)", raw)
    for count in range(len(groups), 0, -2):
        head = "".join(groups[:count])
        if e164 := parse_phone(head):
            return head, e164
    return raw, None


def _with_name(text: str, previous_end: int, mention: PhoneMention) -> PhoneMention:
    behind = _NAME_BEHIND.match(text, mention.end)
    if behind:
        name, start, end = behind[1].strip(), behind.start(1), behind.end(1)
        return PhoneMention(mention.start, mention.end, mention.raw, mention.e164, name, start, end)
    before = _NAME_BEFORE.search(text[previous_end : mention.start])
    name = _as_name(before[1]) if before else ""
    if not before or not name:
        return mention
    end = previous_end + before.end(1)
    return PhoneMention(mention.start, mention.end, mention.raw, mention.e164, name, end - len(name), end)


def _as_name(before: str) -> str:
    """The capitalised words at the end, without those that only begin a sentence."""
    kept: list[str] = []
    for word in reversed(before.split(" ")):
        plain = word.strip(".").lower()
        if plain in _NOT_NAMES or not (word[0].isupper() or (kept and plain in _PARTICLES)):
            break
        if kept and word.endswith(".") and len(word) > 4:  # the end of a sentence, unlike "Dr." or "J."
            break
        kept.append(word)
    return " ".join(reversed(kept)) if 0 < len(kept) <= MAX_NAME_WORDS else ""
