"""What a callee wants of the caller, apart from the goal: peace, another time, another person."""

import re
from dataclasses import dataclass
from datetime import datetime

from sandbox.openai.chat.analyst.call import Call, Utterance
from sandbox.openai.chat.language.moments import find_moment

_DO_NOT_CALL = re.compile(
    r"\bnever (?:ever )?(?:call|phone|ring|contact|bother)\b"
    r"|\b(?:stop|quit) (?:calling|phoning|ringing|bothering|contacting)\b"
    r"|\b(?:do not|don't) (?:you )?(?:ever )?(?:dare )?(?:call|phone|ring|contact|bother)\b"
    r"[^.!?]*\b(?:again|any ?more|ever)\b"
    r"|\b(?:take|remove|delete|strike) (?:me|us|my (?:phone )?number|this number)\b"
    r"[^.!?]*\b(?:list|database|system|records|off)\b"
    r"|\bno more calls\b|\blose (?:my|this) number\b|\bdo[- ]not[- ]call list\b"
)
_WRONG_NUMBER = re.compile(
    r"\bwrong (?:number|person)\b|\b(?:no one|nobody|there is no|there's no)\b"
    r"[^.!?]*\b(?:by|of|with|called|named)\b[^.!?]*\b(?:name|here)\b"
    r"|\b(?:does not|doesn't) live here\b|\byou have the wrong\b"
)
_BAD_MOMENT = re.compile(
    r"\b(?:bad|not a (?:good|great)|inconvenient|wrong) (?:time|moment)\b"
    r"|\b(?:i'm|i am|we are|we're) (?:very |quite |really )?(?:busy|driving|in a meeting|at work)\b"
    r"|\bno time\b|\b(?:can't|cannot) (?:talk|speak)\b|\bnot now\b"
)
_CALL_AGAIN = re.compile(
    r"\b(?:call|phone|ring|try|contact|reach)(?: (?:me|us|him|her|them))?(?: (?:back|again|later))?\b"
)
_LATER = re.compile(r"\b(?:call|phone|ring|try)\b[^.!?]*\b(?:back|again|later|another (?:time|day))\b")
_ASKED_WHEN = re.compile(
    r"\b(?:when|what time|which (?:day|time))\b[^.!?]*\b(?:call|reach|try|suit|time|better)\b"
    r"|\bcall (?:you )?(?:back|again)\b"
)
_NO_INTEREST = re.compile(
    r"\b(?:not|no longer|isn't|n't) (?:at all |really |be )?interested\b|\bno interest\b"
    r"|\b(?:do not|don't) want to (?:talk|speak|answer|participate)\b"
    r"|\bleave me alone\b|\bgo away\b"
)
_MACHINE = re.compile(
    r"\bleave (?:me |us )?(?:a|your) (?:message|name)\b|\bafter the (?:tone|beep)\b|\bvoice ?mail\b|\bmailbox\b"
    r"|\b(?:cannot|can't) (?:take your call|come to the (?:tele)?phone)\b"
    r"|\bpress (?:\d|zero|one|two|three|four|five|six|seven|eight|nine|star|pound)\b"
    r"|\b(?:automatic|automated) (?:service|system)\b|\byou are being (?:connected|transferred)\b"
    r"|\b(?:valid|receive your) choice\b"
)
_COURTESY = re.compile(
    r"^\W*(?:(?:hello|hi|hey|yes\s*\?|good|morning|afternoon|evening|day|speaking|this|is|it's|who|calling|bye|goodbye|good-bye|thanks?|thank|you"
    r"|very|much|have|a|nice|too|welcome|you're|how|are|can|may|help|i)\b\W*)+$|^yes\s*\?$"
)


@dataclass(frozen=True)
class Callback:
    """Another time, if one was named, and the turn in which it was asked for (None: only an event tells it)."""

    at: str | None
    turn: int | None


def wants_no_calls(utterance: Utterance) -> bool:
    return bool(_DO_NOT_CALL.search(_words(utterance)))


def is_wrong_number(utterance: Utterance) -> bool:
    return bool(_WRONG_NUMBER.search(_words(utterance)))


def is_machine(utterance: Utterance) -> bool:
    """A voicemail or a phone menu speaks, which has no wishes and answers nothing."""
    return bool(_MACHINE.search(_words(utterance)))


def has_no_interest(utterance: Utterance) -> bool:
    return bool(_NO_INTEREST.search(_words(utterance)))


def is_courtesy(utterance: Utterance) -> bool:
    """Greetings, thanks and farewells: nothing that could answer a question."""
    return bool(_COURTESY.match(_words(utterance)))


def wants_callback(utterance: Utterance, now: datetime | None) -> bool:
    """Asks for another time, or names one when the agent asked for it."""
    words = _words(utterance)
    if _BAD_MOMENT.search(words) or _LATER.search(words):
        return True
    names_moment = now is not None and find_moment(words, now) is not None
    return names_moment and bool(_CALL_AGAIN.search(words) or _ASKED_WHEN.search(utterance.asked.lower()))


def callback_of(call: Call) -> Callback | None:
    """The agent's own reschedule wins over the words; of several wishes the last that names a time."""
    wishes = [utterance for utterance in call.utterances if wants_callback(utterance, call.now)]
    turn = wishes[-1].turn if wishes else None
    if at := _event_moment(call):
        return Callback(at, turn)
    for utterance in reversed(wishes):
        moment = find_moment(utterance.text, call.now) if call.now else None
        if moment is not None:
            return Callback(moment.iso(), utterance.turn)
    return Callback(None, turn) if wishes or call.has_event("reschedule") else None


def _event_moment(call: Call) -> str | None:
    when = call.event_value("reschedule", "when")
    try:
        at = call.local(datetime.fromisoformat(when)) if when else None
    except ValueError:
        return None
    if at is None or (call.now is not None and at <= call.now):
        return None
    return at.strftime("%Y-%m-%dT%H:%M")


def _words(utterance: Utterance) -> str:
    return utterance.text.lower().replace("’", "'")
