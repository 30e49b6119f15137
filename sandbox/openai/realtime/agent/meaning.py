"""What a callee's words mean to somebody who calls with one question. English, by patterns, first match wins."""

from __future__ import annotations

import re
from enum import Enum


class Meaning(Enum):
    OPT_OUT = "never call again"
    WRONG_NUMBER = "wrong number"
    VOICEMAIL = "a machine that records"
    MENU = "a machine that wants keys"
    ANNOUNCEMENT = "a machine that will say more"
    CALL_LATER = "another time"
    TAKE_OVER = "wants to give the agent another task"
    ROBOT = "asks whether this is a machine"
    PERSON = "wants to speak to a person"
    WHO = "asks who calls, or why"
    REPEAT = "did not hear"
    HOLD = "asks to wait"
    QUESTION = "asks something else"
    NO = "no"
    YES = "yes"
    GREETING = "greets"
    GOODBYE = "takes leave"
    ANSWER = "something else"
    NOTHING = "nothing understood"


_DAYS = "monday|tuesday|wednesday|thursday|friday|saturday|sunday"
_KEYS = "zero|one|two|three|four|five|six|seven|eight|nine|star|pound"

# Alternatives of each meaning; a list is joined by "or".
_PATTERNS: tuple[tuple[Meaning, tuple[str, ...]], ...] = (
    (
        Meaning.VOICEMAIL,
        (
            r"leave (?:me |us )?(?:a|your) (?:message|name)",
            r"after the (?:tone|beep)",
            r"voice ?mail|mailbox",
            r"(?:cannot|can't) (?:take|come to|answer)",
        ),
    ),
    (
        Meaning.MENU,
        (rf"\b(?:press|dial) (?:\d|{_KEYS})\b", r"\b(?:valid|received?) (?:an? |your )?(?:choice|option|entry)"),
    ),
    (
        Meaning.ANNOUNCEMENT,
        (
            r"\byou have reached\b[^?]*$",
            r"\b(?:automatic|automated) (?:service|system|assistant)\b[^?]*$",
            r"\bcalls? (?:may|might|will) be recorded",
        ),
    ),
    (
        Meaning.OPT_OUT,
        (
            r"\b(?:never|not|don't|stop|quit) (?:ever )?(?:call|phone|ring|contact)(?:ing)?\b"
            r"(?! (?:me |us )?(?:now|today|so early|before|until|after|at|on)\b)",
            r"(?:off|from) (?:your|the|this) (?:call(?:ing)? )?list",
            r"do[- ]not[- ]call (?:list|register)|remove (?:me|my number)|unsubscribe",
        ),
    ),
    (
        Meaning.WRONG_NUMBER,
        (r"wrong (?:number|person)|no such person", r"(?:nobody|no one) (?:here )?(?:of|by|with) that name"),
    ),
    (
        Meaning.TAKE_OVER,
        (
            r"(?:ignore|forget|disregard|override) (?:all |any )?(?:of )?(?:your|the|previous|prior|these|those)",
            r"you are now\b|new instructions?|system prompt|pretend (?:to be|you)",
            r"your (?:real |new )?task is|act as\b",
        ),
    ),
    (
        Meaning.CALL_LATER,
        (
            rf"\bcall\b.*\b(?:tomorrow|later|tonight|next week|{_DAYS}|(?:at|after|before) \w+)",
            r"\bcall\b.*\bin (?:an?|half|\w+) (?:hour|minute|day|week)s?",
            r"(?:bad|not a good|wrong) (?:time|moment)|another time|^\W*(?:tomorrow|later)\b",
            r"(?:am|i'm) (?:busy|driving|in a meeting|at work)",
        ),
    ),
    (Meaning.ROBOT, (r"are you (?:an? )?(?:real|human|robot|machine|bot|computer|ai|person|recording)",)),
    (
        Meaning.PERSON,
        (
            r"put me through|transfer me|connect me",
            r"(?:speak|talk) (?:to|with) (?:a|an|some|your|the) ?(?:real |human )?"
            r"(?:person|human|body|one|manager|colleague|agent)",
        ),
    ),
    (
        Meaning.WHO,
        (
            r"who (?:is|are|am)|who's",
            r"what (?:is this|is it|do you want|are you calling)",
            r"(?:why|where) are you calling",
        ),
    ),
    (
        Meaning.REPEAT,
        (
            r"(?:say|repeat) (?:that|it)|pardon|come again|what did you say",
            r"did(?: not|n't) (?:catch|hear|understand|get)|can(?:not|'t) hear",
            r"^\W*(?:sorry|what)\W*$",
        ),
    ),
    (
        Meaning.HOLD,
        (
            r"(?:one|just a|wait a|a) (?:moment|minute|second)|hold on|hang on",
            r"please (?:hold|wait)|hold the line|connecting you|you are being (?:connected|transferred)",
        ),
    ),
    (
        Meaning.QUESTION,
        (r"\?\s*$", r"^\W*(?:how|what|when|where|which|why|can|could|does|do|is|are|will|would)\b.*\b(?:it|you|i)\b"),
    ),
    (
        Meaning.NO,
        (
            r"\bno\b(?! problem)|\bnope\b|\bcancel\b|\bcannot\b",
            r"\bnot (?:any ?more|interested|really|at all)",
            r"(?:do|can|will|would)(?: not|n't)\b",
        ),
    ),
    (
        Meaning.YES,
        (
            r"\b(?:yes|yeah|yep|sure|certainly|correct|okay|ok|fine|absolutely)\b|of course",
            r"that works|that is right|that's right|sounds good|no problem",
            r"\bi (?:do|will|would)\b",
        ),
    ),
    (Meaning.GOODBYE, (r"good ?bye|\bbye\b|see you",)),
    (Meaning.GREETING, (r"^\W*(?:hello|hi|hey|good (?:morning|afternoon|evening|day)|speaking|this is)\b",)),
)
_COMPILED = tuple((meaning, re.compile("|".join(alternatives), re.I)) for meaning, alternatives in _PATTERNS)
_GREETING_ONLY = re.compile(
    r"^\W*(?:(?:hello|hi|hey|good (?:morning|afternoon|evening)|yes|yeah|speaking)\W*)+(?:(?:this is|speaking)\b.*)?$",
    re.I,
)
_GREETING_WORD = re.compile(r"\b(?:hello|hi|hey|speaking|good (?:morning|afternoon|evening))\b|\?\W*$", re.I)


