"""Who answers in the sandbox: one row per person, chosen by the last two digits of +1 202 555 01NN.

A persona is data. `signalling` says what the telephone does before anybody speaks; `script` says what its
owner does afterwards (sandbox/script.py). To add a persona, add a row.
"""

import re
from dataclasses import dataclass, replace

from sandbox.script import (
    Become,
    Beep,
    CutIn,
    Echo,
    HangUp,
    IfLong,
    Record,
    Ring,
    Say,
    Script,
    Steps,
    Vanish,
    Wait,
    spoken_texts,
)

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


@dataclass(frozen=True)
class Persona:
    """One row of the table. `number` is the last two digits of the telephone number.

    `echo` is what the telephone gives back of the caller's voice.
    Without `sends_audio` the telephone sends no packets while its owner is silent. A line from which no packet has
    come for `line_timeout_ms` is given up by the PBX (`rtp_timeout` of the trunk).
    """

    number: int
    description: str
    signalling: Signalling = Answers()
    script: Script = Script()
    sends_audio: bool = True
    echo: Echo | None = None
    line_timeout_ms: int = 60_000


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

VOICEMAIL = Script(
    on_answer=(
        Wait(500),
        Say("Hello, I cannot take your call right now. Please leave a message after the tone."),
        Wait(800),
        Beep(),
        Record(),
        HangUp(),
    ),
    is_machine=True,
)

PICKED_UP = Script(
    on_answer=(
        *VOICEMAIL.on_answer[:-2],
        Wait(2000),
        Say("Hello? I am here."),
        Become(replace(HELPFUL, on_answer=())),
    ),
    is_machine=True,
)

FAX = Script(
    on_answer=(Wait(300), Beep(hz=2100, duration_ms=3000), Wait(20_000), HangUp()), patience_ms=None, is_machine=True
)

MENU: Steps = (Wait(100), Say("For new appointments, press one. If you want to speak to a person, press two."))
PUT_THROUGH = Script(
    on_answer=(Wait(200), Say("Please hold, you are being connected."), Wait(600), Ring(), Wait(500), Become(HELPFUL)),
    is_machine=True,
)
PHONE_MENU = Script(
    on_answer=(Wait(500), Say("Welcome, you have reached our automatic service."), *MENU),
    on_key=(
        ("1", (Wait(200), Say("New appointments can be made on our website."), *MENU)),
        ("2", (Become(PUT_THROUGH),)),
    ),
    on_other_key=(Wait(200), Say("This is not a valid choice."), *MENU),
    on_silence=(MENU, MENU, (Say("We did not receive your choice."), Wait(500), HangUp())),
    patience_ms=None,
    is_machine=True,
)

THANKS: Steps = (Wait(200), Say("Thank you for asking. Then yes, that works for me."))

SILENT = Script(patience_ms=None)

PERSONAS: tuple[Persona, ...] = (
    Persona(0, "a helpful person", script=HELPFUL),
    Persona(1, "busy", Refuses(sip_status=486, cause=17, rings=False)),
    Persona(2, "nobody answers", RingsForEver()),
    Persona(3, "a voicemail that beeps and records", script=VOICEMAIL),
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
    Persona(6, "a phone menu; key 2 leads to a helpful person", script=PHONE_MENU),
    Persona(
        7,
        "hangs up in mid-sentence",
        script=Script(
            on_answer=GREETING,
            on_turn=((Wait(200), Say("Well, let me think about what I could tell you.", share=0.6), HangUp()),),
        ),
    ),
    Persona(
        8,
        "talks into the agent's first long sentence",
        script=replace(HELPFUL, cut_in=CutIn(1500, (Say("Excuse me, who is calling, please?"),))),
    ),
    Persona(9, "picks up and never says a word", script=SILENT),
    Persona(
        10,
        "asks what only the owner knows, and waits for the answer",
        script=Script(
            on_answer=GREETING,
            on_turn=(
                (Wait(200), Say("Before I decide, may I bring my dog?")),
                (IfLong(3000), *THANKS),  # the agent may ask for a moment first, and that is short
                THANKS,
            ),
            on_more=FAREWELL,
            on_goodbye=FAREWELL,
            patience_ms=60_000,
        ),
    ),
    Persona(
        11,
        "is somebody else",
        script=Script(
            on_answer=GREETING,
            on_turn=((Wait(200), Say("You have the wrong number. There is no such person here.")),),
            on_more=(Wait(200), Say("No, you have the wrong number."), Wait(3000), HangUp()),
            on_goodbye=(Wait(200), Say("Goodbye."), Wait(1000), HangUp()),
        ),
    ),
    Persona(12, "no circuit is free", Refuses(sip_status=503, cause=34, rings=False)),
    Persona(
        13,
        "the line goes dead in mid-sentence",
        script=Script(
            on_answer=GREETING,
            on_turn=((Wait(200), Say("Just a moment, let me see what my calendar says.", share=0.6), Vanish()),),
        ),
        line_timeout_ms=3_000,
    ),
    Persona(14, "rejects the call", Refuses(sip_status=603, cause=21)),
    Persona(
        30,
        "wants a person, and talks with whoever they are put through to",
        script=Script(
            on_answer=GREETING,
            on_turn=(
                (Wait(200), Say("Please put me through to a real person.")),
                (),  # the agent says that it will
                (Wait(200), Say("Hello, I only wanted to hear a human voice.")),
            ),
            on_more=(Wait(200), Say("Thank you, goodbye."), Wait(500), HangUp()),
            on_goodbye=(Wait(200), Say("Goodbye."), Wait(1000), HangUp()),
        ),
    ),
    Persona(
        31,
        "the owner's colleague, to whom callees are put through",
        script=Script(
            on_answer=(Wait(400), Say("Reception, how can I help you?")),
            on_turn=((Wait(200), Say("I am glad to help you.")),),
            on_more=(Wait(200), Say("Goodbye."), Wait(2000), HangUp()),
        ),
    ),
    Persona(15, "as 9, and its telephone sends no audio at all", script=SILENT, sends_audio=False),
    Persona(16, "a fax machine", script=FAX),
    Persona(17, "a voicemail whose owner picks up while the message is left", script=PICKED_UP),
    Persona(
        18,
        'says "mhm" into the agent\'s first long sentence',
        script=replace(HELPFUL, cut_in=CutIn(2500, (Say("Mhm."),))),
    ),
    Persona(19, "a helpful person whose telephone echoes", script=HELPFUL, echo=Echo()),
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
    return list(dict.fromkeys(text for persona in PERSONAS for text in spoken_texts(persona.script)))
