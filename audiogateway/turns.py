"""The transcript of a talk while it is made: what was said, and what of it was heard.

The order is that of the conversation (each item names the one before it), not that of arrival: a transcription may
come long after the answer to it. An agent's turn counts as far as its sound was played.
"""

from dataclasses import dataclass
from typing import Literal

from calls.contracts import TurnRecord

INAUDIBLE = "[not understood]"
FASTEST_CHARS_PER_MS = 0.025
"""Nobody speaks faster: of a sentence that breaks off, words beyond that have come without their sound."""


@dataclass(frozen=True, slots=True)
class HeardTurn:
    """An item of the conversation, as far as it was heard; what is not over yet counts as heard to its end.

    `speaker` is None for an item that nobody says. `is_cut`: there should have been more of it.
    """

    item_id: str
    speaker: Literal["callee", "agent"] | None
    text: str
    is_over: bool
    is_cut: bool


def heard_part(text: str, heard_ms: int, total_ms: int) -> str:
    """The words of `text` that fit into `heard_ms` of its `total_ms`, cut after a whole word."""
    if heard_ms <= 0:
        return ""
    if heard_ms >= total_ms:
        return text
    length = len(text) * heard_ms // total_ms
    if not text[length : length + 1].isspace():
        while length and not text[length - 1].isspace():
            length -= 1
    return text[:length].rstrip()


@dataclass(slots=True)
class _Turn:
    item_id: str
    speaker: Literal["callee", "agent"] | None = None
    text: str = ""
    started_ms: int | None = None
    ended_ms: int | None = None
    heard_ms: int | None = None
    total_ms: int = 0
    interrupted: bool = False
    transcribed: bool = False
    recorded: bool = False
    broken_off: bool = False

    def record(self, position: int) -> TurnRecord | None:
        """None while there is nothing to tell: nobody has heard it, or it has no words yet."""
        if self.speaker is None or self.started_ms is None or not (self.text or self.recorded):
            return None
        self.recorded = True
        return TurnRecord(
            item_id=self.item_id,
            position=position,
            speaker=self.speaker,
            text=self.text,
            heard_text=self.heard_text(),
            started_ms=self.started_ms,
            ended_ms=self.ended_ms,
            heard_ms=self.heard_ms,
            interrupted=self.interrupted,
        )

    def heard_text(self) -> str:
        return heard_part(self.text, self.heard_ms or 0, self.total_ms) if self.speaker == "agent" else self.text

    def heard(self) -> HeardTurn:
        is_over = self.ended_ms is not None
        text = self.heard_text() if is_over else self.text
        return HeardTurn(self.item_id, self.speaker, text, is_over, self.interrupted or self.broken_off)


