"""What a person wants to achieve: the goal without the numbers, for whom, when to start, how often to try."""

import re
from datetime import datetime

from sandbox.openai.chat.language.moments import Moment, find_moment
from sandbox.openai.chat.language.numbers import PATTERN as NUMBER
from sandbox.openai.chat.language.numbers import value_of
from sandbox.openai.chat.language.phones import PhoneMention
from sandbox.openai.chat.language.words import words

MAX_ATTEMPTS = 10
MAX_BEHALF_CHARS = 120

TASK_VERBS = words(
    """ask remind tell inform invite notify book reserve find check confirm cancel reschedule order survey thank wish
    schedule arrange request negotiate collect offer verify announce inquire enquire apologise apologize make get
    note call phone ring dial contact reach let say leave deliver see clarify"""
)
CALL_VERBS = ("call", "phone", "ring", "dial", "contact", "reach")

_VERB = "|".join(TASK_VERBS)
_CALL = "|".join(CALL_VERBS)
_CONTENT_VERB = "|".join(verb for verb in TASK_VERBS if verb not in CALL_VERBS)

_TASK = re.compile(rf"\b(?:{_VERB}|need|want|would like|appointment|reservation)\b(?! you\b)", re.IGNORECASE)
_ORDER = re.compile(rf"(?:(?:also|then|please) )*(?:{_VERB})\b|.*\bwhether\b", re.IGNORECASE)
_THE_NUMBERS = re.compile(
    rf"\b(?:all |both |each |every )?(?:of )?(?:these|the following|those|this|that|the)?(?: (?:{NUMBER}))?"
    r" ?(?:tele)?(?:phone )?numbers?\b(?: below| here)?",
    re.IGNORECASE,
)
_POLITE = re.compile(
    r"^(?:please|hi|hello|hey|good (?:morning|afternoon|evening)|can you|could you|would you|will you|i want you to"
    r"|i would like you to|i'd like you to|i need you to|i want to|i need to|i'd like to|i would like to|you should"
    r"|and|then|also|so|instead|ok|okay|yes|no|kindly)\b[\s,!]*",
    re.IGNORECASE,
)
_CALL_AND = re.compile(
    rf"^(?:{_CALL})\b[^.;:!?]{{0,60}}?(?:\band\b|\bto\b|,|:)\s*(?=(?:{_CONTENT_VERB})\b)", re.IGNORECASE
)
_I_NEED = re.compile(r"^(?:I|we) (?:need|want|would like|'d like) (?=an?\b|the\b|some\b|another\b)", re.IGNORECASE)
_BARE_CALL = re.compile(
    rf"^(?:{_CALL})(?: (?:them|him|her|it|up|at|on|back|and|to|the|us|me|too|also|please|instead"
    r"|now|as well|everyone|everybody|people|person))*$",
    re.IGNORECASE,
)
_ABBREVIATION = re.compile(r"\b(Dr|Mr|Mrs|Ms|St|Prof|Inc|Ltd|Co|[A-Z])\.")
_SENTENCE_END = re.compile(r"[!?;\n]+\s*|\.(?:\s+|$)")
_MASKED_DOT = "\ue000"
_BEHALF = re.compile(
    r"\b(?:on behalf of|in the name of)\s+(?P<who>[^,;:\n!?.]+?)(?=[,;:\n!?.]|$|"
    r" (?:and|to) (?:ask|tell|remind|call|find|note|book|confirm)\b| whether\b)",
    re.IGNORECASE,
)
_I_AM = re.compile(
    r"\b(?:I am|I'm|I’m|[Mm]y name is|[Tt]his is|[Ww]e are|[Ww]e're|[Cc]alling as)\s+"
    r"(?P<who>(?:the |[A-Z])[^,;:\n!?.]*?)(?=[,;:\n!?.]| and |$)"
)
_ATTEMPTS = (
    re.compile(rf"\b(?P<count>{NUMBER}) (?:attempts?|tries)\b"),
    re.compile(rf"\b(?:attempts?|tries)(?: to|:| =)? (?P<count>{NUMBER})\b"),
    re.compile(
        rf"\btry (?:it |them |each |everyone )?(?:only |just |at most |up to )?(?P<count>{NUMBER})(?: times?)?\b"
    ),
    re.compile(rf"\b(?P<count>{NUMBER})(?: times?)? at most\b"),
    re.compile(
        rf"\b(?:only|at most|max(?:imum)?|not more than|up to|no more than) (?P<count>{NUMBER})"
        r"(?: (?:times?|calls?)| per| and|$|[.,;])"
    ),
)
_NO_RETRY = re.compile(r"\b(?:no retries|do(?: not|n't) (?:re)?try(?: again)?|without retries)\b")
_START = re.compile(r"\b(?:start|begin|launch|not before|no earlier than|kick off)(?:ing|s)?\b(?P<rest>[^.;\n]*)")
_CALL_WHEN = re.compile(
    rf"\b(?:{_CALL})(?:s|ing)?\b(?P<rest>(?:(?!\b(?:whether|if|that|and|to|about|{_CONTENT_VERB})\b)[^.;:\n])*)"
)
_START_NOW = re.compile(r"\b(?:start|begin|call)\b[^.;\n]{0,20}\b(?:now|right away|immediately|at once)\b")
_BOOKING = re.compile(
    r"\b(?:book|reserve|arrange|schedule|make|get|set up|request|find|ask for)\b[^.;\n]{0,40}?"
    r"\b(?:appointment|reservation|table|visit|viewing|inspection|room|slot|meeting|haircut|check-?up)\b",
    re.IGNORECASE,
)
_MANNER = re.compile(
    r"^(?:only|just|at most|max|no retries|start|begin|remove|drop|delete|skip|add|use|try)\b", re.IGNORECASE
)


