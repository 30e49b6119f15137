"""The talk of one call: how it begins, goes on and ends (phase.py).

The conversation's rules are in dialogue.py, what a lost voice means in talk_voice.py, causes and hangup in ending.py.
"""

from collections.abc import Callable, Sequence

import structlog

from audiogateway.asking import Asking
from audiogateway.audiosocket.server import Line
from audiogateway.briefing import configuration_of
from audiogateway.callee.reception import Reception
from audiogateway.dialogue import Dialogue
from audiogateway.ending import Ending
from audiogateway.hangup import FAREWELL, NOBODY_THERE
from audiogateway.line_format import LineFormat
from audiogateway.phase import Phase
from audiogateway.phone_menu import PhoneMenu
from audiogateway.realtime.connection import Voice
from audiogateway.realtime.error_codes import Severity, severity
from audiogateway.realtime.events import Event, ServerError
from audiogateway.realtime.openai_codec import Configuration
from audiogateway.ringing import Ringing
from audiogateway.surroundings import Surroundings
from audiogateway.talk_line import TalkLine, cause_of_break
from audiogateway.talk_voice import TalkVoice
from audiogateway.tool_calls import ToolCalls
from audiogateway.tools.base import Desk
from audiogateway.transfer import Transfer
from calls.contracts import CalleeKind, TalkOrder

HOUSEKEEPING_FRAMES = 5


