"""Finds out who is at the other end while the talk goes on, writes it down, and does what the plan says about machines.

Nothing here holds a word back: the agent talks to whoever answers until signs say that it is a machine.

    voicemail: hang up, or wait for the beep and leave a message; an owner who picks up is talked with
    menu, hold: the agent presses keys, and is silent while it is put through
    fax: hang up
"""

from typing import Protocol

from audiogateway.callee.kind import CalleeLabel
from audiogateway.callee.signs import Sign, is_speech, signs_of
from audiogateway.callee.tones import Tone, ToneEar
from audiogateway.conduct import Conduct, Manner
from audiogateway.ports import Store, WallClock
from audiogateway.realtime import events
from audiogateway.silence import SILENCE_MS
from calls.contracts import CalleeKind, TalkOrder

LISTENS_MS = 60_000
"""So long tones are listened for; later only while a beep is waited for."""
BEEP_LASTS_MS = 1_000
"""Who speaks so long after a beep speaks after it: the machine was not recording yet."""
WORDS_MS = 3_000
"""On hold: so long after the end of a speech its words are waited for; then it is answered without them."""
MESSAGE_MS = 5_000
"""A message of this length counts as left, also when the machine hung up before its last word."""


class Dialogue(Protocol):
    """What the reception needs of audiogateway.dialogue."""

    @property
    def conduct(self) -> Conduct: ...
    @property
    def last_words_were_heard(self) -> bool: ...


class Floor(Protocol):
    """What the reception may do with the call (audiogateway.session)."""

    @property
    def dialogue(self) -> Dialogue: ...
    @property
    def is_talking(self) -> bool:
        """And is not about to end."""

    def end_after_last_words(self, cause: str) -> None: ...
    def resume(self) -> bool:
        """A call that is about to end goes on. False when it is too late for that."""

    def now_ms(self) -> int: ...


