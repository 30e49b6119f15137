"""When the agent speaks although nobody has spoken to it: the first words, and what it says into a silence.

How long a silence may last stands in silence.py.
"""

from audiogateway.conduct import Conduct
from audiogateway.responses import ResponseOwner
from audiogateway.silence import SilenceWatch, Step

FIRST_WORDS_MS = 4_000
"""When the callee shall speak first and does not, the agent begins after this time."""
STILL_THERE = "In the language of the call, ask in one short sentence whether they are still there."


class Initiative:
    """Of one talk. Times are milliseconds since the answer."""

    def __init__(
        self, silence: SilenceWatch, conduct: Conduct, responses: ResponseOwner, *, callee_begins: bool
    ) -> None:
        self._silence = silence
        self._conduct = conduct
        self._responses = responses
        self._first_words_due = callee_begins
        self.is_abandoned = False
        """Nobody has answered for so long that the call shall end."""

    def first_words_were_said(self) -> None:
        self._first_words_due = False

    def reopen(self) -> None:
        """A call that was ending goes on."""
        self.is_abandoned = False

    def on_time(self, now_ms: int, *, is_quiet: bool, is_closing: bool) -> None:
        """Asked about ten times a second while the line is up."""
        if self._first_words_due and now_ms >= FIRST_WORDS_MS:
            self._first_words_due = False
            self._responses.ask()
        if not is_closing and (step := self._silence.on_time(now_ms, is_quiet=is_quiet)) is not None:
            self._break_silence(step)

    def _break_silence(self, step: Step) -> None:
        match step:
            case Step.ASK:
                self._responses.ask(STILL_THERE)
            case Step.LEAVE_MESSAGE:
                self._conduct.leave_message()
            case Step.END:
                self.is_abandoned = True
