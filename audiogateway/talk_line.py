"""The line of one talk: frames out, sound in, silence where none comes, and the recording of both.

A line may be taken away by the PBX and be connected again, when a callee was put through to a person in vain.
"""

from collections.abc import Sequence

from audiogateway.audiosocket import server
from audiogateway.audiosocket.server import Line
from audiogateway.comfort import Comfort
from audiogateway.line_format import LineFormat
from audiogateway.recording.recorder import TalkRecording


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
    def __init__(self, line_format: LineFormat) -> None:
        self._format = line_format
        self._comfort = Comfort()
        self._line: Line | None = None
        self._recording: TalkRecording | None = None
        self._replaced = 0

    @property
    def is_up(self) -> bool:
        return self._line is not None

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

    def record(self, recording: TalkRecording) -> None:
        self._recording = recording

    def end_recording(self) -> None:
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