class Reception:
    """Of one call. Times are milliseconds since the answer."""

    def __init__(self, order: TalkOrder, store: Store, now: WallClock, floor: Floor) -> None:
        self._order = order
        self._store = store
        self._now = now
        self._floor = floor
        self._label = CalleeLabel()
        self._ear = ToneEar()
        self._began_ms: dict[str, int] = {}
        self._lasted_ms: dict[str, int] = {}
        self._beep_ms: int | None = None
        self._words_due_ms: int | None = None
        self._message_left = False

    @property
    def kind(self) -> CalleeKind:
        return self._label.kind

    @property
    def _conduct(self) -> Conduct:
        return self._floor.dialogue.conduct

    # Signs

    def hear(self, samples: bytes) -> None:
        """Sound of the callee, 16 bit at 8 kHz."""
        if self._is_listening and (tone := self._ear.hear(samples)) is not None:
            self._weigh(self._label.sounded(tone, now_ms=self._floor.now_ms()))
            if tone is Tone.BEEP:
                self._on_beep()

    def on_event(self, event: events.Event, *, is_of_callee: bool = True) -> None:
        """What the model tells of a speech and its words; `is_of_callee` is False when they are the agent's own."""
        match event:
            case events.CalleeTranscript() | events.CalleeTranscriptFailed() if not is_of_callee:
                self._forget(event.item_id)
                self._words_due_ms = None
            case events.SpeechStarted(item_id):
                self._on_speech_started(item_id)
            case events.SpeechStopped(item_id):
                now_ms = self._floor.now_ms()
                self._lasted_ms[item_id] = now_ms - self._began_ms.get(item_id, now_ms)
                self._words_due_ms = now_ms + WORDS_MS
            case events.CalleeTranscript(item_id, text):
                self._on_words(item_id, text)
            case events.CalleeTranscriptFailed(item_id):
                self._forget(item_id)
                self._answer_on_hold()

    def detected(self, *, is_machine: bool) -> None:
        """The guess of the PBX; it may come before the line."""
        self._weigh(self._label.detected(is_machine=is_machine, now_ms=self._floor.now_ms()))

    def keys_were_pressed(self) -> None:
        self._conduct.keys_were_pressed()
        self._weigh(self._label.keys_were_pressed(now_ms=self._floor.now_ms()))

    def voicemail_reported(self, *, leave_message: bool) -> bool:
        """The model has heard a machine, and says whether its owner wants a message. True: it shall speak now."""
        self._note(self._label.reported_voicemail(now_ms=self._floor.now_ms()))
        if self._floor.is_talking:
            self._act_on_voicemail(leave_message=leave_message)
        return self._is_leaving_message and not self._conduct.message_ms

    def on_time(self, now_ms: int) -> None:
        """Asked about ten times a second, also while the last words are played."""
        if self._words_due_ms is not None and now_ms >= self._words_due_ms:
            self._answer_on_hold()
        if self._is_leaving_message and self._conduct.message_ms and self._floor.dialogue.last_words_were_heard:
            self._note_message()

    # The end of it

    def silence_cause(self) -> str:
        """Why a call ends in which nobody speaks any more."""
        self._note_silence()
        if self.kind is CalleeKind.VOICEMAIL:
            return "voicemail"
        return "on_hold" if self._conduct.manner is Manner.HOLD else "silence"

    def hung_up_cause(self) -> str:
        """A machine that hangs up when its tape is full is no callee who did."""
        if self._is_leaving_message and self._conduct.message_ms >= MESSAGE_MS:
            self._note_message()
        if self._floor.now_ms() >= SILENCE_MS:
            self._note_silence()
        return "voicemail" if self.kind is CalleeKind.VOICEMAIL else "callee_hung_up"

    # Rules

    @property
    def _is_leaving_message(self) -> bool:
        return self._conduct.manner is Manner.MESSAGE

    @property
    def _is_listening(self) -> bool:
        if self.kind is CalleeKind.PERSON or self._is_leaving_message:
            return False
        return self._floor.now_ms() < LISTENS_MS or self._conduct.manner is Manner.MACHINE

    def _on_speech_started(self, item_id: str) -> None:
        now_ms = self._floor.now_ms()
        self._began_ms[item_id] = now_ms
        self._words_due_ms = None
        if self._beep_ms is not None and now_ms >= self._beep_ms + BEEP_LASTS_MS:
            self._beep_ms = None

    def _on_words(self, item_id: str, text: str) -> None:
        now_ms = self._floor.now_ms()
        began_ms, lasted_ms = self._forget(item_id)
        self._words_due_ms = None
        self._weigh(self._label.said(text, began_ms=began_ms, lasted_ms=lasted_ms, now_ms=now_ms))
        manner, holds = self._conduct.manner, Sign.HOLDS in signs_of(text)
        may_hold = self._floor.is_talking and manner in (Manner.TALK, Manner.HOLD)
        if holds and may_hold and self.kind is not CalleeKind.VOICEMAIL:
            self._conduct.hold_on()
        elif is_speech(text) and not holds:
            self._answer_on_hold()

    def _forget(self, item_id: str) -> tuple[int, int]:
        """When this speech began, and how long it lasted."""
        return self._began_ms.pop(item_id, self._floor.now_ms()), self._lasted_ms.pop(item_id, 0)

    def _answer_on_hold(self) -> None:
        self._words_due_ms = None
        if self._conduct.manner is Manner.HOLD:
            self._conduct.go_on()

    def _on_beep(self) -> None:
        self._beep_ms = self._floor.now_ms()
        if self._conduct.manner is Manner.MACHINE:
            self._conduct.leave_message()
        elif self.kind is CalleeKind.VOICEMAIL and self._floor.is_talking:
            self._conduct.machine_records()  # the model has not reported it, but may be speaking to it

    def _weigh(self, changed: bool) -> None:
        """Writes a change down and acts on it."""
        self._note(changed)
        if not changed:
            return
        if self.kind is CalleeKind.PERSON and self._conduct.manner in (Manner.MACHINE, Manner.MESSAGE):
            if self._floor.resume():
                self._conduct.go_on()
        elif self._floor.is_talking:
            self._act_on_machine()

    def _act_on_machine(self) -> None:
        wanted = self._order.brief.voicemail
        match self.kind:
            case CalleeKind.FAX:
                self._conduct.hush()
                self._floor.end_after_last_words("fax")
            case CalleeKind.VOICEMAIL if wanted != "as_instructed":
                self._act_on_voicemail(leave_message=wanted == "leave_message")
                if self._is_leaving_message:
                    self._conduct.leave_message()

    def _act_on_voicemail(self, *, leave_message: bool) -> None:
        """Hangs up, or waits for the beep unless it was heard before."""
        if not leave_message:
            self._conduct.hush()
            self._floor.end_after_last_words("voicemail")
        elif self._conduct.manner not in (Manner.MACHINE, Manner.MESSAGE):
            self._conduct.wait_for_beep()
            if self._beep_ms is not None:
                self._conduct.machine_records()

    def _note(self, changed: bool) -> None:
        if changed:
            self._store.note_callee(self._order.call_id, kind=self._label.kind, why=self._label.why, at=self._now())

    def _note_silence(self) -> None:
        if not self._began_ms:  # of a speech that has begun the words may still come
            self._note(self._label.nobody_spoke(now_ms=self._floor.now_ms()))

    def _note_message(self) -> None:
        if not self._message_left:
            self._message_left = True
            self._store.note_message_left(self._order.call_id, at=self._now())