def meaning_of(text: str) -> Meaning:
    """The one thing that matters most in what was said. "Yes?" on answering the telephone is a greeting."""
    if not text.strip():
        return Meaning.NOTHING
    if _GREETING_ONLY.match(text) and _GREETING_WORD.search(text):
        return Meaning.GREETING
    text = text.replace("’", "'")
    return next((meaning for meaning, pattern in _COMPILED if pattern.search(text)), Meaning.ANSWER)


_DIGITS = dict(zip(_KEYS.split("|"), "0123456789*#", strict=True))
_KEY = rf"(\d|{_KEYS})"
_OPTIONS = (
    re.compile(rf"(?:press|dial) {_KEY} (?:for|to) ([^,.;]+)", re.I),
    re.compile(rf"(?:for|to) ([^,.;]+?),? (?:press|dial) {_KEY}", re.I),
)
_PERSON = re.compile(r"operator|representative|person|somebody|someone|agent|reception|staff", re.I)


def menu_key(text: str, goal: str, *, tried: str = "") -> str | None:
    """The key of a person, else of the option that sounds most like the goal, else the first.

    None when every key that is offered was `tried`.
    """
    options = [(match[1], match[2]) for match in _OPTIONS[0].finditer(text)]
    options += [(match[2], match[1]) for match in _OPTIONS[1].finditer(text)] if not options else []
    if not options:
        options = [(match[1], "") for match in re.finditer(rf"(?:press|dial) {_KEY}", text, re.I)] or [("0", "")]
    wanted = content_words(goal)

    def fit(option: tuple[str, str]) -> tuple[bool, int]:
        return bool(_PERSON.search(option[1])), len(wanted & content_words(option[1]))

    untried = [option for option in options if _digit(option[0]) not in tried]
    return _digit(max(untried, key=fit)[0]) if untried else None


def _digit(word: str) -> str:
    return _DIGITS.get(word.lower(), word)


_STOPWORDS = frozenset(
    re.findall(
        r"\w+",
        "a an the i you we they he she it is are was were be do does did to for of on at in and or your my me us "
        "our this that there with what when where which who why how much many will would can could should have "
        "has if whether want ask call calling please",
    )
)


def content_words(text: str) -> frozenset[str]:
    """The words that carry a topic, without plural s."""
    words = re.findall(r"[a-z]+", text.lower())
    return frozenset(word.removesuffix("s") for word in words if word not in _STOPWORDS and len(word) > 2)
