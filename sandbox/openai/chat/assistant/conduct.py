"""What the assistant does not help with, and what is talk rather than a task."""

import re

_REFUSED = re.compile(
    r"\b(?:harass|threat(?:en)?|blackmail|extort|intimidat|terrori[sz]|stalk|insult|bully|humiliat|defam)\w*\b"
    r"|\b(?:kill|hurt|beat up|scare|frighten) (?:him|her|them|you|my|the|that|this)\b"
    r"|\b(?:prank|hoax|bomb) (?:call|threat|alarm)s?\b|\bswat(?:ting)?\b"
    r"|\b(?:scam|defraud|phish|trick|con) (?:him|her|them|people|old|elderly|customers|someone|into)\b"
    r"|\bpretend(?:ing)? to be (?:\w+ ){0,2}(?:police|bank|irs|tax|government|court|doctor|microsoft|lawyer)\b"
    r"|\b(?:get|ask|trick|obtain|collect)\b[^.]{0,60}\b(?:password|pin code|pin\b|credit card number|card number"
    r"|cvv|social security number|one[- ]time code)",
    re.IGNORECASE,
)
_SMALL_TALK = re.compile(
    r"^\W*(?:(?:hi|hello|hey|hallo|there|good|morning|afternoon|evening|day|thanks?|thank|you|very|much|so|ok|okay|great"
    r"|perfect|fine|cool|nice|yes|yep|no|nope|please|looks|look|sounds|that|that's|all|right|alright|bye|goodbye|how|are"
    r"|is|it|going|test|testing|wow|super|awesome|go|ahead|do|confirm|confirmed|sure)\b\W*)+$",
    re.IGNORECASE,
)
_ABOUT_YOU = re.compile(
    r"\b(?:what|who|how) (?:can|could|do|does|are|is) (?:you|this|opendeep)\b|\bwhat you can\b"
    r"|\b(?:can|could) you help\b"
    r"|\b(?:ignore|forget|disregard|reveal|print|show)\b(?: \w+){0,3} (?:rules|instructions|prompt)\b"
    r"|\bi need (?:some )?help\b|\bhelp me\W*$",
    re.IGNORECASE,
)


def is_refused(text: str) -> bool:
    """Harassment, deception, and fishing for secrets."""
    return bool(_REFUSED.search(text))


def is_small_talk(text: str) -> bool:
    """A greeting, thanks, agreement, or a question about the assistant itself."""
    return not text.strip() or bool(_SMALL_TALK.match(text) or _ABOUT_YOU.search(text))
