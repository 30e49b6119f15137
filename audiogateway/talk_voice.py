"""The model's sessions of one talk: the one that speaks, and the one that replaces it.

    speaks --lost-----------------------------> away --another is open--> speaks
       \\--grows old--> another is opened beside it --quiet moment, or too old--> speaks

Meanwhile the callee hears a filler, and at the end of all patience an apology. What a session has to know when it
takes over is in handover.py, how long is waited in patience.py.
"""

from collections.abc import Callable
from typing import Protocol
from uuid import UUID

import structlog

from audiogateway import patience
from audiogateway.audio.tone import comfort_tone
from audiogateway.dialogue import Dialogue
from audiogateway.filler import FillerWatch
from audiogateway.line_format import LineFormat
from audiogateway.patience import Rotation
from audiogateway.phase import Phase
from audiogateway.phrases import Phrase, Recorded
from audiogateway.realtime.connection import Voice
from audiogateway.realtime.events import Event
from audiogateway.realtime.openai_codec import Configuration
from audiogateway.renewal import Renewal
from audiogateway.surroundings import Surroundings

STALL_SECONDS = 8.0
"""An answer is owed and the session says nothing at all for so long: it is as good as lost."""
ROTATION_RETRY_SECONDS = 20.0
"""Between tries to open another session while the old one still speaks."""


class Talker(Protocol):
    """Whose voice it is (session.Session)."""

    @property
    def phase(self) -> Phase: ...

    def on_event(self, event: Event) -> None:
        """The session that speaks tells something."""

    def on_voice_lost_early(self, reason: str) -> None:
        """Before the line has come: whoever opened it may open another one."""

    def on_voice_given_up(self, cause: str) -> None:
        """There will be none. `cause` is voice_lost or voice_refused."""


