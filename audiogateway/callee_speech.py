"""What the callee says, from the model's news that they speak to the words of it: the counterpart of agent_speech.py.

Whether a speech is a turn is decided in floor.py; what follows from that, for whoever answers, in dialogue.py.
"""

from collections.abc import Callable

from audiogateway.bookkeeping import Bookkeeping
from audiogateway.echo import repeats
from audiogateway.floor import Floor, Judgement
from audiogateway.realtime import events
from audiogateway.realtime.openai_codec import TurnDetection
from audiogateway.tape import CalleeTape

EARS = TurnDetection()


class CalleeSpeech:
    """Of one talk. Times are milliseconds since the answer, by `now_ms`; an event's count from the session's begin."""

    def __init__(self, floor: Floor, books: Bookkeeping, tape: CalleeTape, now_ms: Callable[[], int]) -> None:
        self._floor = floor
        self._books = books
        self._tape = tape
        self._now_ms = now_ms
        self._item: str | None = None

    @property
    def is_going_on(self) -> bool:
        return self._item is not None

    def started(self, event: events.SpeechStarted, *, is_judged: bool) -> bool:
        """False when it is noise or echo, as far as can be told. Without `is_judged` nobody is to be interrupted."""
        self._tape.speech_started(event.item_id, event.audio_start_ms)
        self._item = event.item_id
        onset_ms = self._time_of(event.audio_start_ms + EARS.prefix_padding_ms)
        self._books.callee_started(event.item_id, onset_ms)
        if not is_judged:
            return True
        if self._tape.was_kept(event.audio_start_ms):
            self._floor.callee_spoke_meanwhile(onset_ms)
            return True
        return self._floor.callee_started(onset_ms)

    def stopped(self, event: events.SpeechStopped) -> int | None:
        """When it ended, if it was a turn, which wants an answer."""
        self._item = None
        self._tape.speech_stopped(event.item_id, event.audio_end_ms)
        stopped_ms = self._time_of(event.audio_end_ms - EARS.silence_duration_ms)
        self._books.callee_ended(event.item_id, stopped_ms)
        return stopped_ms if self._floor.callee_stopped(event.item_id, stopped_ms) else None

    def words_came(self, event: events.CalleeTranscript | events.CalleeTranscriptFailed) -> Judgement | None:
        """ECHO of the agent's own words, which are no news of the callee; TURN of what must be answered after all."""
        self._tape.written(event.item_id)
        self._books.note(event)
        words = event.text if isinstance(event, events.CalleeTranscript) else ""
        if self._floor.was_echo(event.item_id) and repeats(words, self._books.last_words_of_agent()):
            self._books.forget(event.item_id)
            return Judgement.ECHO
        return Judgement.TURN if self._floor.words_came(event.item_id, words) else None

    def forget(self) -> None:
        """Nobody will tell of its end."""
        self._item = None

    def line_is_gone(self) -> bool:
        """Writes down that it ends now. True when the model has not got all of it as one speech."""
        if self._item is not None:
            self._books.callee_ended(self._item, self._now_ms())
        return self.is_going_on

    def _time_of(self, audio_ms: int) -> int:
        """When the sound was heard that stands at `audio_ms` of what was sent to the model."""
        now_ms = self._now_ms()
        age_ms = self._tape.session_ms - audio_ms
        return min(max(now_ms - age_ms, 0), now_ms)
