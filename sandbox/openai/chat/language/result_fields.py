"""What a goal wants to know, as fields of a result.

"Ask whether they want to keep their appointment" asks for `keeps_appointment`, a yes_no.
"""

import re
from collections.abc import Iterator
from typing import Any

from sandbox.openai.chat.language.goals import is_booking
from sandbox.openai.chat.language.words import words

MAX_FIELDS = 5
MAX_NAME_WORDS = 4
MAX_NAME_CHARS = 40

Field = dict[str, Any]

_CLAUSE_END = (
    r"(?=[.;:!?\n]|,? (?:and|or|but|then)(?: (?:also|please|to))?"
    r" (?:ask|note|find|tell|remind|whether|if|how|who|when|which|what|where|say|check|offer|let)\b|$)"
)
_WHETHER = re.compile(rf"\b(?:whether|if|see if|confirm that)\s+(?P<clause>.+?){_CLAUSE_END}", re.IGNORECASE)
_WHO = re.compile(
    rf"\b(?:note|find out|ask|record|tell me|see|check|know)\s+(?:down )?who\s+(?P<clause>.+?){_CLAUSE_END}",
    re.IGNORECASE,
)
_HOW_MANY = re.compile(rf"\bhow (?P<kind>many|much)\s+(?P<clause>.+?){_CLAUSE_END}", re.IGNORECASE)
_WHEN = re.compile(rf"\b(?:when|what time|which day|what date)\s+(?P<clause>.+?){_CLAUSE_END}", re.IGNORECASE)
_SUBJECT = re.compile(
    r"^(?:or not\s+)?(?:(?:they|he|she|it|you|we|someone|anyone)\s+"
    r"|(?:the|their|his|her|my|our|this|that|these|those)(?: [\w'-]+){1,2}?"
    r"\s+(?=(?:is|are|was|were|has|have|had|do|does|did|want|wants|would|will|can|could|should|still|need|needs|like|likes"
    r"|plan|plans|prefer|prefers|received|got|arrived|accept|accepts|agree|agrees|know|knows|works?|keep|keeps|come|comes|arrived)\b))",
    re.IGNORECASE,
)
_WANTS_TO = re.compile(
    r"^(?:still |really |also )*(?:(?:want|wish|plan|intend|like|prefer|need|(?:is|are) (?:able|going|willing))s?"
    r" to|would like to|would|will)\s+(?:still |really |also )*",
    re.IGNORECASE,
)
_LIKES = re.compile(r"^(?:still |also )*(?:would like|wants?|like|(?P<need>needs?))\s+(?!to\b)", re.IGNORECASE)
_CAN = re.compile(r"^(?:still |also )*(?:can|could|(?:is|are) able to)\s+", re.IGNORECASE)
_THERE_IS = re.compile(r"^there (?:is|are)\s+", re.IGNORECASE)
_DAY_SUITS = re.compile(
    r"^(?:next |this )?(?P<day>(?:mon|tues|wednes|thurs|fri|satur|sun)day)\b.*?\b(?P<verb>suit|work|fit)s?\b",
    re.IGNORECASE,
)
_WHO_IS = re.compile(r"^(?:is|are) (?:in|the|your|responsible)\b", re.IGNORECASE)
_STOP = words(
    """the a an their his her its my our your this that these those any some still also really please to of be
    another again already or not"""
)
_CUT = re.compile(
    r"\b(?:on|at|in|by|for|from|to|with|before|after|until|because|next"
    r"|this (?:week|month|year)|tomorrow|today|or|during|about|as|than)\b"
)
_THIRD_PERSON = {"have": "has", "are": "is", "do": "does", "were": "was", "be": "is", "go": "goes"}
_PAST_OR_OTHER = re.compile(r"(?:ed|ing)$|^(?:got|is|has|was|does|did|had|open|available|satisfied|ready|able|happy)$")
_CHOICE = re.compile(r"\bprefers? (?P<first>[\w -]+?) (?:or|over|to) (?P<second>[\w -]+)$", re.IGNORECASE)


