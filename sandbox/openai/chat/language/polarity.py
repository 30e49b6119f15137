"""Agreement and refusal in what a person says on the phone."""

import re

_YES = (
    r"\b(?:yes|yeah|yep|yup|sure|certainly|absolutely|definitely|of course|correct|exactly|gladly|okay|ok|alright"
    r"|that works|works for me|sounds? (?:good|great|fine)"
    r"|(?:that's|that is|that would be|it's|it is|it) (?:right|fine|true|great|perfect)"
    r"|no problem|why not|no need to (?:cancel|change|move)"
    r"|i(?:'ll| will| do| can| would| did| have(?! to))|i'd (?:like|love)|i want"
    r"|i(?:'m| am)(?= coming| interested| happy| satisfied)"
    r"|we (?:will|do|can|would|did|have)|we'll|we'd|please do|count me in|looking forward"
    r"|(?:do not|don't|not) (?:want|need|wish|have|intend|going)?(?: to)? ?(?:cancel|change|move|drop|miss)"
    r")\b(?! not\b|'t\b| never\b)"
)
_NO = (
    r"\b(?:no|nope|nah|not|never|can't|cannot|won't|don't|doesn't|didn't|isn't|wasn't|haven't|hasn't|wouldn't|couldn't"
    r"|unfortunately|i'm afraid|i am afraid|cancel|rather not|unable)\b"
)
_UNSURE = (
    r"\b(?:maybe|perhaps|not (?:really |quite |so )?sure|(?:do not|don't) know|let me (?:think|see|check)"
    r"|it depends|no idea"
    r"|can't (?:say|tell)|have to (?:think|check|ask))\b"
)
_CUE = re.compile(f"(?P<yes>{_YES})|(?P<no>{_NO})")
_BUT_NO = re.compile(rf"\b(?:but|however|actually)\b.*?{_NO}|^(?:(?!\bnot\b|n't\b|\bno\b)[^.!?])*\bcancel\b")


def agrees(text: str) -> bool | None:
    """True for yes, False for no, None where neither was said. The first clear word decides.

    A later "but not" wins over it, and so does "I would like to cancel".
    """
    words = text.lower().replace("’", "'")
    if re.search(_UNSURE, words):
        return None
    cue = _CUE.search(words)
    if cue is None:
        return None
    return cue["yes"] is not None and not _BUT_NO.search(words[cue.end() :])
