"""The callee's last words as sound: what a session has heard and nobody has written down can be said to another one.

Positions are bytes since the answer, in the format of the session. Pure.
"""

from collections import deque
from dataclasses import dataclass

TAPE_MS = 15_000
"""So much of the end is kept. Longer speeches lose their beginning, and only when a connection breaks."""


@dataclass(slots=True)
class _Speech:
    starts: int
    ends: int | None = None


class CalleeTape:
    """`bytes_per_ms` of the session's input format."""

    def __init__(self, *, bytes_per_ms: int) -> None:
        self._bytes_per_ms = bytes_per_ms
        self._pieces: deque[bytes] = deque()
        self._kept = 0
        self._speeches: dict[str, _Speech] = {}
        self._session_starts = 0
        self._lost_at: int | None = None
        self._live_from = 0
        self.position = 0
        """The end of what was heard so far."""

    def add(self, audio: bytes) -> None:
        self._pieces.append(audio)
        self._kept += len(audio)
        self.position += len(audio)
        while self._kept - len(self._pieces[0]) >= TAPE_MS * self._bytes_per_ms:
            self._kept -= len(self._pieces.popleft())

    @property
    def session_ms(self) -> int:
        """How much the session has been sent, counting what was said to it again."""
        return (self.position - self._session_starts) // self._bytes_per_ms

    # What the session tells, in milliseconds of what was sent to it

    def speech_started(self, item_id: str, session_ms: int) -> None:
        self._speeches[item_id] = _Speech(self._at(session_ms))

    def speech_stopped(self, item_id: str, session_ms: int) -> None:
        speech = self._speeches.setdefault(item_id, _Speech(self._at(session_ms)))
        speech.ends = self._at(session_ms)

    def written(self, item_id: str) -> None:
        """Its words are known."""
        self._speeches.pop(item_id, None)

    # When the session is lost or replaced

    def session_lost(self) -> None:
        """From here on nobody has heard the callee."""
        self._lost_at = self.position

    def unwritten(self) -> dict[str, bytes]:
        """Speeches that are over and whose words are not known, by item."""
        over = {item_id: speech for item_id, speech in self._speeches.items() if speech.ends is not None}
        return {item_id: self._between(speech.starts, speech.ends or 0) for item_id, speech in over.items()}

    def begin_session(self) -> bytes:
        """A new session takes over: it must hear this first, and gets its own count of milliseconds.

        That is everything since the loss, from the beginning of a speech that was going on then.
        """
        going_on = [speech.starts for speech in self._speeches.values() if speech.ends is None]
        starts = min([self.position if self._lost_at is None else self._lost_at, *going_on])
        audio = self._between(starts, self.position)
        self._session_starts = self.position - len(audio)
        self._speeches.clear()
        self._lost_at = None
        self._live_from = self.position
        return audio

    def was_kept(self, session_ms: int) -> bool:
        """That sound is older than the session, which heard it from here."""
        return self._at(session_ms) < self._live_from

    def shift(self, size: int) -> None:
        """The session was sent `size` bytes of older sound before what `begin_session` gave."""
        self._session_starts -= size

    def _at(self, session_ms: int) -> int:
        return self._session_starts + session_ms * self._bytes_per_ms

    def _between(self, starts: int, ends: int) -> bytes:
        oldest = self.position - self._kept
        whole = b"".join(self._pieces)
        return whole[max(starts - oldest, 0) : max(ends - oldest, 0)]
