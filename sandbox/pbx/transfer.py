"""Dial() in the middle of a call: a second channel to a person, and the two who then talk with each other."""

import asyncio
import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.pbx import causes, events
from sandbox.pbx.callee import SILENCE, Callee
from sandbox.pbx.channel import RINGING, UP, Channel
from sandbox.pbx.clock import Clock
from sandbox.pbx.events import Event
from sandbox.personas import Answers, Persona, Refuses

RING_AFTER_MS = 100


class DialEnd(enum.Enum):
    """How Dial() returned. After the last two the call is over."""

    BUSY = "BUSY"
    NO_ANSWER = "NOANSWER"
    CONGESTION = "CONGESTION"
    UNAVAILABLE = "CHANUNAVAIL"
    ASKED = "asked by AMI"
    CALLEE_HUNG_UP = "callee"
    PERSON_HUNG_UP = "person"


@dataclass(frozen=True)
class Person:
    """Who is dialled: the channel to them, and who picks up there."""

    channel: Channel
    persona: Persona
    dial_string: str


class TwoPeople:
    """The callee and the person hear each other; until the person picks up, the callee hears nothing."""

    def __init__(self, callee: Callee) -> None:
        self.has_ended: asyncio.Future[DialEnd] = asyncio.get_running_loop().create_future()
        self._callee = callee
        self._person: Callee | None = None
        self._from_callee = self._from_person = SILENCE

    def put_through(self, person: Callee) -> None:
        self._person = person

    def tick(self) -> None:
        """20 ms."""
        if self.has_ended.done():
            return
        said = self._callee.tick(self._from_person) or SILENCE
        if self._person is not None:
            self._from_person = self._person.tick(self._from_callee) or SILENCE
        self._from_callee = said
        if self._callee.has_hung_up:
            self.has_ended.set_result(DialEnd.CALLEE_HUNG_UP)
        elif self._person is not None and self._person.has_hung_up:
            self.has_ended.set_result(DialEnd.PERSON_HUNG_UP)


class Dial:
    """One Dial() of the call on channel `caller`. `asked` is done when AMI wants something of the call."""

    def __init__(
        self,
        caller: Channel,
        person: Person,
        talk: TwoPeople,
        *,
        asked: "asyncio.Future[Any]",
        clock: Clock,
        publish: Callable[[Event], None],
        answers: Callable[[Persona], Callee],
    ) -> None:
        self._caller = caller
        self._person = person
        self._talk = talk
        self._asked = asked
        self._clock = clock
        self._publish = publish
        self._answers = answers
        self.was_answered = False

    async def run(self, timeout_ms: float) -> DialEnd:
        """Tells every event but the end of the person's channel, which is told by hung_up()."""
        self._publish(events.new_channel(self._person.channel))
        self._publish(events.dial_begin(self._person.channel, self._person.dial_string, self._caller))
        self._clock.add(self._talk.tick)
        try:
            return await self._ring(timeout_ms) or await self._let_talk()
        finally:
            self._clock.remove(self._talk.tick)

    def hung_up(self, ended: DialEnd) -> None:
        """The end of the person's channel."""
        self._caller.bridge = ""
        refusal = self._person.persona.signalling
        cause, status = causes.NORMAL, None
        if ended in (DialEnd.BUSY, DialEnd.CONGESTION) and isinstance(refusal, Refuses):
            cause, status = refusal.cause, refusal.sip_status
        elif ended is DialEnd.NO_ANSWER:
            cause = causes.UNKNOWN
        self._publish(events.hangup(self._person.channel, cause, status))

    async def _ring(self, timeout_ms: float) -> DialEnd | None:
        """None when the person has picked up."""
        signalling = self._person.persona.signalling
        if not isinstance(signalling, Refuses) or signalling.rings:
            if (ended := await self._wait(RING_AFTER_MS)) is not None:
                return self._not_answered(ended)
            self._set_state(RINGING)
            self._publish(events.dial_state(self._person.channel, "RINGING", self._caller))
        match signalling:
            case Answers(after_ms) if after_ms <= timeout_ms:
                ended = await self._wait(after_ms)
            case Refuses(after_ms=after_ms) if after_ms <= timeout_ms:
                ended = await self._wait(after_ms) or self._refused(signalling)
            case _:
                ended = await self._wait(timeout_ms) or DialEnd.NO_ANSWER
        if ended is not None:
            return self._not_answered(ended)
        self._picked_up()
        return None

    def _refused(self, refusal: Refuses) -> DialEnd:
        self._publish(events.hangup_request(self._person.channel, refusal.cause, refusal.sip_status))
        return {causes.BUSY: DialEnd.BUSY, causes.CONGESTION: DialEnd.CONGESTION}.get(refusal.cause, DialEnd.NO_ANSWER)

    def _not_answered(self, ended: DialEnd) -> DialEnd:
        if ended is DialEnd.CALLEE_HUNG_UP:
            self._publish(events.hangup_request(self._caller, causes.UNKNOWN, None))
        status = ended.value if ended.value.isupper() else "CANCEL"
        self._publish(events.dial_end(self._person.channel, status, self._caller))
        return ended

    def _picked_up(self) -> None:
        self.was_answered = True
        self._set_state(UP)
        self._person.channel.exten = ""
        self._caller.bridge = self._person.channel.bridge = f"bridge-{self._person.channel.uniqueid}"
        self._publish(events.dial_end(self._person.channel, "ANSWER", self._caller))
        self._talk.put_through(self._answers(self._person.persona))

    async def _let_talk(self) -> DialEnd:
        ended = await self._wait(None)
        assert ended is not None
        who = {DialEnd.CALLEE_HUNG_UP: self._caller, DialEnd.PERSON_HUNG_UP: self._person.channel}.get(ended)
        if who is not None:
            cause = causes.NORMAL if ended is DialEnd.PERSON_HUNG_UP else causes.UNKNOWN
            self._publish(events.hangup_request(who, cause, None))
        return ended

    async def _wait(self, duration_ms: float | None) -> DialEnd | None:
        """None when the time is over."""
        either: list[asyncio.Future[Any]] = [self._asked, self._talk.has_ended]
        timeout_s = None if duration_ms is None else self._clock.real_s(duration_ms)
        await asyncio.wait(either, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        if self._asked.done():
            return DialEnd.ASKED
        return self._talk.has_ended.result() if self._talk.has_ended.done() else None

    def _set_state(self, state: int) -> None:
        self._person.channel.state = state
        self._publish(events.new_state(self._person.channel))
