"""The line of one talk: its clock, frames out, sound in, silence where none comes, and the recording of both.

A line may be taken away by the PBX and be connected again, when a callee was put through to a person in vain.
"""

from collections.abc import Callable, Sequence

from audiogateway.audiosocket import server
from audiogateway.audiosocket.server import Line
from audiogateway.comfort import Comfort
from audiogateway.line_format import LineFormat
from audiogateway.pacing import Paced
from audiogateway.recording.recorder import TalkRecording
from audiogateway.surroundings import Surroundings
from calls.contracts import TalkOrder


def cause_of_break(reason: str) -> str:
    """Why a line ended that ends with this reason; "" when somebody hung up."""
    match reason:
        case server.CLOSED_BY_PBX | server.HUNG_UP:
            return ""
        case server.CONNECTION_LOST:
            return "connection_lost"
        case _:
            return "line_error"


class TalkLine:
    """Of one call. `paced` is asked for frames from the answer to the end."""

    def __init__(self, order: TalkOrder, around: Surroundings, line_format: LineFormat, paced: Paced) -> None:
        self._order = order
        self._around = around
        self._format = line_format
        self._paced = paced
        self._answered: float | None = None
        self._comfort = Comfort()
        self._line: Line | None = None
        self._recording: TalkRecording | None = None
        self._replaced = 0

    @property
    def is_up(self) -> bool:
        return self._line is not None

    def now_ms(self) -> int:
        """Milliseconds since the answer; 0 before it."""
        return 0 if self._answered is None else int((self._around.clock() - self._answered) * 1000)

    def answer(self, line: Line, *, on_refused: Callable[[], None]) -> None:
        """The PBX has answered. `on_refused` is called when the call is not expected to be answered."""
        self.connect(line)
        self._answered = self._around.clock()
        self._around.store.media_up(self._order.call_id, at=self._around.now(), on_refused=on_refused)
        if self._order.records and self._around.recorder is not None:
            self._recording = self._around.recorder.begin(self._order)
        self._around.ticker.add(self._paced)

    def connect(self, line: Line) -> None:
        """The end of one that is still there is on its way."""
        self._replaced += self._line is not None
        self._line = line

    def has_closed(self) -> bool:
        """A line has ended. False when it was one that had been replaced."""
        if self._replaced:
            self._replaced -= 1
            return False
        self._line = None
        return True

    def hang_up(self) -> None:
        if self._line is not None:
            self._line.hang_up()

    def end(self) -> None:
        """No frame more, in neither direction."""
        self._around.ticker.remove(self._paced)
        if self._recording is not None:
            self._recording.close()
            self._recording = None

    def hear(self, samples: bytes) -> None:
        """Sound of the callee has come."""
        self._comfort.heard()
        if self._recording is not None:
            self._recording.heard(samples)

    def tick(self, said: Sequence[bytes | None], *, skipped: int) -> bytes:
        """Sends frames of the agent's voice; None is silence. Returns silence that the model shall hear."""
        if self._recording is not None:
            self._recording.ticked(map(self._format.to_recording, said), skipped=skipped)
        if self._line is None:
            return b""
        for frame in said:
            self._line.write(self._format.to_line(frame))
        return self._format.silence_of_callee(self._comfort.ticked(len(said)))
