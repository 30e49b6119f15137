"""The callee's "Hello?" at the beginning, which is no interruption.

Whoever picks up a telephone says something, just when the agent begins to speak. Stopping the first sentence for it
would begin every call with a false start. So in the first moments the agent goes on speaking, unless the callee
goes on as well.
"""

from enum import Enum

GRACE_MS = 1_500
"""Counted from the answer, and again from the beginning of a speech within it."""


class Verdict(Enum):
    GREETED = "greeted"  # the agent goes on; from now on it can be interrupted
    INTERRUPTED = "interrupted"  # the callee keeps talking: that was more than a hello


class HelloGrace:
    """Times in milliseconds since the answer."""

    def __init__(self) -> None:
        self._until_ms = GRACE_MS
        self._callee_speaks = False

    def callee_started(self, now_ms: int) -> None:
        self._callee_speaks = True
        self._until_ms = now_ms + GRACE_MS

    def verdict(self, now_ms: int) -> Verdict | None:
        """None while it is too early to tell."""
        if now_ms < self._until_ms:
            return None
        return Verdict.INTERRUPTED if self._callee_speaks else Verdict.GREETED