class Session:
    """Listens to the line, to the voice and to the clock.

    `on_ready` is called when the telephone may ring, `on_voice_lost_early` when the voice fails before the line has
    come (another one may be opened), `on_over` once, when everything is written.
    """

    def __init__(
        self,
        order: TalkOrder,
        around: Surroundings,
        *,
        on_ready: Callable[["Session"], None],
        on_over: Callable[["Session"], None],
        on_voice_lost_early: Callable[["Session", str], None],
    ) -> None:
        self.order = order
        self.phase = Phase.OPENING
        self._around = around
        self._on_ready = on_ready
        self._on_over = on_over
        self._on_voice_lost_early = on_voice_lost_early
        self._log = structlog.get_logger(__name__).bind(call_id=str(order.call_id))
        self._frames = 0
        self._menu = PhoneMenu()
        self._line_format = LineFormat(wide_band=order.wide_band)
        self._line = TalkLine(order, around, self._line_format, self)
        self.asking = Asking(order, around.store, around.spawn, around.now, self.now_ms, lambda: self._dialogue)
        self._dialogue = self._new_dialogue()
        self._ringing = Ringing(
            agent_begins=self._agent_begins, dialogue=lambda: self._dialogue, on_ready=self._become_ready
        )
        self._voice = TalkVoice(
            order.call_id, around, self, self.configuration, lambda: self._dialogue, self._line_format
        )
        self._reception = Reception(order, around.store, around.now, self)
        self._ending = Ending(order, around, self.now_ms, self._line.hang_up)
        self.transfer = Transfer(order, around.commands, around.spawn, self)

    @property
    def dialogue(self) -> Dialogue:
        return self._dialogue

    @property
    def is_ready(self) -> bool:
        """The telephone may ring."""
        return self._ringing.is_ready

    @property
    def is_talking(self) -> bool:
        return self.phase is Phase.TALKING

    @property
    def _agent_begins(self) -> bool:
        return self.order.brief.first_speaker == "agent"

    def configuration(self) -> Configuration:
        return configuration_of(self.order, self._around.models, self._line_format, self._around.now())

    def now_ms(self) -> int:
        """Milliseconds since the answer; 0 before it."""
        return self._line.now_ms()

    # How it begins

    def voice_is_open(self, voice: Voice) -> None:
        if self.phase is not Phase.OPENING:
            voice.close()
            return
        self.phase = Phase.WAITING
        self._voice.opened(voice)
        self._dialogue.voice_is_open(voice)
        self._ringing.voice_is_open()

    def line_is_up(self, line: Line) -> None:
        """The PBX has answered: sound goes out from this moment on."""
        self.phase = Phase.TALKING
        self._line.answer(line, on_refused=self._on_not_expected)

    @property
    def expects_line(self) -> bool:
        """The PBX may connect this call: for the first time, or again because no person was reached."""
        is_put_through = self.phase is Phase.TRANSFERRING and self.transfer.takes_line
        return self.phase is Phase.WAITING or is_put_through

    def connect(self, line: Line) -> None:
        if self.phase is Phase.WAITING:
            self.line_is_up(line)
        else:
            self._line.connect(line)
            self.transfer.line_is_back()

    def _become_ready(self) -> None:
        self._around.phrases.prepare(self.configuration())
        self._on_ready(self)

    # How the callee is put through to a person

    def transfer_after_last_words(self, reason: str, command_id: str) -> None:
        """The agent has said that it will (tools.base.Talk)."""
        if self.is_talking and self.now_ms() < self.order.max_seconds * 1000:
            self.phase = Phase.TRANSFERRING
            self.transfer.begin(reason, command_id)

    def on_not_put_through(self) -> None:
        """The callee is, or is again, on the line (transfer.Caller)."""
        self.phase = Phase.TALKING
        if self._voice.is_away:
            self._voice.renew("It was lost while the callee was put through.")

    def on_left_to_person(self, cause: str) -> None:
        """The agent is out of it (transfer.Caller)."""
        self._ending.cause = cause
        self.asking.close()
        self._line.end()
        self._finish()

    @property
    def limit_ms(self) -> int:
        """When the agent takes leave, in milliseconds since the answer."""
        return max(self.order.max_seconds * 1000, self.transfer.grace_until_ms)

    def end_after_last_words(self, cause: str) -> None:
        """The agent has said goodbye (tools.base.Talk)."""
        self._close("voicemail" if self._reception.kind is CalleeKind.VOICEMAIL else cause)

    def heard_texts(self) -> Sequence[str]:
        return self._dialogue.heard_texts()

    def keys_were_pressed(self) -> None:
        self._reception.keys_were_pressed()

    def voicemail_answered(self, *, leave_message: bool) -> bool:
        return self._reception.voicemail_reported(leave_message=leave_message)

    def machine_detected(self, *, is_machine: bool) -> None:
        """The PBX's guess at who has answered."""
        self._reception.detected(is_machine=is_machine)

    def end_politely(self, cause: str) -> None:
        """The agent is told to say goodbye now."""
        self._close(cause, FAREWELL)

    def end_now(self, cause: str) -> None:
        """Ends whatever there is, without another word."""
        self._ending.cause = self._ending.cause or cause
        if self._line.is_up:
            self._line.hang_up()
        elif self.phase in (Phase.OPENING, Phase.WAITING):
            self.discard()
        elif self.phase is Phase.TRANSFERRING:
            self.on_left_to_person("transferred")

    def _close(self, cause: str, farewell: str = "") -> None:
        if self.phase is not Phase.TALKING:
            return
        self.phase = Phase.CLOSING
        self.asking.close()
        self._ending.follow_last_words(cause, self._dialogue.conduct.manner)
        self._dialogue.close(farewell)

    def resume(self) -> bool:
        """Somebody picks up while a message is left. False when the call is being hung up already."""
        if self.phase is Phase.CLOSING and self._ending.take_back():
            self.phase = Phase.TALKING
            self.asking.reopen()
            self._dialogue.reopen()
        return self.is_talking

    # The line (LineListener) and the clock (Paced)

    def on_audio(self, samples: bytes) -> None:
        self._line.hear(samples)
        self._dialogue.hear(samples)
        self._reception.hear(samples)

    def on_line_rate(self, rate_hz: int) -> None:
        self._dialogue.line_rate(rate_hz)

    def on_digit(self, digit: str) -> None:
        self._around.store.record_event(
            self.order.call_id, kind="key_pressed", source="pbx", detail={"digit": digit}, at=self._around.now()
        )

    def on_tick(self, frames: int, *, late: bool, skipped: int) -> None:
        said = [self._dialogue.take_frame() for _ in range(frames)]
        if silence := self._line.tick(said, skipped=skipped):
            self._dialogue.hear(silence)
        if late:
            self._dialogue.figures.late_frames += frames
            self._dialogue.figures.skipped_frames += skipped
        self._frames += frames
        if self._frames >= HOUSEKEEPING_FRAMES:
            self._frames = 0
            self._keep_house()

    def on_clock_lost(self) -> None:
        self.end_now("clock_lost")

    def on_line_closed(self, reason: str) -> None:
        if not self._line.has_closed():
            return
        if self.phase is Phase.TRANSFERRING and self.transfer.takes_line and not self._ending.cause:
            self._dialogue.line_is_gone()
            self.transfer.line_was_taken()
            return
        self._line.end()
        cause = self._ending.cause or cause_of_break(reason) or self._reception.hung_up_cause()
        if cause == "line_error":
            self._dialogue.line_broke(reason)
        self._log.info("line_closed", reason=reason, cause=cause)
        self._ending.cause = cause
        self.phase = Phase.WINDING_UP
        self.asking.close()
        self._dialogue.line_is_gone()
        if self._is_settled:
            self._finish()
        else:
            self._ending.wait_for_words(self._finish)

    def _keep_house(self) -> None:
        now_ms = self.now_ms()
        self._dialogue.on_time(now_ms)
        self._reception.on_time(now_ms)
        if self.phase is Phase.TALKING:
            self._voice.on_time(now_ms)
            self.asking.on_time(now_ms)
            if now_ms >= self.limit_ms:
                self.end_politely("max_duration")
            elif self._dialogue.failures.has_given_up:
                self.on_voice_given_up("voice_refused" if self._dialogue.failures.is_fatal else "voice_failed")
            elif self._dialogue.sound_is_unknown:
                self.end_now("voice_unknown")
            elif self._dialogue.is_abandoned:
                self._nobody_is_there()
        elif self.phase is Phase.CLOSING:
            self._ending.on_time(now_ms, last_words_were_heard=self._dialogue.last_words_were_heard)
        elif self.phase is Phase.TRANSFERRING:
            self.transfer.on_time(now_ms)

    def _nobody_is_there(self) -> None:
        cause = self._reception.silence_cause()
        self._close(cause, NOBODY_THERE if cause == "silence" else "")

    def _on_not_expected(self) -> None:
        self._log.warning("call_not_expected")
        self.end_now("not_expected")

    # The voice (VoiceListener)

    def on_event(self, event: Event) -> None:
        self._voice.was_heard()
        is_of_callee = self._dialogue.on_event(event)
        if self.phase in (Phase.TALKING, Phase.CLOSING, Phase.WINDING_UP):
            self._reception.on_event(event, is_of_callee=is_of_callee)
        if isinstance(event, ServerError) and severity(event.code) is Severity.SESSION_OVER:
            self.on_voice_lost(event.message)
        elif self.phase is Phase.WAITING:
            if problem := self._ringing.hear(event):
                self.on_voice_lost(problem)
        elif self.phase is Phase.WINDING_UP and self._is_settled:
            self._ending.words_are_settled()

    def on_voice_lost(self, reason: str) -> None:
        self._voice.lost(reason)

    def on_voice_lost_early(self, reason: str) -> None:
        """Before the line has come (talk_voice.Talker)."""
        self.phase = Phase.OPENING
        self._dialogue = self._new_dialogue()
        self._on_voice_lost_early(self, reason)

    def on_voice_given_up(self, cause: str) -> None:
        """No answer will come any more (talk_voice.Talker)."""
        if self.phase is Phase.WINDING_UP:
            self._ending.words_are_settled()
        elif self._line.is_up and self.phase is not Phase.TRANSFERRING:
            self._close(cause)
            self._dialogue.expect_nothing()
            self._voice.apologize()

    # The end of it

    @property
    def _is_settled(self) -> bool:
        return not self._voice.is_expected and self._dialogue.is_settled

    def _finish(self) -> None:
        if self.phase is Phase.OVER:
            return
        self._ending.write_down(self._dialogue.figures)
        self.discard()

    def discard(self) -> None:
        """Without another word, whatever is still to be written."""
        self.phase = Phase.OVER
        self.asking.close()
        self._voice.end()
        self._on_over(self)

    # Its parts

    def _new_dialogue(self) -> Dialogue:
        return Dialogue(
            self.order.call_id,
            agent_begins=self._agent_begins,
            models=self._around.models,
            line_format=self._line_format,
            onset_gate_ms=self._around.onset_gate_ms,
            store=self._around.store,
            now=self._around.now,
            now_ms=self.now_ms,
            tools=lambda send, ask: ToolCalls(self._desk, self._around.spawn, send, ask),
        )

    def _desk(self, command_id: str) -> Desk:
        around = self._around
        return Desk(
            self.order, self, self._menu, around.store, around.commands, around.now, command_id[:64], self.asking
        )
