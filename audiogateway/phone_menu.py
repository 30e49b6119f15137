"""Phone menus of one call: when pressing keys leads nowhere. Pure."""

from collections.abc import Sequence
from difflib import SequenceMatcher

MAX_SENDS = 12
"""Of one call. Nobody is that deep in a menu."""
MAX_HEARINGS = 3
MENU_WORDS = 5
"""Fewer words are no menu: people say "hello" three times."""
SAME = 0.8
"""Share of the words: a transcription of the same announcement differs a little each time."""

WAIT_OR_END = "Press no more keys. Wait without a word for a person, or call end_call with the outcome failed."


class PhoneMenu:
    """Counts what was pressed and compares what was heard."""

    def __init__(self) -> None:
        self._sends = 0

    def loop(self, heard: Sequence[str]) -> str:
        """Why no key shall be pressed any more, in words for the model; empty when one may. `heard` is all so far."""
        if self._sends >= MAX_SENDS:
            return f"You have pressed keys {MAX_SENDS} times in this call. {WAIT_OR_END}"
        if times_heard(heard) >= MAX_HEARINGS:
            return f"You have heard the same menu {MAX_HEARINGS} times. {WAIT_OR_END}"
        return ""

    def note_send(self) -> None:
        self._sends += 1


def times_heard(texts: Sequence[str]) -> int:
    """How often the last of the texts was heard, itself included; 0 when it is no menu."""
    last = texts[-1].casefold().split() if texts else []
    if len(last) < MENU_WORDS:
        return 0
    return sum(SequenceMatcher(None, last, text.casefold().split()).ratio() >= SAME for text in texts)
