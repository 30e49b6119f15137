"""The label of who is at the other end. Pure.

Every sign speaks for one kind with a weight; a kind is believed when its signs since the last change weigh CERTAIN.
So one certain sign is enough, two doubtful ones are too, and the label can change as often as the facts do. Nothing
waits for it: until it says otherwise, whoever is there is talked to.
"""

from dataclasses import dataclass

from audiogateway.callee.signs import Sign, is_speech, signs_of
from audiogateway.callee.tones import Tone
from calls.contracts import CalleeKind

CERTAIN = 2
DOUBTFUL = 1
LONG_GREETING_MS = 5_000
"""People say hello and wait; who goes on for so long without a pause is a machine or a firm."""


@dataclass(frozen=True, slots=True)
class Hint:
    """The same one counts once, however often it is seen, unless it `adds_up`."""

    kind: CalleeKind
    weight: int
    why: str
    adds_up: bool = False


class CalleeLabel:
    """Of one call. Times are milliseconds since the answer. Everything that is told returns whether `kind` changed."""

    def __init__(self) -> None:
        self.kind = CalleeKind.UNKNOWN
        self.why = ""
        self._hints: list[Hint] = []
        self._since_ms = 0
        self._turns = 0

    def said(self, text: str, *, began_ms: int, lasted_ms: int, now_ms: int) -> bool:
        """One turn of the callee has its words; they may come long after it, and after others."""
        if not is_speech(text):
            return False
        self._turns += 1
        hint = self._hint_of(text, is_greeting=self._turns == 1 and lasted_ms >= LONG_GREETING_MS)
        if hint is None or (hint.kind is CalleeKind.PERSON and self._is_older_than_machine(began_ms)):
            return False
        return self._weigh(hint, now_ms)

    def sounded(self, tone: Tone, *, now_ms: int) -> bool:
        if tone is Tone.FAX:
            return self._weigh(Hint(CalleeKind.FAX, CERTAIN, "the tone of a fax machine"), now_ms)
        return self._weigh(Hint(CalleeKind.VOICEMAIL, DOUBTFUL, "a beep"), now_ms)

    def detected(self, *, is_machine: bool, now_ms: int) -> bool:
        """The PBX's own guess, by the rhythm of the first words."""
        kind = CalleeKind.VOICEMAIL if is_machine else CalleeKind.PERSON
        return self._weigh(Hint(kind, DOUBTFUL, "the PBX's answering machine detection"), now_ms)

    def reported_voicemail(self, *, now_ms: int) -> bool:
        return self._weigh(Hint(CalleeKind.VOICEMAIL, CERTAIN, "the agent heard a voicemail"), now_ms)

    def keys_were_pressed(self, *, now_ms: int) -> bool:
        return self._weigh(Hint(CalleeKind.MENU, CERTAIN, "the agent pressed a key"), now_ms)

    def nobody_spoke(self, *, now_ms: int) -> bool:
        if self.kind is not CalleeKind.UNKNOWN or self._turns:
            return False
        return self._weigh(Hint(CalleeKind.SILENCE, CERTAIN, "nobody has said a word"), now_ms)

    def _is_older_than_machine(self, began_ms: int) -> bool:
        """What was said before a machine was recognised is part of the machine's greeting."""
        return self.kind in (CalleeKind.VOICEMAIL, CalleeKind.MENU) and began_ms < self._since_ms

    def _hint_of(self, text: str, *, is_greeting: bool) -> Hint | None:
        signs = signs_of(text)
        for sign in (Sign.TAKES_MESSAGES, Sign.OFFERS_KEYS, Sign.IS_AWAY, Sign.HOLDS):
            if sign in signs:
                return self._machine(sign)
        return self._person(greets=Sign.GREETS in signs, is_greeting=is_greeting)

    def _machine(self, sign: Sign) -> Hint | None:
        """Somebody who was talked with is not taken for a machine because of one phrase."""
        certain = DOUBTFUL if self.kind is CalleeKind.PERSON else CERTAIN
        match sign:
            case Sign.TAKES_MESSAGES:
                return Hint(CalleeKind.VOICEMAIL, certain, sign.value)
            case Sign.IS_AWAY:
                return Hint(CalleeKind.VOICEMAIL, DOUBTFUL, sign.value)
            case Sign.OFFERS_KEYS if self.kind is not CalleeKind.VOICEMAIL:  # they have keys for their messages, too
                return Hint(CalleeKind.MENU, certain, sign.value)
        return None

    def _person(self, *, greets: bool, is_greeting: bool) -> Hint | None:
        """In doubt a person: but a machine's text is long, and only words to the caller speak against it."""
        if is_greeting:
            return Hint(CalleeKind.VOICEMAIL, DOUBTFUL, "a long greeting")
        match self.kind:
            case CalleeKind.VOICEMAIL:
                return Hint(CalleeKind.PERSON, CERTAIN, "somebody picked up") if greets else None
            case CalleeKind.MENU if greets:
                return Hint(CalleeKind.PERSON, CERTAIN, "somebody answers")
        return Hint(CalleeKind.PERSON, DOUBTFUL, "somebody talks", adds_up=True)

    def _weigh(self, hint: Hint, now_ms: int) -> bool:
        if hint.kind is self.kind:
            self._hints.clear()
            return False
        if hint.adds_up or hint not in self._hints:
            self._hints.append(hint)
        if sum(each.weight for each in self._hints if each.kind is hint.kind) < CERTAIN:
            return False
        self.kind, self.why, self._since_ms = hint.kind, hint.why, now_ms
        self._hints.clear()
        return True
