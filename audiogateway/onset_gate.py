"""A sound of the callee into the agent's words: an interruption, or only a "mhm", a cough, a door.

The agent is silent while that is open, and goes on where it was when the sound was short. Short is less than the
gate: "mhm", "yes", "okay", "I see" take 250 to 550 ms, and whoever wants the floor goes on talking. As the agent is
silent in any case, a long gate costs nothing but the moment until the model begins to think of its answer.
"""

from enum import Enum

from audiogateway.own_ears import GAP_MS, Onset
from audiogateway.playout import FRAME_MS

ONSET_GATE_MS = 600


class Verdict(Enum):
    PAUSES = "pauses"  # the callee is heard: it may become an interruption
    GOES_ON = "goes on"  # the callee is quiet, although the model may not have noticed yet
    INTERRUPTS = "interrupts"


class OnsetGate:
    """One speech, as the model's turn detection sees it. Times in milliseconds on one clock."""

    def __init__(self, gate_ms: int, onset: Onset, now_ms: int) -> None:
        self._gate_ms = gate_ms
        self._voiced_ms = onset.voiced_ms
        self._last_voice_ms = now_ms - onset.quiet_ms

    def voice(self, now_ms: int) -> None:
        """20 ms of the callee's voice."""
        gap_ms = now_ms - self._last_voice_ms
        self._voiced_ms += gap_ms if gap_ms < GAP_MS else FRAME_MS
        self._last_voice_ms = now_ms

    @property
    def has_heard_voice(self) -> bool:
        return self._voiced_ms > 0

    def verdict(self, now_ms: int) -> Verdict:
        if self.has_heard_voice and self._voiced_ms >= self._gate_ms:
            return Verdict.INTERRUPTS
        return Verdict.PAUSES if now_ms - self._last_voice_ms < GAP_MS else Verdict.GOES_ON
