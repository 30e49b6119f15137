"""What was found, in words, without secrets."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    OK = "ok"
    NOTE = "note"  # worth knowing, or not to be seen from here
    MISSING = "missing"  # no call can be made, or not as it should


@dataclass(frozen=True, slots=True)
class Finding:
    level: Level
    part: str
    words: str


def ok(part: str, words: str) -> Finding:
    return Finding(Level.OK, part, words)


def note(part: str, words: str) -> Finding:
    return Finding(Level.NOTE, part, words)


def missing(part: str, words: str) -> Finding:
    return Finding(Level.MISSING, part, words)
