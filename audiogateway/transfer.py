"""The transfer to a person that follows the last words: by command at the PBX, which takes the line away.

last words --heard, or LAST_WORDS_MS--> command --acknowledged--> the line is taken away --> person, or line back
                                                \\--refused, or the line stays--> the talk goes on

The agent is out of it while it rings at the person. When nobody answers there, the PBX connects the same call again.
"""

from enum import Enum
from typing import Protocol

import structlog

from audiogateway.dialogue import Dialogue
from audiogateway.phase import Phase
from audiogateway.ports import CommandBus, Spawn
from calls.contracts import Ack, Command, CommandName, TalkOrder

log = structlog.get_logger(__name__)

LAST_WORDS_MS = 8_000
"""The agent's sentence may take so long; then the callee is put through in any case."""
REDIRECT_MS = 3_000
"""So long after its acknowledgement the PBX may take to take the line away."""
CONNECT_MS = 15_000
"""Beyond the ringing, for the PBX to bring back a callee to whom nobody answered."""
RETURNED_MS = 30_000
"""So long a callee who came back is talked with at least, also at the end of the call's time."""

ONE_MOMENT = 'In the language of the call, say: "One moment, I will put you through."'
NOT_PUT_THROUGH = (
    'In the language of the call, say: "I am sorry, nobody could be reached right now. Somebody will be in touch with '
    'you." Then go on with the call.'
)


class _Step(Enum):
    NONE = "none"
    LAST_WORDS = "last words"
    COMMANDED = "commanded"
    AWAY = "away"


class Caller(Protocol):
    """Whose callee it is (session.Session)."""

    phase: Phase

    @property
    def dialogue(self) -> Dialogue: ...

    def now_ms(self) -> int:
        """Milliseconds since the answer."""

    def on_not_put_through(self) -> None:
        """The callee is on the line, or is there again."""

    def on_left_to_person(self, cause: str) -> None:
        """The callee will not come back. `cause` is one of calls.endings."""


class Transfer:
    """Of one call, any number of times."""

    def __init__(self, order: TalkOrder, commands: CommandBus, spawn: Spawn, caller: Caller) -> None:
        self._order = order
        self._commands = commands
        self._spawn = spawn
        self._caller = caller
        self._step = _Step.NONE
        self._command = Command(order.call_id, CommandName.TRANSFER_CALL, {})
        self._deadline_ms = 0
        self._cause = ""
        self.grace_until_ms = 0
        """The call may last so long, whatever its maximum is."""

    @property
    def takes_line(self) -> bool:
        """The PBX was told: that the line closes means that it does so, and not that the callee hung up."""
        return self._step in (_Step.COMMANDED, _Step.AWAY)

    def begin(self, reason: str, command_id: str) -> None:
        """The agent has said that it will; if it has not, it is asked to."""
        dialogue = self._caller.dialogue
        dialogue.close("" if dialogue.agent_had_last_word else ONE_MOMENT)
        self._step = _Step.LAST_WORDS
        self._cause = ""
        self._command = Command(self._order.call_id, CommandName.TRANSFER_CALL, {"reason": reason}, command_id)
        self._deadline_ms = self._caller.now_ms() + LAST_WORDS_MS
        self.grace_until_ms = self._deadline_ms + REDIRECT_MS + self._away_ms + RETURNED_MS

    @property
    def _away_ms(self) -> int:
        """So long a callee may be away to whom nobody answers."""
        return self._order.transfer_ring_seconds * 1000 + CONNECT_MS

    def on_time(self, now_ms: int) -> None:
        """Asked about ten times a second."""
        is_overdue = now_ms >= self._deadline_ms
        match self._step:
            case _Step.LAST_WORDS if is_overdue or self._caller.dialogue.last_words_were_heard:
                self._step = _Step.COMMANDED
                self._deadline_ms = self.grace_until_ms  # the command has deadlines of its own
                self._spawn(self._tell_pbx())
            case _Step.COMMANDED if is_overdue:
                self._fail("The telephone system did not put the callee through.")
            case _Step.AWAY if is_overdue:
                self._leave("transferred")  # the callee did not come back, whoever should have told of it

    async def _tell_pbx(self) -> None:
        ack = await self._commands.send(self._command)
        if self._step is not _Step.COMMANDED:
            return  # the line was taken before the acknowledgement came
        if problem := _problem(ack):
            self._fail(problem)
        else:
            self._deadline_ms = self._caller.now_ms() + REDIRECT_MS

    # The line

    def line_was_taken(self) -> None:
        self._step = _Step.AWAY
        self._deadline_ms = self._caller.now_ms() + self._away_ms
        if self._cause:
            self._leave(self._cause)

    def line_is_back(self) -> None:
        self._fail("Nobody answered.")

    def _fail(self, problem: str) -> None:
        if self._caller.phase is not Phase.TRANSFERRING:
            return  # the call is being ended
        log.info("not_put_through", call_id=str(self._order.call_id), problem=problem)
        self._step = _Step.NONE
        self.grace_until_ms = self._caller.now_ms() + RETURNED_MS
        self._caller.dialogue.reopen(NOT_PUT_THROUGH)
        self._caller.on_not_put_through()

    def _leave(self, cause: str) -> None:
        if self._caller.phase is Phase.TRANSFERRING:
            self._caller.on_left_to_person(cause)

    # What callcontrol tells

    def person_answered(self) -> None:
        """The callee talks with a person."""
        self._end("transferred")

    def callee_gave_up(self) -> None:
        """The callee hung up while it rang at the person."""
        self._end("callee_hung_up")

    def _end(self, cause: str) -> None:
        """It may be told before the line closes."""
        self._cause = self._cause or cause
        if self._step is _Step.AWAY:
            self._leave(self._cause)


def _problem(ack: Ack | None) -> str:
    if ack is None:
        return "Nobody confirmed the transfer."
    return "" if ack.ok else ack.error
