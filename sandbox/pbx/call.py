"""The life of one call: it rings, is answered or not, runs the dialplan, ends; every step is told to AMI."""

import asyncio
import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.pbx import causes, dialplan, events
from sandbox.pbx.callee import Callee, HearsGoodbye
from sandbox.pbx.channel import RINGING, UNKNOWN, UP, Channel
from sandbox.pbx.clock import Clock
from sandbox.pbx.events import Event
from sandbox.pbx.journal import Journal
from sandbox.pbx.leg import AudioLeg, LegEnd
from sandbox.pbx.originate import OriginateRequest
from sandbox.pbx.transfer import Dial, DialEnd, Person, TwoPeople
from sandbox.personas import Answers, Persona, Refuses, RingsForEver

RING_AFTER_MS = 100
CONNECT_TIMEOUT_S = 2.0
LONG_MS = 60_000.0
"""How long Dial() rings when no time is set."""

_REASON_FAILED, _REASON_NO_ANSWER, _REASON_ANSWERED = 0, 3, 4

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class HangUpAsked:
    """By AMI; `cause` 0 when the action named none."""

    cause: int


@dataclass(frozen=True)
class RedirectAsked:
    """By AMI: leave the application and go on elsewhere in the dialplan."""

    context: str
    exten: str
    priority: int


@dataclass(frozen=True)
class Ending:
    """`by`: callee, person, trunk, timeout, ami, gateway, media or dialplan."""

    by: str
    cause: int
    sip_status: int | None = None


@dataclass(frozen=True)
class Surroundings:
    """What a call needs of the exchange."""

    clock: Clock
    journal: Journal
    publish: Callable[[Event], None]
    extension_exists: Callable[[str, str, int], bool]
    hears_goodbye: HearsGoodbye
    person_at: Callable[[str, Channel], Person | None]


