"""What somebody at the other end of the line does: steps, and the occasions on which they are taken.

A script is data; sandbox/pbx/callee.py performs it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

# --- steps ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Say:
    """Speak a text; with `share` below 1 the person stops in mid-sentence after that part of its sound."""

    text: str
    share: float = 1.0


@dataclass(frozen=True)
class Beep:
    """A pure tone, as of an answering machine."""

    hz: int = 1000
    duration_ms: int = 400


@dataclass(frozen=True)
class Ring:
    """What a caller hears who is put through: the ringing tone of North America."""

    duration_ms: int = 2000


@dataclass(frozen=True)
class Wait:
    """Say nothing for a while."""

    duration_ms: int


@dataclass(frozen=True)
class Record:
    """Record what the caller says, until that has been nothing for `silence_ms`, or the tape is full."""

    silence_ms: int = 5_000
    max_ms: int = 30_000


@dataclass(frozen=True)
class HangUp:
    """Put the receiver down."""


@dataclass(frozen=True)
class Vanish:
    """The line goes dead: no sound, no packet and no word about it, from here on."""


@dataclass(frozen=True)
class IfLong:
    """As the first of the steps after a turn: the others are taken only when so much was said in it."""

    speech_ms: int


@dataclass(frozen=True)
class Become:
    """Somebody else is on the line from here on."""

    script: "Script"


Step = Say | Beep | Ring | Wait | IfLong | Record | HangUp | Vanish | Become
Steps = tuple[Step, ...]

# --- the telephone ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Echo:
    """The telephone gives back what it plays."""

    delay_ms: int = 160
    loss_db: float = 14.0


# --- occasions --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CutIn:
    """Talk into the caller's words, once, when a turn of theirs has lasted so long."""

    after_ms: int
    steps: Steps


@dataclass(frozen=True)
class Script:
    """The occasions on which somebody acts.

    on_answer: after picking up, unless the caller speaks first.
    on_turn: when the caller has finished the first, second, ... turn; on_more: a turn beyond the last entry.
    on_goodbye: instead of those, when the caller's turn ended with the word.
    cut_in: while the caller speaks.
    on_key: when the caller pressed a telephone key; on_other_key: one that is not among those.
    on_silence: when nobody has made a sound for `silence_ms` for the first, second, ... time since the last key.
    patience_ms: hangs up when the caller has said nothing for that long; None stays for ever.
    is_machine: takes no notice of the caller's voice, and speaks through it.
    """

    on_answer: Steps = ()
    on_turn: tuple[Steps, ...] = ()
    on_more: Steps = ()
    on_goodbye: Steps | None = None
    cut_in: CutIn | None = None
    on_key: tuple[tuple[str, Steps], ...] = ()
    on_other_key: Steps = ()
    on_silence: tuple[Steps, ...] = ()
    silence_ms: int = 4_000
    patience_ms: int | None = 20_000
    is_machine: bool = False

    def occasions(self) -> Iterator[Steps]:
        """The steps of every occasion."""
        yield self.on_answer
        yield from self.on_turn
        yield self.on_more
        yield self.on_goodbye or ()
        if self.cut_in is not None:
            yield self.cut_in.steps
        yield from (steps for _, steps in self.on_key)
        yield self.on_other_key
        yield from self.on_silence


def spoken_texts(script: Script) -> Iterator[str]:
    """Everything that is said in a script, by whoever is on the line."""
    for steps in script.occasions():
        for step in steps:
            if isinstance(step, Say):
                yield step.text
            elif isinstance(step, Become):
                yield from spoken_texts(step.script)