class TalkVoice:
    """`configuration` is what a session is told at that moment, `dialogue` the one that is going on."""

    def __init__(
        self,
        call_id: UUID,
        around: Surroundings,
        talker: Talker,
        configuration: Callable[[], Configuration],
        dialogue: Callable[[], Dialogue],
        line_format: LineFormat,
    ) -> None:
        self._call_id = call_id
        self._around = around
        self._talker = talker
        self._configuration = configuration
        self._dialogue = dialogue
        self._line_format = line_format
        self._log = structlog.get_logger(__name__).bind(call_id=str(call_id))
        self._renewal = Renewal(around.open_voice, configuration, self, around.spawn, around.clock)
        self._filler = FillerWatch()
        self._voice: Voice | None = None
        self._opened_at = self._lost_at = around.clock()
        self._silent_since: float | None = None
        self._losses = 0
        self._rotate_after = 0.0

    # What happens to it

    def opened(self, voice: Voice) -> None:
        self._voice = voice
        self._opened_at = self._around.clock()

    def was_heard(self) -> None:
        """The session has sent an event."""
        self._silent_since = None

    def close(self) -> None:
        """The one that speaks is of no use any more."""
        voice, self._voice = self._voice, None
        if voice is not None:
            voice.close()

    def end(self) -> None:
        """The talk needs no voice any more."""
        self.close()
        self._renewal.end()

    @property
    def is_away(self) -> bool:
        return self._voice is None

    @property
    def is_expected(self) -> bool:
        """There is none, and another one is being opened."""
        return self._voice is None and self._renewal.is_under_way

    # Loss

    def lost(self, reason: str) -> None:
        """The one that speaks is gone, or of no use. What follows depends on how far the talk is."""
        phase = self._talker.phase
        self._log.warning("voice_lost", reason=reason, phase=phase.value)
        self.close()
        self._dialogue().voice_is_lost()
        match phase:
            case Phase.WAITING:
                self._talker.on_voice_lost_early(reason)
            case Phase.TALKING:
                self.renew(reason)
            case Phase.CLOSING if self._dialogue().owes_answer:
                self.renew(reason)
            case Phase.WINDING_UP:
                self._talker.on_voice_given_up("voice_lost")

    def renew(self, reason: str) -> None:
        """It is lost in the middle of the talk, and has been closed."""
        self._losses += 1
        self._lost_at = self._around.clock()
        self._dialogue().figures.voice_losses += 1
        self._note("voice_lost", {"reason": reason[:200]})
        if self._losses > patience.MAX_LOSSES:
            self._talker.on_voice_given_up("voice_lost")
        else:
            self._renewal.begin()

    def on_voice_renewed(self) -> None:
        if self._voice is None:
            tries = self._renewal.tries
            self._take_over()
            away_ms = int((self._around.clock() - self._lost_at) * 1000)
            self._dialogue().figures.voice_away_ms += away_ms
            self._note("voice_back", {"milliseconds": away_ms, "tries": tries})

    def on_voice_given_up(self, reason: str, *, is_permanent: bool) -> None:
        self._log.warning("voice_not_renewed", reason=reason, permanent=is_permanent)
        if self._voice is None:
            self._talker.on_voice_given_up("voice_refused" if is_permanent else "voice_lost")

    def _take_over(self) -> None:
        voice = self._renewal.take()
        if voice is not None:
            self._voice = voice
            self._opened_at = self._around.clock()
            self._silent_since = None
            self._hand_over(voice)

    def _hand_over(self, voice: Voice) -> None:
        match self._talker.phase:
            case Phase.TALKING | Phase.TRANSFERRING | Phase.CLOSING:
                self._dialogue().voice_takes_over(voice)
            case Phase.WINDING_UP:
                self._dialogue().write_last_words(voice)
            case _:
                self.close()

    # Time

    def on_time(self, now_ms: int) -> None:
        """Asked about ten times a second during the talk."""
        dialogue = self._dialogue()
        is_owed = dialogue.owes_answer
        if self._filler.on_time(now_ms, is_owed=is_owed, is_away=self.is_away, is_silent=dialogue.is_silent):
            dialogue.say(self._phrase(Phrase.MOMENT) or self._tone())
        if self._voice is not None:
            self._look_after(self._voice, is_owed=is_owed)

    def apologize(self) -> None:
        if (apology := self._phrase(Phrase.APOLOGY)) is not None:
            self._dialogue().say(apology)

    def _look_after(self, voice: Voice, *, is_owed: bool) -> None:
        now = self._around.clock()
        match patience.rotation(now - self._opened_at, voice.lives_seconds):
            case Rotation.NOW:
                self._rotate(now, at_once=True)
            case Rotation.WHEN_QUIET:
                self._rotate(now, at_once=self._dialogue().is_calm)
            case Rotation.NOT_YET if is_owed:
                self._watch_silence(now)
            case Rotation.NOT_YET:
                self._silent_since = None

    def _watch_silence(self, now: float) -> None:
        if self._silent_since is None:
            self._silent_since = now
        elif now - self._silent_since >= STALL_SECONDS:
            self.lost("The model fell silent.")

    def _rotate(self, now: float, *, at_once: bool) -> None:
        if not self._renewal.is_under_way:
            if now >= self._rotate_after:
                self._rotate_after = now + ROTATION_RETRY_SECONDS
                self._renewal.begin()
        elif at_once and self._renewal.is_open:
            self.close()
            self._dialogue().voice_is_lost()
            self._take_over()
            self._dialogue().figures.voice_rotations += 1
            self._note("voice_rotated", {})

    def _phrase(self, phrase: Phrase) -> Recorded | None:
        return self._around.phrases.of(self._configuration()).get(phrase)

    def _tone(self) -> Recorded:
        sound = self._line_format.agent
        return Recorded(sound.encode(comfort_tone(sound.samples_per_ms)), "")

    def _note(self, kind: str, detail: dict[str, object]) -> None:
        self._around.store.record_event(
            self._call_id, kind=kind, source="gateway", detail=detail, at=self._around.now()
        )

    # What a session that was opened here tells, once it speaks (VoiceListener)

    def on_event(self, event: Event) -> None:
        self._talker.on_event(event)

    def on_voice_lost(self, reason: str) -> None:
        self.lost(reason)
