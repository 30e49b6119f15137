"""What the agent says, from the model's sound to the frames of the line, and how it is interrupted.

A response may hold several items of sound. What arrives of a response that was dropped is never heard.
"""

from collections.abc import Callable, Iterable

from audiogateway.bookkeeping import Bookkeeping
from audiogateway.line_format import LineFormat
from audiogateway.playout import Cut, PlayoutBuffer
from audiogateway.realtime import events
from audiogateway.realtime.history import cut_retold
from audiogateway.realtime.openai_codec import cancel_response, delete_item, truncate_item
from audiogateway.sound_check import SoundCheck

_PHRASE = "phrase_"


class AgentSpeech:
    """Of one talk. `send` takes client events; `now_ms` counts from the answer."""

    def __init__(
        self, line_format: LineFormat, books: Bookkeeping, send: Callable[[bytes], None], now_ms: Callable[[], int]
    ) -> None:
        sound = line_format.agent
        self._line_format = line_format
        self._check = SoundCheck()
        self._playout = PlayoutBuffer(frame_bytes=sound.frame_bytes, silence=sound.silence)
        self._books = books
        self._send = send
        self._now_ms = now_ms
        self._dropped: set[str] = set()
        self._items: dict[str, str] = {}
        self._phrases = 0
        self._retold: set[str] = set()
        self.last_frame_ms = 0
        """When the last frame that was no silence was handed out."""

    # The model's side

    def on_audio(self, event: events.AgentAudio) -> None:
        if event.response_id in self._dropped:
            return
        self._items[event.item_id] = event.response_id
        self._playout.add(event.item_id, event.audio)
        if not self._check.is_done:
            self._check_sound(event.audio)

    def on_audio_done(self, event: events.AgentAudioDone) -> None:
        self._playout.finish(event.item_id)

    def response_is_done(self, response_id: str) -> None:
        for item_id in [item for item, response in self._items.items() if response == response_id]:
            del self._items[item_id]
            self._playout.finish(item_id)

    def drop(self, response_id: str) -> None:
        """Nobody shall hear it."""
        self._dropped.add(response_id)
        self._send(cancel_response(response_id))

    # When the session is lost or replaced

    def break_off(self) -> None:
        """Nothing more will come of what is being said; what has come is still played."""
        for item_id in self._items:
            if not self._playout.is_complete(item_id):
                self._books.agent_broken_off(item_id, self._playout.received_ms(item_id))
                self._playout.finish(item_id)
        self._items.clear()

    def will_be_heard(self, item_id: str) -> bool:
        """Its sound is here, at least some of it."""
        return self._playout.received_ms(item_id) > 0

    def was_retold(self, item_ids: Iterable[str]) -> None:
        """The session knows these items as text, and no others from before it began."""
        self._retold = set(item_ids)

    def say(self, audio: bytes, text: str) -> None:
        """Words that no session has said; they are played after whatever is still to be heard."""
        self._phrases += 1
        item_id = f"{_PHRASE}{self._phrases}"
        self._playout.add(item_id, audio)
        self._playout.finish(item_id)
        self._books.agent_said(item_id, text)

    # What the sound really is

    @property
    def is_unknown(self) -> bool:
        """The model's sound is in no format that can be played."""
        return self._check.is_done and self._check.found is None

    def session_renewed(self) -> None:
        """Another session may send something else."""
        self._check = SoundCheck()

    def _check_sound(self, audio: bytes) -> None:
        self._check.add(audio)
        if not self._check.is_done:
            return
        found, wanted = self._check.found, self._line_format.wanted
        if found is not wanted:
            arrived = found.model_format if found is not None else "unknown"
            self._books.sound_is_wrong("model_sound", {"wanted": wanted.model_format, "arrived": arrived})
        if found is not None and found is not self._line_format.agent:
            self._line_format.agent = found
            self._playout.change_format(frame_bytes=found.frame_bytes, silence=found.silence)

    # The line's side

    def take_frame(self) -> bytes | None:
        """20 ms of the agent's voice; None is silence."""
        frame = self._playout.take()
        if frame is not None:
            self.last_frame_ms = self._now_ms()
        if self._playout.changes:
            self._note_playout()
        return frame

    def pause(self) -> None:
        """Silence at once; nothing is lost."""
        self._playout.is_paused = True

    def resume(self) -> None:
        """The agent goes on where it was paused."""
        self._playout.is_paused = False

    def interrupt(self) -> bool:
        """Silence at once; the model learns how much of what it said was heard. True when that is not all of it."""
        cuts = self._playout.flush()
        self._books.agent_cut(cuts, self._now_ms())
        for cut in cuts:
            self._tell(cut)
        self._books.write_turns()
        return any(cut.played_ms for cut in cuts)

    def end(self) -> None:
        """The line is gone: what was not heard will not be."""
        self._note_playout()
        self._books.agent_cut(self._playout.flush(), self._now_ms())

    @property
    def is_handed_out(self) -> bool:
        """Nothing is left to be played, as far as it has arrived."""
        return self._playout.is_empty

    @property
    def is_sounding(self) -> bool:
        """The callee is hearing the agent, or would if it were not paused."""
        return self._playout.is_sounding

    @property
    def remaining_ms(self) -> int | None:
        """How much of what the agent says is left to be played; None while more of it may come."""
        return self._playout.remaining_ms

    @property
    def was_heard(self) -> bool:
        """Nothing is left to be played, and the last of it has reached the callee's ear."""
        return self._playout.is_quiet

    @property
    def underruns(self) -> int:
        return self._playout.underruns

    def _tell(self, cut: Cut) -> None:
        if cut.item_id in self._retold:
            for event in cut_retold(cut.item_id, self._books.heard_text(cut.item_id)):
                self._send(event)
        elif not cut.item_id.startswith(_PHRASE):
            self._send(truncate_item(cut.item_id, cut.played_ms) if cut.played_ms else delete_item(cut.item_id))

    def _note_playout(self) -> None:
        changes, self._playout.changes = self._playout.changes, []
        self._books.agent_played(changes, self._now_ms())
        self._books.write_turns()