class Call:
    """Owned by the exchange, which runs it once. `dialled` is told when it is answered, or will not be."""

    def __init__(
        self,
        request: OriginateRequest,
        channel: Channel,
        persona: Persona,
        dialled: asyncio.Future[bool],
        around: Surroundings,
    ) -> None:
        self.channel = channel
        self._request = request
        self._persona = persona
        self._around = around
        self._callee: Callee | None = None
        self._leg: AudioLeg | None = None
        self._asked: asyncio.Future[HangUpAsked | RedirectAsked] = self._new_question()
        self._answered_s: float | None = None
        self._dialled = dialled

    # --- what AMI can do to it -----------------------------------------------------------------------------

    def ask(self, question: HangUpAsked | RedirectAsked) -> None:
        """The first one counts until it was acted upon."""
        if not self._asked.done():
            self._asked.set_result(question)

    def play_digit(self, digit: str) -> None:
        """Towards the callee."""
        self._around.journal.write("key", channel_id=self.channel.uniqueid, digit=digit)
        if self._callee is not None:
            self._callee.press(digit)

    def receive_digit(self, digit: str) -> None:
        """As if the callee had pressed it."""
        if self._leg is not None:
            self._leg.press(digit)

    def lose_packets(self, duration_ms: int) -> None:
        """Those of the callee, from now on."""
        if self._leg is not None:
            self._leg.lose_packets(duration_ms)

    # --- its life ------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """From the first event to the last."""
        self._announce()
        refused = await self._ring()
        if refused is not None:
            self._end_unanswered(refused)
            return
        self._answer()
        self._end_answered(await self._run_dialplan())

    def _announce(self) -> None:
        channel, request, publish = self.channel, self._request, self._around.publish
        publish(events.new_channel(channel))
        publish(events.new_exten(channel))
        for name, value in request.variables.items():
            publish(events.var_set(channel, name, value))
        if request.caller_number != UNKNOWN:
            channel.caller_number, channel.caller_name = request.caller_number, request.caller_name
            publish(events.new_caller_id(channel))
            channel.connected_number, channel.connected_name = request.caller_number, request.caller_name
            publish(events.new_connected_line(channel))
        publish(events.dial_begin(channel, request.dial_string))

    async def _ring(self) -> Ending | None:
        """Until the telephone is picked up (None), or it is clear that it will not be."""
        signalling = self._persona.signalling
        if isinstance(signalling, Refuses) and not signalling.rings:
            return await self._pause(signalling.after_ms, 0) or self._refused(signalling)
        ended = await self._pause(RING_AFTER_MS, 0)
        if ended is not None:
            return ended
        self._set_state(RINGING)
        self._around.publish(events.dial_state(self.channel, "RINGING"))
        match signalling:
            case Answers(after_ms):
                return await self._pause(after_ms, RING_AFTER_MS)
            case Refuses(after_ms=after_ms):
                return await self._pause(after_ms, RING_AFTER_MS) or self._refused(signalling)
            case RingsForEver():
                return await self._pause(None, RING_AFTER_MS)

    async def _pause(self, until_ms: float | None, since_ms: float) -> Ending | None:
        """Wait until so long after the start of dialling; an ending if the dial limit or AMI comes first."""
        limit_ms = self._request.timeout_ms if self._request.timeout_ms > 0 else None
        times_up = limit_ms is not None and (until_ms is None or limit_ms <= until_ms)
        wait_until_ms = limit_ms if times_up else until_ms
        wait_s = None if wait_until_ms is None else self._around.clock.real_s(max(wait_until_ms - since_ms, 0))
        await asyncio.wait({self._asked}, timeout=wait_s)
        if self._asked.done():
            asked = self._asked.result()
            cause = asked.cause if isinstance(asked, HangUpAsked) else causes.UNKNOWN
            return Ending("ami", cause, causes.SIP_STATUS.get(cause))
        return Ending("timeout", causes.NO_ANSWER, 480) if times_up else None

    @staticmethod
    def _refused(signalling: Refuses) -> Ending:
        return Ending("callee", signalling.cause, signalling.sip_status)

    def _answer(self) -> None:
        self._answered_s = self._around.clock.now_s()
        self._set_state(UP)
        self._around.publish(events.dial_end(self.channel, "ANSWER"))
        self._report_originate(_REASON_ANSWERED)
        self._around.journal.write("answered", channel_id=self.channel.uniqueid, number=self._request.number)

    async def _run_dialplan(self) -> Ending:
        """The sandbox's dialplan is OpenDeep's (sandbox/pbx/dialplan.py)."""
        channel, request = self.channel, self._request
        self._callee = callee = self._person(self._persona)
        self._enter(request.context, request.exten, request.priority)
        while True:
            if channel.context == dialplan.TRANSFER_CONTEXT:
                ended = await self._put_through(callee)
            else:
                ended = await self._talk_with_voice(callee)
            match ended:
                case Ending():
                    return ended
                case HangUpAsked(cause):
                    return Ending("ami", cause, causes.SIP_STATUS.get(cause))
                case RedirectAsked(context, exten, priority):
                    self._enter(context, exten, priority)
                    if not self._around.extension_exists(context, exten, priority):
                        return Ending("dialplan", causes.UNKNOWN)

    def _enter(self, context: str, exten: str, priority: int) -> None:
        self.channel.context, self.channel.exten, self.channel.priority = context, exten, priority

    def _person(self, persona: Persona) -> Callee:
        return Callee(persona.script, self._around.hears_goodbye, persona.echo)

    async def _talk_with_voice(self, callee: Callee) -> Ending | HangUpAsked | RedirectAsked:
        if self.channel.priority < dialplan.VOICE.priority:
            self._execute(dialplan.ANSWER)
            self._execute(dialplan.SKIP_DETECTION)
        ended = await self._audio_socket(callee)
        match ended:
            case LegEnd.GATEWAY_DONE:
                self._execute(dialplan.HANG_UP, str(causes.NORMAL))
                return Ending("gateway", causes.NORMAL)
            case LegEnd.FAILED:
                self._execute(dialplan.HANG_UP, str(causes.NETWORK_OUT_OF_ORDER))
                return Ending("media", causes.NETWORK_OUT_OF_ORDER, 500)
            case LegEnd.CALLEE_HUNG_UP:
                self._around.publish(events.hangup_request(self.channel, causes.UNKNOWN, None))
                return Ending("callee", causes.UNKNOWN)
            case LegEnd.LINE_DEAD:
                self._around.publish(events.soft_hangup_request(self.channel, causes.DEVICE_GONE))
                return Ending("trunk", causes.CHANNEL_UNAVAILABLE)
        return ended

    async def _put_through(self, callee: Callee) -> Ending | HangUpAsked | RedirectAsked:
        """To whom the variables name; back to the voice when nobody picks up there."""
        channel, around = self.channel, self._around
        self._execute(dialplan.DIAL)
        destination = channel.variables.get("OPENDEEP_TRANSFER_TO", "")
        person = around.person_at(destination, channel)
        ended, dial = DialEnd.UNAVAILABLE, None
        if person is not None:
            talk = TwoPeople(callee)
            dial = Dial(
                channel,
                person,
                talk,
                asked=self._asked,
                clock=around.clock,
                publish=around.publish,
                answers=self._person,
            )
            ended = await dial.run(self._transfer_timeout_ms())
        answered = dial is not None and dial.was_answered
        around.journal.write("transfer", channel_id=channel.uniqueid, to=destination, answered=answered)
        return self._after_dial(ended, dial)

    def _after_dial(self, ended: DialEnd, dial: Dial | None) -> Ending | HangUpAsked | RedirectAsked:
        channel = self.channel
        goes_back = ended not in (DialEnd.ASKED, DialEnd.CALLEE_HUNG_UP, DialEnd.PERSON_HUNG_UP)
        if goes_back:
            channel.variables["DIALSTATUS"] = ended.value
            self._execute(dialplan.TELL)
            call_id = channel.variables.get("OPENDEEP_CALL", "")
            told = (("Call", call_id), ("Status", ended.value))
            self._around.publish(events.user_event(channel, "OpenDeepTransfer", *told))
        if dial is not None:
            dial.hung_up(ended)
        if goes_back:
            self._execute(dialplan.BACK)
            return RedirectAsked("opendeep-out", "s", dialplan.VOICE.priority)
        if ended is DialEnd.ASKED:
            asked, self._asked = self._asked.result(), self._new_question()
            return asked
        by_person = ended is DialEnd.PERSON_HUNG_UP
        return Ending("person", causes.NORMAL) if by_person else Ending("callee", causes.UNKNOWN)

    def _transfer_timeout_ms(self) -> float:
        seconds = self.channel.variables.get("OPENDEEP_TRANSFER_SECONDS", "")
        return int(seconds) * 1000 if seconds.isdecimal() else LONG_MS

    def _execute(self, step: dialplan.Step, data: str | None = None) -> None:
        self.channel.priority = step.priority
        self.channel.application = step.application
        self.channel.application_data = dialplan.filled(step, self.channel.variables) if data is None else data
        self._around.publish(events.new_exten(self.channel))

    async def _audio_socket(self, callee: Callee) -> LegEnd | HangUpAsked | RedirectAsked:
        """Until one of the three sides is done with it."""
        variables = self.channel.variables
        call, address = variables.get("OPENDEEP_CALL", ""), variables.get("OPENDEEP_GATEWAY", "")
        self._execute(dialplan.VOICE)
        self.channel.application, self.channel.application_data = "AudioSocket", f"{call},{address}"
        try:
            leg = self._leg = self._new_leg(uuid.UUID(call), callee)
            await self._connect(leg, address)
        except (OSError, ValueError, TimeoutError) as reason:
            log.warning("call %s: AudioSocket to %r failed: %s", self.channel.uniqueid, address, reason)
            return LegEnd.FAILED
        try:
            self._around.clock.add(leg.tick)
            either: list[asyncio.Future[Any]] = [leg.ended, self._asked]
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._around.clock.remove(leg.tick)
            leg.close()
            self._leg = None
        if leg.ended.done():
            return leg.ended.result()
        asked, self._asked = self._asked.result(), self._new_question()
        return asked

    def _new_leg(self, call: uuid.UUID, callee: Callee) -> AudioLeg:
        persona = self._persona
        return AudioLeg(call, callee, sends_audio=persona.sends_audio, line_timeout_ms=persona.line_timeout_ms)

    @staticmethod
    async def _connect(leg: AudioLeg, address: str) -> None:
        host, _, port = address.rpartition(":")
        if not host:
            raise ValueError("the address has no port")
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            await asyncio.get_running_loop().create_connection(lambda: leg, host.strip("[]"), int(port))

    # --- its end -------------------------------------------------------------------------------------------

    def _end_unanswered(self, ending: Ending) -> None:
        """The order of events is the one that Asterisk 22.10 was seen to use for each kind of ending."""
        channel, publish = self.channel, self._around.publish
        hangup = events.hangup(channel, ending.cause, ending.sip_status)
        if ending.by == "timeout":
            self._report_originate(_REASON_NO_ANSWER)
            publish(hangup)
        else:
            if ending.by == "callee":
                publish(events.hangup_request(channel, ending.cause, ending.sip_status))
            publish(events.dial_end(channel, causes.dial_status(ending.cause)))
            publish(hangup)
            self._report_originate(_REASON_FAILED)
        self._write_end(ending)

    def _end_answered(self, ending: Ending) -> None:
        self._around.publish(events.soft_hangup_request(self.channel, causes.SOFT_HANGUP))
        self._around.publish(events.hangup(self.channel, ending.cause, ending.sip_status))
        self._write_end(ending)

    def _report_originate(self, reason: int) -> None:
        answered = reason == _REASON_ANSWERED
        self._dialled.set_result(answered)
        if self._request.is_async:
            self._around.publish(
                events.originate_response(self._request, self.channel, failed=not answered, reason=reason)
            )

    def _write_end(self, ending: Ending) -> None:
        talk_s = self._around.clock.now_s() - self._answered_s if self._answered_s is not None else 0.0
        self._around.journal.write(
            "ended",
            channel_id=self.channel.uniqueid,
            number=self._request.number,
            answered=self._answered_s is not None,
            cause=ending.cause,
            sip_status=ending.sip_status,
            ended_by=ending.by,
            talk_ms=round(talk_s * 1000),
            recorded_ms=self._callee.recorded_ms if self._callee is not None else None,
        )

    def _set_state(self, state: int) -> None:
        self.channel.state = state
        self._around.publish(events.new_state(self.channel))

    @staticmethod
    def _new_question() -> asyncio.Future[HangUpAsked | RedirectAsked]:
        return asyncio.get_running_loop().create_future()
