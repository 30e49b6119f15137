"""What the agent still has to say: audio in at any speed, one frame out whenever the clock asks for it.

The buffer is the truth about what was heard. A frame that was handed to the wire counts as heard when it is no
longer in flight, that is when `lead_frames` more frames (of sound or of silence) were handed out after it.
"""

from collections import deque
from dataclasses import dataclass, field

FRAME_MS = 20
LEAD_FRAMES = 2
"""The clock runs at most 40 ms ahead of the callee's ear."""
MAX_BUFFERED_MS = 300_000
"""No answer is five minutes long; what a model sends beyond that is dropped."""


@dataclass(frozen=True, slots=True)
class Cut:
    """An item that was interrupted: `played_ms` of `received_ms` were heard."""

    item_id: str
    played_ms: int
    received_ms: int


@dataclass(frozen=True, slots=True)
class Started:
    """The first frame of the item is on the wire."""

    item_id: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The last frame of the item is on the wire."""

    item_id: str
    played_ms: int


@dataclass(slots=True, eq=False)
class _Item:
    item_id: str
    received_bytes: int = 0
    frames_written: int = 0
    complete: bool = False
    audio: bytearray = field(default_factory=bytearray)


class PlayoutBuffer:
    """Agent audio of one call, item by item.

    `frame_bytes` is the size of 20 ms, `silence` the byte that fills the last frame of an item. `changes` gathers
    Started and Finished for whoever keeps the transcript; the owner empties it.
    """

    def __init__(self, *, frame_bytes: int, silence: int, lead_frames: int = LEAD_FRAMES) -> None:
        self._frame_bytes = frame_bytes
        self._padding = bytes([silence]) * frame_bytes
        self._queue: deque[_Item] = deque()
        self._items: dict[str, _Item] = {}
        self._in_flight: deque[_Item | None] = deque(maxlen=lead_frames)
        self._cut: set[str] = set()
        self._max_bytes = MAX_BUFFERED_MS // FRAME_MS * frame_bytes
        self._buffered_bytes = 0
        self.changes: list[Started | Finished] = []
        self.dropped_bytes = 0
        self.underruns = 0
        self.is_paused = False

    def change_format(self, *, frame_bytes: int, silence: int) -> None:
        """What has come, and what will, is of another format than was believed."""
        self._frame_bytes = frame_bytes
        self._padding = bytes([silence]) * frame_bytes
        self._max_bytes = MAX_BUFFERED_MS // FRAME_MS * frame_bytes

    def add(self, item_id: str, audio: bytes) -> None:
        """More audio of an item. Late audio of an interrupted item, and audio beyond the limit, is dropped."""
        if item_id in self._cut or self._buffered_bytes + len(audio) > self._max_bytes:
            self.dropped_bytes += len(audio)
            return
        item = self._items.get(item_id)
        if item is None:
            item = self._items[item_id] = _Item(item_id)
            self._queue.append(item)
        elif item.complete:
            self.dropped_bytes += len(audio)
            return
        item.audio += audio
        item.received_bytes += len(audio)
        self._buffered_bytes += len(audio)

    def finish(self, item_id: str) -> None:
        """No more audio of this item will come: the rest of it may be played, filled up to a frame."""
        item = self._items.get(item_id)
        if item is not None and not item.complete:
            item.complete = True
            self._drop_finished()

    def take(self) -> bytes | None:
        """The next frame for the wire; None stands for silence. Call it once per 20 ms."""
        while self._queue and not self.is_paused:
            item = self._queue[0]
            if len(item.audio) >= self._frame_bytes or (item.audio and self._is_closed(item)):
                return self._write(item)
            if not self._is_closed(item):
                if item.frames_written:
                    self.underruns += self._in_flight[-1] is item
                break
            self._end(item)
        self._in_flight.append(None)
        return None

    def flush(self) -> list[Cut]:
        """Forget everything that was not handed out yet. Returns the items that were not heard to their end.

        A pause (`is_paused`: silence is handed out, and nothing is lost) ends with it.
        """
        cuts = [
            Cut(item.item_id, self._heard_ms(item), self._ms(item.received_bytes))
            for item in self._queue
            if item.audio or not item.complete
        ]
        for item in self._queue:
            self._cut.add(item.item_id)
            item.audio.clear()
        self._queue.clear()
        self._buffered_bytes = 0
        self.is_paused = False
        return cuts

    @property
    def is_empty(self) -> bool:
        """Nothing is left to be handed out."""
        return not self._buffered_bytes

    @property
    def is_sounding(self) -> bool:
        """An item is being heard: it has begun and has not ended, or its last frames are in flight."""
        return bool(self._queue and self._queue[0].frames_written) or any(item is not None for item in self._in_flight)

    @property
    def remaining_ms(self) -> int | None:
        """How much is left to be handed out; None while more of it may come."""
        return self._ms(self._buffered_bytes) if all(item.complete for item in self._queue) else None

    @property
    def is_quiet(self) -> bool:
        """Nothing is left to be handed out, and the last frames of sound have left the flight."""
        return not self._buffered_bytes and all(item is None for item in self._in_flight)

    def heard_ms(self, item_id: str) -> int:
        """How much of an item has been heard by now."""
        item = self._items.get(item_id)
        return self._heard_ms(item) if item is not None else 0

    def is_complete(self, item_id: str) -> bool:
        item = self._items.get(item_id)
        return item is not None and item.complete

    def received_ms(self, item_id: str) -> int:
        item = self._items.get(item_id)
        return self._ms(item.received_bytes) if item is not None else 0

    def _is_closed(self, item: _Item) -> bool:
        """Nothing more is added to an item once the next one has begun."""
        return item.complete or len(self._queue) > 1

    def _write(self, item: _Item) -> bytes:
        frame = bytes(item.audio[: self._frame_bytes])
        del item.audio[: self._frame_bytes]
        self._buffered_bytes -= len(frame)
        if not item.frames_written:
            self.changes.append(Started(item.item_id))
        item.frames_written += 1
        self._in_flight.append(item)
        if not item.audio and item.complete:
            self._end(item)
        missing = self._frame_bytes - len(frame)
        return frame + self._padding[:missing] if missing else frame

    def _drop_finished(self) -> None:
        while self._queue and self._queue[0].complete and not self._queue[0].audio:
            self._end(self._queue[0])

    def _end(self, item: _Item) -> None:
        item.complete = True
        self._queue.popleft()
        if item.frames_written:
            self.changes.append(Finished(item.item_id, self._ms(item.received_bytes)))

    def _heard_ms(self, item: _Item) -> int:
        in_flight = sum(frame is item for frame in self._in_flight)
        return min((item.frames_written - in_flight) * FRAME_MS, self._ms(item.received_bytes))

    def _ms(self, size: int) -> int:
        return size * FRAME_MS // self._frame_bytes