def is_task(text: str) -> bool:
    """Does the text ask for something to be done by phone, rather than chat?"""
    return bool(_TASK.search(text))


def is_booking(goal: str) -> bool:
    return bool(_BOOKING.search(goal))


def is_order(sentence: str) -> bool:
    """Does the sentence begin with what shall be done?"""
    return bool(_ORDER.match(sentence))


def is_about_manner(sentence: str) -> bool:
    """Does the sentence change the list, the start or the attempts, rather than the goal?"""
    return bool(_MANNER.match(sentence))


def goal_of(text: str, mentions: list[PhoneMention], *, keep_names: bool = True) -> str:
    """The goal as one line, without numbers, polite words and sentences about something else; "" when none is named."""
    stripped = without_phones(text, mentions, keep_names=keep_names)
    sentences = [_goal_sentence(sentence) for sentence in _SENTENCE_END.split(_mask(stripped))]
    return ". ".join(sentence for sentence in sentences if sentence).replace(_MASKED_DOT, ".")


def without_phones(text: str, mentions: list[PhoneMention], *, keep_names: bool = True) -> str:
    """The text without its numbers, and without their names where there is a list of them."""
    many = len(mentions) > 1 or not keep_names
    pieces, position = [], 0
    for mention in mentions:
        start, end = mention.start, mention.end
        if many and mention.name_start is not None and mention.name_end is not None:
            start, end = min(start, mention.name_start), max(end, mention.name_end)
        pieces.append(_drop_joint(text[position:start]))
        position = end + (text[end : end + 1] == ")")
    return " ".join([*pieces, text[position:]])


def _drop_joint(head: str) -> str:
    """What only led to a number goes with it: "at", a bracket, the comma or the "and" of a list."""
    return re.sub(r"(?:\s*(?:[,(:=–-]|\b(?:at|on|under|and|number|is|from|to)\b))*\s*$", "", head)


def _goal_sentence(sentence: str) -> str:
    sentence = _BEHALF.sub("", sentence)
    sentence = re.sub(r"^\W+", "", " ".join(sentence.split()))
    if _I_AM.match(sentence) or _MANNER.match(sentence):
        return ""
    sentence = _THE_NUMBERS.sub(" ", sentence)
    while polite := _POLITE.match(sentence):
        sentence = sentence[polite.end() :]
    sentence = _CALL_AND.sub("", " ".join(sentence.split()))
    sentence = re.sub(r"\s+([,.;:!?])", r"\1", sentence).strip(" ,.;:!?-–\t")
    sentence = _I_NEED.sub("Ask for ", sentence)
    if len(sentence.split()) < 2 or _BARE_CALL.match(sentence):
        return ""
    return sentence[0].upper() + sentence[1:]


def behalf_of(text: str) -> str | None:
    """For whom the call is made, if the text says so."""
    masked = _mask(text)
    found = _BEHALF.search(masked) or _I_AM.search(masked)
    if found is None:
        return None
    return found["who"].replace(_MASKED_DOT, ".").strip(" \"'")[:MAX_BEHALF_CHARS] or None


def _mask(text: str) -> str:
    """Hide the dots that end an abbreviation and not a sentence."""
    return _ABBREVIATION.sub(lambda found: found[1] + _MASKED_DOT, text)


def max_attempts_of(text: str) -> int | None:
    """How often to try a number, if the text says so; from 1 to MAX_ATTEMPTS."""
    said = text.lower().replace("’", "'")
    if _NO_RETRY.search(said):
        return 1
    for pattern in _ATTEMPTS:
        found = pattern.search(said)
        count = value_of(found["count"]) if found else None
        if count:
            return min(count, MAX_ATTEMPTS)
    return None


def start_of(text: str, now: datetime) -> Moment | None:
    """When the calls shall begin, if the text says so; a time that belongs to the goal does not count."""
    said = text.lower()
    for pattern in (_START, _CALL_WHEN):
        for found in pattern.finditer(said):
            if moment := find_moment(found["rest"], now):
                return moment
    return None


def starts_now(text: str) -> bool:
    return bool(_START_NOW.search(text.lower()))
