"""Who answers in the sandbox: one row per person, chosen by the last two digits of +1 202 555 01NN.

A persona is data. `signalling` says what the telephone does before anybody speaks; `script` says what its
owner does afterwards, as steps for each occasion. To add a persona, add a row.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

# --- what the telephone does -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answers:
    """Rings, then is picked up."""

    after_ms: int = 600


@dataclass(frozen=True)
class Refuses:
    """Ends the call before it is answered, with a SIP status and the Q.850 cause that stands for it."""

    sip_status: int
    cause: int
    after_ms: int = 300
    rings: bool = True


@dataclass(frozen=True)
class RingsForEver:
    """Nobody picks up: only the caller's own time limit ends it."""


Signalling = Answers | Refuses | RingsForEver

# --- what its owner does ----------------------------------------------------------------------------------


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
class Wait:
    """Say nothing for a while."""

    duration_ms: int


@dataclass(frozen=True)
class HangUp:
    """Put the receiver down."""


Step = Say | Beep | Wait | HangUp
Steps = tuple[Step, ...]


@dataclass(frozen=True)
class Script:
    """The occasions on which a person acts.

    on_answer: after picking up, unless the caller speaks first.
    on_turn: when the caller has finished the first, second, ... turn; on_more: a turn beyond the last entry.
    on_goodbye: instead of those, when the caller's turn ended with the word.
    on_key: when the caller pressed a telephone key.
    patience_ms: hangs up when the caller has said nothing for that long.
    """

    on_answer: Steps = ()
    on_turn: tuple[Steps, ...] = ()
    on_more: Steps = ()
    on_goodbye: Steps | None = None
    on_key: tuple[tuple[str, Steps], ...] = ()
    patience_ms: int = 20_000


@dataclass(frozen=True)
class Persona:
    """One row of the table. `number` is the last two digits of the telephone number.

    Without `sends_audio` the telephone sends no packets while its owner is silent.
    """

    number: int
    description: str
    signalling: Signalling = Answers()
    script: Script = Script()
    sends_audio: bool = True


GREETING: Steps = (Wait(700), Say("Hello?"))
FAREWELL: Steps = (Wait(200), Say("Thank you, goodbye."), Wait(3000), HangUp())

HELPFUL = Script(
    on_answer=GREETING,
    on_turn=(
        (Wait(200), Say("Yes, that works for me.")),
        (Wait(200), Say("Yes, please.")),
        (Wait(200), Say("Yes, that is right.")),
    ),
    on_more=FAREWELL,
    on_goodbye=FAREWELL,
)

PERSONAS: tuple[Persona, ...] = (
    Persona(0, "a helpful person", script=HELPFUL),
    Persona(1, "busy", Refuses(sip_status=486, cause=17, rings=False)),
    Persona(2, "nobody answers", RingsForEver()),
    Persona(
        4,
        "has no time now, wants a call tomorrow at ten",
        script=Script(
            on_answer=GREETING,
            on_turn=((Wait(200), Say("Sorry, this is a bad moment. Please call me tomorrow at ten.")),),
            on_more=(Wait(200), Say("Tomorrow at ten, please."), Wait(3000), HangUp()),
            on_goodbye=(Wait(200), Say("Goodbye."), Wait(1000), HangUp()),
        ),
    ),
    Persona(
        5,
        "never wants to be called again",
        script=Script(
            on_answer=GREETING,
            on_turn=((Wait(100), Say("Never call me again. Take me off your list.")),),
            on_more=(HangUp(),),
            on_goodbye=(HangUp(),),
        ),
    ),
    Persona(
        7,
        "hangs up in mid-sentence",
        script=Script(
            on_answer=GREETING,
            on_turn=((Wait(200), Say("Well, let me think about what I could tell you.", share=0.6), HangUp()),),
        ),
    ),
    Persona(14, "rejects the call", Refuses(sip_status=603, cause=21)),
)

_BY_NUMBER = {persona.number: persona for persona in PERSONAS}
_FICTION = re.compile(r"\+?1?20255501(\d\d)")


def persona_for(number: str) -> Persona | None:
    """Who lives at `number` (digits, an optional leading plus); None outside the range reserved for fiction.

    Numbers of the range without a row of their own are helpful persons.
    """
    match = _FICTION.fullmatch(number)
    return _BY_NUMBER.get(int(match[1]), _BY_NUMBER[0]) if match else None


def all_phrases() -> list[str]:
    """Everything that any persona can say, each text once, in the order of the table."""
    return list(dict.fromkeys(step.text for steps in _all_steps() for step in steps if isinstance(step, Say)))


def _all_steps() -> Iterator[Steps]:
    for persona in PERSONAS:
        script = persona.script
        yield script.on_answer
        yield from script.on_turn
        yield script.on_more
        yield script.on_goodbye or ()
        yield from (steps for _, steps in script.on_key)
