"""The voice before the line comes: when the telephone may ring, and when the voice turns out to be of no use."""

import math
from collections.abc import Callable

from audiogateway.dialogue import Dialogue
from audiogateway.realtime.events import AgentAudio, Event


class Ringing:
    """Of one call. `dialogue` is the one that is going on; `on_ready` is called when the telephone may ring.

    That is when the first of the greeting has come, or at once when the callee shall speak first.
    """

    def __init__(self, *, agent_begins: bool, dialogue: Callable[[], Dialogue], on_ready: Callable[[], None]) -> None:
        self._agent_begins = agent_begins
        self._dialogue = dialogue
        self._on_ready = on_ready
        self.is_ready = False

    def voice_is_open(self) -> None:
        if not self._agent_begins:
            self._become_ready()

    def hear(self, event: Event) -> str:
        """What the dialogue has heard just now. Returns why this voice is of no use, or ""."""
        dialogue = self._dialogue()
        dialogue.ask_again(math.inf)  # there is no clock yet
        if dialogue.failures.has_given_up:
            return "The model cannot answer."
        if dialogue.sound_is_unknown:
            return "The model speaks in a format that nobody knows."
        if not self.is_ready and isinstance(event, AgentAudio):
            self._become_ready()
        return ""

    def _become_ready(self) -> None:
        self.is_ready = True
        self._on_ready()