def result_fields_of(goal: str) -> list[Field]:
    """At least one field: yes_no, choice, number or datetime where the goal says so, else the text `answer`."""
    fields: dict[str, Field] = {}
    for position, field in sorted(_found(goal), key=lambda pair: pair[0]):
        if field["name"] not in fields and position >= 0:
            fields[field["name"]] = field
    if not fields and is_booking(goal):
        fields["appointment_at"] = _field("appointment_at", "Appointment", "datetime")
    return list(fields.values())[:MAX_FIELDS] or [_field("answer", "Answer", "text")]


def _found(goal: str) -> Iterator[tuple[int, Field]]:
    for found in _WHETHER.finditer(goal):
        yield found.start(), _whether(found["clause"])
    for found in _WHO.finditer(goal):
        yield found.start(), _who(found["clause"])
    for found in _HOW_MANY.finditer(goal):
        yield found.start(), _how_many(found["kind"], found["clause"])
    for found in _WHEN.finditer(goal):
        clause = found["clause"]
        yield found.start(), _field("_".join(["when", *_words(clause)[-2:]]), _label(found[0]), "datetime")


def _whether(clause: str) -> Field:
    predicate = _SUBJECT.sub("", clause.strip())
    if choice := _CHOICE.search(predicate):
        options = [choice["first"].strip(), choice["second"].strip()]
        return _field("preference", "Preference", "choice", options)
    return _yes_no(predicate, third_person=False)


def _who(clause: str) -> Field:
    if _WHO_IS.match(clause):
        return _field("_".join(["who", *clause.lower().split()[:3]]), _label(f"Who {clause}"), "text")
    return _yes_no(clause, third_person=True)


def _yes_no(predicate: str, *, third_person: bool) -> Field:
    """`wants_replacement` from "wants a replacement", `keeps_appointment` from "want to keep their appointment"."""
    words = predicate.strip()
    if likes := _LIKES.match(words):
        return _named(["needs" if likes["need"] else "wants", *_words(words[likes.end() :])], predicate)
    if can := _CAN.match(words):
        return _named(["can", *_words(words[can.end() :])], predicate)
    if there := _THERE_IS.match(words):
        return _named([*_words(words[there.end() :]), "available"], predicate)
    if day := _DAY_SUITS.match(words):
        return _named([day["day"].lower(), f"{day['verb'].lower()}s"], predicate)
    bare = _WANTS_TO.sub("", words)
    kept = _words(bare)
    if kept and not (third_person and bare == words):
        kept[0] = _as_third_person(kept[0])
    return _named(kept, predicate)


def _named(words: list[str], predicate: str) -> Field:
    name = "_".join(words[:MAX_NAME_WORDS]) or "agrees"
    return _field(name, _label(name.replace("_", " ")) if words else _label(predicate), "yes_no")


def _how_many(kind: str, clause: str) -> Field:
    noun = next(iter(_words(clause)), "units")
    return _field(f"number_of_{noun}" if kind == "many" else "amount", _label(f"How {kind} {clause}"), "number")


def _words(phrase: str) -> list[str]:
    """The words that carry meaning, up to the first "on", "at", "for" and the like."""
    phrase = phrase.lower().replace("'", "").replace("’", "")
    cut = _CUT.search(phrase)
    head = phrase[: cut.start()] if cut and cut.start() > 0 else phrase
    return [word for word in re.findall(r"[a-z0-9]+", head) if word not in _STOP]


def _as_third_person(verb: str) -> str:
    if verb in _THIRD_PERSON:
        return _THIRD_PERSON[verb]
    if _PAST_OR_OTHER.search(verb) or verb.endswith("s"):
        return verb
    if verb.endswith("y") and verb[-2:-1] not in "aeiou":
        return verb[:-1] + "ies"
    return verb + ("es" if re.search(r"(?:ch|sh|x|z|o)$", verb) else "s")


def _label(text: str) -> str:
    text = " ".join(text.split())[:60]
    return text[:1].upper() + text[1:]


def _field(name: str, label: str, kind: str, options: list[str] | None = None) -> Field:
    if not name[0].isalpha():
        name = f"field_{name}"
    return {"name": name[:MAX_NAME_CHARS].rstrip("_"), "label": label, "type": kind, "options": options or []}
