"""How the agent behaves towards whoever is there: it talks, is silent on hold, or leaves a message on a machine.

The reception (callee/reception.py) says who is there, the dialogue asks here whether it is the agent's turn.
"""

from collections.abc import Callable
from enum import Enum

from audiogateway.playout import FRAME_MS
from audiogateway.responses import ResponseOwner
from audiogateway.silence import SilenceWatch


class Manner(Enum):
    TALK = "talk"
    HOLD = "hold"  # silent until somebody speaks to it
    MACHINE = "machine"  # silent until the machine records
    MESSAGE = "message"  # speaks, whatever is heard


class Conduct:
    """Of one dialogue. `hush` stops what is being said, `answer` asks for what comes next in the talk."""

    def __init__(
        self,
        responses: ResponseOwner,
        silence: SilenceWatch,
        now_ms: Callable[[], int],
        *,
        hush: Callable[[], None],
        answer: Callable[[], None],
    ) -> None:
        self._responses = responses
        self._silence = silence
        self._now_ms = now_ms
        self._answer = answer
        self._message_frames = 0
        self.manner = Manner.TALK
        self.hush = hush

    @property
    def is_waiting(self) -> bool:
        """The agent is silent, and nothing is missing."""
        return self.manner in (Manner.MACHINE, Manner.HOLD)

    @property
    def message_ms(self) -> int:
        """How much of a message has been played so far."""
        return self._message_frames * FRAME_MS

    def spoke(self) -> None:
        """A frame of the agent's voice has gone out."""
        self._message_frames += self.manner is Manner.MESSAGE

    def wait_for_beep(self) -> None:
        """A machine speaks: it is not answered, and the agent is asked for its message when the machine is quiet."""
        self.manner = Manner.MACHINE
        self.hush()
        self._silence.message_is_due(self._now_ms())

    def machine_records(self) -> None:
        """What it plays from now on interrupts nothing."""
        self.manner = Manner.MESSAGE
        self._silence.message_begins(self._now_ms())
        self._responses.callee_stopped()

    def leave_message(self) -> None:
        """The agent is asked for it."""
        self.machine_records()
        self._responses.ask()

    def keys_were_pressed(self) -> None:
        """A menu puts one through, perhaps with announcements and music."""
        self.manner = Manner.HOLD
        self._silence.keys_were_pressed()

    def hold_on(self) -> None:
        """They ask for patience: announcements and music are not answered, nor is what was begun as an answer heard."""
        self.manner = Manner.HOLD
        self.hush()
        self._silence.put_on_hold(self._now_ms())

    def go_on(self) -> None:
        """Somebody speaks to the agent after all, or a menu wants another key: they get an answer."""
        if self.manner is Manner.MESSAGE:
            self.hush()
        self.manner = Manner.TALK
        self._silence.somebody_is_there()
        self._answer()
