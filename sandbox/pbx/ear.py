"""Personas hear the agent take its leave; one ear serves all calls and never holds up their clock."""

from sandbox.pbx.callee import TICK_MS
from sandbox.pbx.clock import Clock
from sandbox.speech.phrases import GOODBYE
from sandbox.speech.recognize import Recognizer

MAX_PER_TICK = 4
"""One recognition takes about a millisecond; many turns that end in the same tick wait for the next ones."""


class GoodbyeEar:
    """Recognises the agent's last sentence by its sound."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._recognizer = Recognizer([GOODBYE], voice="agent")
        self._tick = 0
        self._left = MAX_PER_TICK

    def hears(self, pcm8k: bytes) -> bool | None:
        """Does the sound end with the goodbye? None: too many asked within this tick."""
        tick = int(self._clock.now_s() * 1000 / TICK_MS)
        if tick != self._tick:
            self._tick, self._left = tick, MAX_PER_TICK
        if not self._left:
            return None
        self._left -= 1
        return self._recognizer.ends_with(pcm8k) is not None
