"""What is written down of a talk: the transcript, what it costs, and its figures.

Nothing is decided here: events of the model and of the playout come in, turns and usage go to the store.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from audiogateway.figures import TalkFigures
from audiogateway.playout import Cut, Finished, Started
from audiogateway.ports import Store, WallClock
from audiogateway.realtime import events
from audiogateway.surroundings import Models
from audiogateway.turns import HeardTurn, TurnLedger
from calls.contracts import UsageRecord


class Bookkeeping:
    """Of one talk. Times are milliseconds since the answer."""

    def __init__(self, call_id: UUID, models: Models, store: Store, now: WallClock) -> None:
        self._call_id = call_id
        self._models = models
        self._store = store
        self._now = now
        self._ledger = TurnLedger()
        self._callee_stopped_ms: int | None = None
        self._said_again: deque[tuple[int, int]] = deque()
        self.figures = TalkFigures()

    def note(self, event: events.Event) -> None:
        """What the model tells of words, of their order and of their price."""
        match event:
            case events.AgentWords(item_id, delta):
                self._ledger.agent_words(item_id, delta)
            case events.AgentTranscript(item_id, text):
                self._ledger.agent_said(item_id, text)
            case events.AudioCommitted(item_id, previous_item_id):
                self._ledger.place(item_id, previous_item_id)
                self._note_said_again(item_id)
            case events.ItemAdded(item_id, previous_item_id):
                self._ledger.place(item_id, previous_item_id)
            case events.CalleeTranscript(item_id, text, tokens, seconds):
                self._ledger.callee_said(item_id, text)
                if tokens or seconds:
                    self._bill(UsageRecord("transcription", item_id, self._models.transcription, tokens, seconds))
            case events.CalleeTranscriptFailed(item_id):
                self._ledger.callee_not_understood(item_id)
            case events.ResponseDone(response_id, tokens=tokens) if tokens:
                self._note_tokens(response_id, tokens)

    def callee_started(self, item_id: str, at_ms: int) -> None:
        self._callee_stopped_ms = None
        self._ledger.callee_started(item_id, at_ms)

    def callee_ended(self, item_id: str, at_ms: int) -> None:
        self._ledger.callee_ended(item_id, at_ms)

    def answer_is_expected(self, since_ms: int) -> None:
        """The callee waits for what the agent says to this."""
        self._callee_stopped_ms = since_ms

    def agent_played(self, changes: Iterable[Started | Finished], now_ms: int) -> None:
        """Items whose first or last frame is on the wire."""
        for change in changes:
            match change:
                case Started(item_id):
                    self._ledger.agent_started(item_id, now_ms)
                    self._note_first_frame(now_ms)
                case Finished(item_id, played_ms):
                    self._ledger.agent_ended(item_id, now_ms, played_ms)

    def agent_cut(self, cuts: Iterable[Cut], now_ms: int) -> None:
        for cut in cuts:
            self._ledger.agent_cut(cut.item_id, now_ms, cut.played_ms, cut.received_ms)

    def agent_said(self, item_id: str, text: str) -> None:
        """Words of ours."""
        self._ledger.agent_said(item_id, text)

    def agent_broken_off(self, item_id: str, received_ms: int) -> None:
        """Nothing more of it will come."""
        self._ledger.agent_broken_off(item_id, received_ms)

    def sound_is_wrong(self, kind: str, detail: Mapping[str, str | int]) -> None:
        """Something sounds other than it was ordered; `kind` is both the event and the warning among the figures."""
        if kind not in self.figures.quality_warnings:
            self.figures.quality_warnings.append(kind)
        self._store.record_event(self._call_id, kind=kind, source="gateway", detail=detail, at=self._now())

    def heard_text(self, item_id: str) -> str:
        return next((turn.text for turn in self._ledger.conversation() if turn.item_id == item_id), "")

    def conversation(self) -> list[HeardTurn]:
        """All items so far, in order."""
        return self._ledger.conversation()

    def say_again(self, item_ids: Sequence[str], unwritten: Iterable[str]) -> None:
        """Of what is `unwritten`, the words of these items will come as those of new ones, in this order."""
        times = {item_id: self._ledger.forget_words(item_id) for item_id in unwritten}
        self._said_again = deque(times[item_id] for item_id in item_ids)

    def say_again_at_the_end(self, started_ms: int, ended_ms: int) -> None:
        """And one more, which has no item yet."""
        self._said_again.append((started_ms, ended_ms))

    def write_turns(self) -> None:
        """Those that have changed."""
        if turns := self._ledger.take_changed():
            self._store.record_turns(self._call_id, turns)

    def forget(self, item_id: str) -> None:
        """It was no turn of anybody."""
        self._ledger.forget(item_id)

    def last_words_of_agent(self) -> str:
        """What the agent was going to say lately, heard or not."""
        return self._ledger.last_words_of_agent()

    def callee_texts(self) -> list[str]:
        """What the callee said so far."""
        return self._ledger.callee_texts()

    @property
    def is_waiting_for_words(self) -> bool:
        """Somebody's speech is over, but its transcription has not come."""
        return bool(self._said_again) or self._ledger.is_waiting_for_words()

    def _note_said_again(self, item_id: str) -> None:
        if self._said_again and not self._ledger.has_begun(item_id):
            started_ms, ended_ms = self._said_again.popleft()
            self._ledger.callee_started(item_id, started_ms)
            self._ledger.callee_ended(item_id, ended_ms)

    def _note_first_frame(self, now_ms: int) -> None:
        if self.figures.first_audio_ms is None:
            self.figures.first_audio_ms = now_ms
        if self._callee_stopped_ms is not None:
            self.figures.voice_to_voice_ms.append(max(now_ms - self._callee_stopped_ms, 0))
            self._callee_stopped_ms = None

    def _note_tokens(self, response_id: str, tokens: Mapping[str, int]) -> None:
        self.figures.tokens.update(tokens)
        self._bill(UsageRecord("realtime", response_id, self._models.realtime, tokens))

    def _bill(self, usage: UsageRecord) -> None:
        self._store.record_usage(self._call_id, [usage], at=self._now())
