"""A goal is written about the callee ("whether they want to keep their appointment"); it is said to the callee."""

from __future__ import annotations

import re

_PRONOUN = r"\b(?:he or she|she or he|he/she|they|he|she)"
_NOUN = r"\bthe (?:customer|callee|patient|client|person|contact|guest|recipient|owner|member|tenant|subscriber)s?"
_PLAIN = "want|need|like|prefer|agree|know|plan|wish|accept|keep|come|intend|expect|live|work|use|own"

_RULES = tuple(
    (re.compile(pattern, re.I), replacement)
    for who in (_PRONOUN, _NOUN)
    for pattern, replacement in (
        (rf"{who}'s\b", "your"),
        (rf"{who}\s+(?:are|is)\b", "you are"),
        (rf"{who}\s+(?:were|was)\b", "you were"),
        (rf"{who}\s+(?:have|has)\b", "you have"),
        (rf"{who}\s+(?:do|does)\b", "you do"),
        (rf"{who}\s+({_PLAIN})s\b", r"you \1"),
        (rf"{who}\b", "you"),
    )
) + tuple(
    (re.compile(pattern, re.I), replacement)
    for pattern, replacement in (
        (r"\b(?:him or her|them|him)\b", "you"),
        (r"\b(?:his or her|her or his|their|his|her)\b", "your"),
        (r"\btheirs\b", "yours"),
        (r"\b(?:themselves|himself|herself)\b", "yourself"),
        (r"\b(book|get|find|reserve|order|make) me\b", r"\1"),
    )
)


def to_second_person(text: str) -> str:
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text