class TurnLedger:
    """All times in milliseconds since the answer. Every method may be called for an item that is not known yet."""

    def __init__(self) -> None:
        self._order: list[str] = []
        self._turns: dict[str, _Turn] = {}
        self._changed: dict[str, None] = {}

    def place(self, item_id: str, previous_item_id: str | None) -> None:
        """The item comes after the other one; without a known one it stays, or comes last."""
        self._turn(item_id)
        if previous_item_id is None or previous_item_id not in self._turns:
            return
        position = self._order.index(item_id)
        if position and self._order[position - 1] == previous_item_id:
            return
        del self._order[position]
        self._order.insert(self._order.index(previous_item_id) + 1, item_id)
        self._changed |= dict.fromkeys(self._order[min(position, self._order.index(item_id)) :])

    def callee_started(self, item_id: str, at_ms: int) -> None:
        turn = self._turn(item_id)
        turn.speaker = "callee"
        turn.started_ms = at_ms if turn.started_ms is None else turn.started_ms
        self._changed[item_id] = None

    def callee_ended(self, item_id: str, at_ms: int) -> None:
        turn = self._turn(item_id)
        turn.speaker = "callee"
        turn.ended_ms = max(at_ms, turn.started_ms or 0)
        if turn.started_ms is None:
            turn.started_ms = turn.ended_ms
        self._changed[item_id] = None

    def callee_said(self, item_id: str, text: str) -> None:
        """An empty text is a noise that nobody needs to read of."""
        turn = self._turn(item_id)
        turn.text, turn.transcribed = text, True
        self._changed[item_id] = None

    def callee_not_understood(self, item_id: str) -> None:
        self.callee_said(item_id, INAUDIBLE)

    def agent_words(self, item_id: str, delta: str) -> None:
        turn = self._turn(item_id)
        turn.speaker = "agent"
        turn.text += delta

    def agent_said(self, item_id: str, text: str) -> None:
        """The whole text of an item, whether it will be heard or not."""
        turn = self._turn(item_id)
        turn.speaker = "agent"
        turn.text = text
        self._changed[item_id] = None

    def agent_started(self, item_id: str, at_ms: int) -> None:
        turn = self._turn(item_id)
        turn.speaker = "agent"
        turn.started_ms = at_ms
        self._changed[item_id] = None

    def agent_ended(self, item_id: str, at_ms: int, heard_ms: int) -> None:
        """Heard to its end."""
        self._close(item_id, at_ms, heard_ms, heard_ms, interrupted=False)

    def agent_cut(self, item_id: str, at_ms: int, heard_ms: int, total_ms: int) -> None:
        """The callee interrupted, or the line was closed."""
        self._close(item_id, at_ms, heard_ms, max(total_ms, 1), interrupted=True)

    def agent_broken_off(self, item_id: str, received_ms: int) -> None:
        """Nothing more of it will come; what was received will be heard."""
        turn = self._turn(item_id)
        turn.broken_off = True
        turn.text = heard_part(turn.text, received_ms, max(received_ms, int(len(turn.text) / FASTEST_CHARS_PER_MS)))
        turn.text = turn.text.rstrip()
        self._changed[item_id] = None

    def forget_words(self, item_id: str) -> tuple[int, int]:
        """The callee's words of this item will never come: they are said again under another id. Returns its times."""
        turn = self._turn(item_id)
        times = turn.started_ms or 0, turn.ended_ms or turn.started_ms or 0
        turn.speaker = None
        return times

    def has_begun(self, item_id: str) -> bool:
        return self._turn(item_id).started_ms is not None

    def conversation(self) -> list[HeardTurn]:
        """All items so far, in order."""
        return [self._turns[item_id].heard() for item_id in self._order]

    def take_changed(self) -> list[TurnRecord]:
        """The turns that are worth writing (again), in the order of the conversation."""
        if not self._changed:
            return []
        changed, self._changed = self._changed, {}
        places = ((place, item_id) for place, item_id in enumerate(self._order) if item_id in changed)
        records = (self._turns[item_id].record(place) for place, item_id in places)
        return [record for record in records if record is not None]

    def callee_texts(self) -> list[str]:
        """What the callee said so far, in the order of the conversation."""
        turns = (self._turns[item_id] for item_id in self._order)
        return [turn.text for turn in turns if turn.speaker == "callee" and turn.text]

    def last_words_of_agent(self, turns: int = 2) -> str:
        """The whole text of its last turns."""
        spoken = [turn.text for item_id in self._order if (turn := self._turns[item_id]).speaker == "agent"]
        return " ".join(spoken[-turns:])

    def forget(self, item_id: str) -> None:
        """It was no turn, and nothing of it was written down yet."""
        turn = self._turns.get(item_id)
        if turn is not None and not turn.recorded:
            position = self._order.index(item_id)
            del self._order[position], self._turns[item_id]
            self._changed.pop(item_id, None)
            self._changed |= dict.fromkeys(self._order[position:])

    def is_waiting_for_words(self) -> bool:
        """Somebody's speech is over, but its transcription has not come."""
        spoken = (turn for turn in self._turns.values() if turn.speaker == "callee" and turn.ended_ms is not None)
        return any(not turn.transcribed for turn in spoken)

    def _close(self, item_id: str, at_ms: int, heard_ms: int, total_ms: int, *, interrupted: bool) -> None:
        turn = self._turn(item_id)
        turn.speaker = "agent"
        turn.ended_ms, turn.heard_ms, turn.total_ms, turn.interrupted = at_ms, heard_ms, total_ms, interrupted
        self._changed[item_id] = None

    def _turn(self, item_id: str) -> _Turn:
        turn = self._turns.get(item_id)
        if turn is None:
            turn = self._turns[item_id] = _Turn(item_id)
            self._order.append(item_id)
        return turn
