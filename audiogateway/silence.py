"""When nobody speaks: asking whether they are still there, ending the call, or speaking to a machine.

Pure: milliseconds go in, steps come out.
"""

from enum import Enum

SILENCE_MS = 8_000
"""Nobody has said anything for so long: the callee is asked, and the next time the call ends."""
PUT_THROUGH_MS = 30_000
"""After a key was pressed: a menu that puts somebody through may ring without a word."""
AFTER_GREETING_MS = 2_500
"""So much quiet, as the model's turn detection tells it, and the machine records, also when no beep was heard."""
LONGEST_GREETING_MS = 60_000
"""A machine that is still not recording after this is given up."""
AFTER_MESSAGE_MS = 2_500
"""So much quiet, and the message is over, unless the model says so before."""
LONGEST_MESSAGE_MS = 60_000
LONGEST_HOLD_MS = 300_000
"""On hold, whatever is played there; then nobody is coming."""


class Step(Enum):
    ASK = "ask"
    LEAVE_MESSAGE = "leave_message"
    END = "end"


class SilenceWatch:
    """The silence of one talk. `limit_ms` is how long it may last in a talk between people."""

    def __init__(self, limit_ms: int = SILENCE_MS) -> None:
        self._normal_ms = self._limit_ms = limit_ms
        self._since_ms: int | None = None
        self._next = Step.ASK
        self._give_up_ms: int | None = None

    def callee_spoke(self) -> None:
        """Somebody is there. While a machine is waited for, voices do not count as somebody."""
        self._since_ms = None
        if self._give_up_ms is None:
            self._next, self._limit_ms = Step.ASK, self._normal_ms

    def somebody_is_there(self) -> None:
        """The machine has become a person, or a menu that wants keys."""
        self._give_up_ms = None
        self.callee_spoke()

    def keys_were_pressed(self) -> None:
        """A menu was just answered."""
        self._since_ms, self._next, self._limit_ms = None, Step.ASK, max(PUT_THROUGH_MS, self._normal_ms)

    def message_is_due(self, now_ms: int) -> None:
        """A message is left as soon as the machine is quiet."""
        self._since_ms, self._next, self._limit_ms = None, Step.LEAVE_MESSAGE, AFTER_GREETING_MS
        self._give_up_ms = now_ms + LONGEST_GREETING_MS

    def message_begins(self, now_ms: int) -> None:
        """Nothing is asked of a machine that records: when the message is over, so is the call."""
        self._since_ms, self._next, self._limit_ms = None, Step.END, AFTER_MESSAGE_MS
        self._give_up_ms = now_ms + LONGEST_MESSAGE_MS

    def put_on_hold(self, now_ms: int) -> None:
        """Somebody asks for patience; asking again does not begin anew."""
        if self._give_up_ms is None:
            self._since_ms, self._next, self._limit_ms = None, Step.END, LONGEST_HOLD_MS
            self._give_up_ms = now_ms + LONGEST_HOLD_MS

    def on_time(self, now_ms: int, *, is_quiet: bool) -> Step | None:
        """`is_quiet`: nobody speaks, nothing is being prepared or waited for."""
        if self._give_up_ms is not None and now_ms >= self._give_up_ms:
            return self._take(Step.END)
        if not is_quiet:
            self._since_ms = None
            return None
        if self._since_ms is None:
            self._since_ms = now_ms
        return self._take(self._next) if now_ms - self._since_ms >= self._limit_ms else None

    def _take(self, step: Step) -> Step:
        self._since_ms, self._next, self._limit_ms = None, Step.END, self._normal_ms
        self._give_up_ms = None
        return step
