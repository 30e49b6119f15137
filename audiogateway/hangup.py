"""The hangup that follows the last words: by command at the PBX, and by cutting the line where that does not work.

last words --heard, or within_ms--> command --acknowledged, and HANG_UP_MS--> cut
                                                \\--refused, or no answer--------> cut
"""

from collections.abc import Callable
from uuid import UUID, uuid4

from audiogateway.ports import CommandBus, Spawn
from calls.contracts import Command, CommandName

LAST_WORDS_MS = 8_000
"""The farewell may take so long; then the call is hung up in any case."""
MESSAGE_MS = 60_000
"""And a message on a voicemail so long."""
HANG_UP_MS = 3_000
"""So long after its acknowledgement the hangup may take; then the line is cut here."""

NOBODY_THERE = 'In the language of the call, say: "I cannot hear you. We will try again another time. Goodbye."'
FAREWELL = 'In the language of the call, say: "I am sorry, I have to end this call now. Goodbye."'


class Hangup:
    """Of one call. `cut` ends the line from our side. Times are milliseconds since the answer."""

    def __init__(
        self, call_id: UUID, commands: CommandBus, spawn: Spawn, now_ms: Callable[[], int], cut: Callable[[], None]
    ) -> None:
        self._call_id = call_id
        self._commands = commands
        self._spawn = spawn
        self._now_ms = now_ms
        self._cut = cut
        self._cause = ""
        self._deadline_ms: int | None = None
        self._is_commanded = False

    def follow_last_words(self, cause: str, *, within_ms: int = LAST_WORDS_MS) -> None:
        self._cause = cause
        self._deadline_ms = self._now_ms() + within_ms

    def take_back(self) -> bool:
        """The talk goes on after all. False when it is too late for that."""
        if not self._is_commanded:
            self._deadline_ms = None
        return not self._is_commanded

    def on_time(self, now_ms: int, *, last_words_were_heard: bool) -> None:
        """Asked about ten times a second."""
        is_overdue = self._deadline_ms is not None and now_ms >= self._deadline_ms
        if self._is_commanded:
            if is_overdue:
                self._cut()
        elif last_words_were_heard or is_overdue:
            self._is_commanded = True
            self._deadline_ms = None
            self._spawn(self._hang_up_at_pbx())

    async def _hang_up_at_pbx(self) -> None:
        """By command, so that the PBX ends the channel."""
        command = Command(self._call_id, CommandName.END_CALL, {"reason": self._cause}, str(uuid4()))
        ack = await self._commands.send(command)
        if ack is not None and ack.ok:
            self._deadline_ms = self._now_ms() + HANG_UP_MS
        else:
            self._cut()
