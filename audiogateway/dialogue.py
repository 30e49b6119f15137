"""Who speaks and when the agent is asked to: the rules of turn taking of one call.

Events of the Realtime session, the callee's sound and the clock's questions go in; client events go out by `send`.
Whose turn it is when both speak is in floor.py, how the agent's words are played and cut in agent_speech.py, what is
written down in bookkeeping.py, how the call ends in session.py and hangup.py.
"""

from collections.abc import Callable
from uuid import UUID

import structlog

from audiogateway.agent_speech import AgentSpeech
from audiogateway.bookkeeping import Bookkeeping
from audiogateway.conduct import Conduct, Manner
from audiogateway.echo import repeats
from audiogateway.figures import TalkFigures
from audiogateway.floor import Floor, Judgement
from audiogateway.handover import Handover
from audiogateway.line_format import NARROW_HZ, LineFormat
from audiogateway.own_ears import OwnEars
from audiogateway.patience import Failures
from audiogateway.phrases import Recorded
from audiogateway.ports import Store, WallClock
from audiogateway.realtime import events
from audiogateway.realtime.connection import Voice
from audiogateway.realtime.error_codes import Severity, severity
from audiogateway.realtime.events import Event
from audiogateway.realtime.openai_codec import TurnDetection, commit_audio, delete_item
from audiogateway.responses import ResponseOwner
from audiogateway.silence import SilenceWatch, Step
from audiogateway.surroundings import Models
from audiogateway.tool_calls import ToolCalls

FIRST_WORDS_MS = 4_000
"""When the callee shall speak first and does not, the agent begins after this time."""
STILL_THERE = "In the language of the call, ask in one short sentence whether they are still there."
EARS = TurnDetection()


class Dialogue:
    """One talk's turns. Times are milliseconds since the answer, by `now_ms`."""

    def __init__(
        self,
        call_id: UUID,
        *,
        agent_begins: bool,
        models: Models,
        line_format: LineFormat,
        onset_gate_ms: int,
        store: Store,
        now: WallClock,
        now_ms: Callable[[], int],
        tools: Callable[[Callable[[bytes], None], Callable[[], None]], ToolCalls],
    ) -> None:
        self._line_format = line_format
        self._now_ms = now_ms
        self._log = structlog.get_logger(__name__).bind(call_id=str(call_id))
        self._voice: Voice | None = None
        self._books = Bookkeeping(call_id, models, store, now)
        self._speech = AgentSpeech(line_format, self._books, self._send, now_ms)
        self._responses = ResponseOwner(self._send, now_ms)
        self._floor = Floor(
            agent_begins=agent_begins,
            gate_ms=onset_gate_ms,
            ears=OwnEars(line_format),
            speech=self._speech,
            responses=self._responses,
            figures=self._books.figures,
            now_ms=now_ms,
        )
        self._tools = tools(self._send, self._answer)
        self._handover = Handover(line_format, self._books, self._speech, self._tools)
        self._silence = SilenceWatch()
        self.conduct = Conduct(self._responses, self._silence, now_ms, hush=self._hush, answer=self._answer)
        self._agent_begins = agent_begins
        self._first_words_due = not agent_begins
        self._is_closing = False
        self._speech_item: str | None = None
        self._line_rate_hz = 0
        self.failures = Failures()
        self._agent_had_last_word = False
        self.is_abandoned = False
        """Nobody has answered for so long that the call shall end."""
        self._handlers: dict[type, Callable[..., Judgement | None]] = {
            events.AgentAudio: self._on_agent_audio,
            events.AgentAudioDone: self._speech.on_audio_done,
            events.AgentWords: self._books.note,
            events.AgentTranscript: self._books.note,
            events.SpeechStarted: self._on_speech_started,
            events.SpeechStopped: self._on_speech_stopped,
            events.AudioCommitted: self._books.note,
            events.ItemAdded: self._books.note,
            events.CalleeTranscript: self._on_words,
            events.CalleeTranscriptFailed: self._on_words,
            events.ResponseCreated: self._on_response_created,
            events.ResponseDone: self._on_response_done,
            events.ToolCalled: self._tools.called,
            events.ServerError: self._on_server_error,
            events.ProtocolProblem: self._on_protocol_problem,
        }

    # Lifecycle

    def voice_is_open(self, voice: Voice) -> None:
        """The greeting is made while the telephone still rings, and waits in the playout."""
        self._voice = voice
        if self._agent_begins:
            self._responses.ask()

    def voice_is_lost(self) -> None:
        """What was received is still played; what was owed to the callee is owed still."""
        self._voice = None
        self._floor.leave()
        self._responses.session_lost()
        self._handover.session_lost()
        self._speech_item = None

    def voice_takes_over(self, voice: Voice) -> None:
        """Another session, without turn detection, learns what was heard, and goes on."""
        self._voice = voice
        for event in self._handover.events(EARS, goes_on=self._responses.goes_on):
            voice.send(event)
        self._tools.session_renewed()
        self._speech.session_renewed()
        self._responses.session_renewed()

    def write_last_words(self, voice: Voice) -> None:
        """The callee has hung up while there was no session: another one tells what they said."""
        self._voice = voice
        for event in self._handover.last_words(self._now_ms()):
            voice.send(event)

    def expect_nothing(self) -> None:
        """The model will not answer any more."""
        self._responses.forget()

    def say(self, recorded: Recorded) -> None:
        """Words that need no session."""
        self._speech.say(recorded.audio, recorded.text)

    def close(self, farewell: str = "") -> None:
        """Nothing is answered any more. With `farewell` (instructions) the agent is asked for last words first."""
        self._is_closing = True
        self._floor.leave()
        self._first_words_due = False
        self._responses.forget()
        if farewell:
            self._floor.interrupt()
            self._responses.callee_stopped()  # a callee who talks and talks is talked over
            self._responses.ask(farewell)

    def reopen(self, instructions: str = "") -> None:
        """The talk goes on after all. With `instructions` the callee was away, and the agent speaks by these first."""
        self._is_closing = self.is_abandoned = False
        if instructions:
            self._speech_item = None
            self._silence.callee_spoke()
            self._responses.callee_stopped()
            self._responses.ask(instructions)

    def speak(self, instructions: str = "") -> None:
        """The agent shall say something as soon as it can: by these instructions, or what comes next in the talk."""
        self._responses.ask(instructions)

    def line_is_gone(self) -> None:
        """The callee hears nothing more; what they were just saying is still transcribed."""
        self._is_closing = True
        self._responses.forget()
        self._speech.end()
        if self._speech_item is not None:
            self._books.callee_ended(self._speech_item, self._now_ms())
            self._send(commit_audio())
        self._books.write_turns()

    def line_rate(self, rate_hz: int) -> None:
        """The line brings the callee's sound at this rate, or does so from now on."""
        expected_hz = self._line_rate_hz or (rate_hz if self._line_format.is_wide_band else NARROW_HZ)
        self._line_rate_hz = rate_hz
        if rate_hz != expected_hz:
            self._books.sound_is_wrong("line_rate", {"expected_hz": expected_hz, "arrives_hz": rate_hz})

    def line_broke(self, problem: str) -> None:
        """The PBX's side did what no PBX does."""
        self._books.sound_is_wrong("line_error", {"problem": problem})

    # What others ask

    @property
    def agent_had_last_word(self) -> bool:
        """The agent has said something since the callee last spoke."""
        return self._agent_had_last_word

    @property
    def sound_is_unknown(self) -> bool:
        """What the model sends cannot be played."""
        return self._speech.is_unknown

    @property
    def last_words_were_heard(self) -> bool:
        return self._responses.is_idle and self._tools.is_idle and self._speech.was_heard

    @property
    def is_at_rest(self) -> bool:
        """Nobody speaks, and nothing is being prepared."""
        return self._speech_item is None and self.last_words_were_heard

    @property
    def is_settled(self) -> bool:
        """No transcription and no tool is waited for."""
        return self._voice is None or (self._tools.is_idle and not self._books.is_waiting_for_words)

    @property
    def is_calm(self) -> bool:
        """Nobody speaks, nothing is waited for, and every word is written down."""
        return self._is_quiet and not self._responses.is_owed and not self._books.is_waiting_for_words

    @property
    def owes_answer(self) -> bool:
        """The model has to say something."""
        return self._responses.is_owed or self.failures.is_waiting

    @property
    def is_silent(self) -> bool:
        """Neither side is heard, as far as is known; machines that are waited for do not count."""
        return self._speech_item is None and self._speech.was_heard and not self.conduct.is_waiting

    @property
    def figures(self) -> TalkFigures:
        """So far."""
        self._books.figures.underruns = self._speech.underruns
        return self._books.figures

    def heard_texts(self) -> list[str]:
        """What the callee said so far."""
        return self._books.callee_texts()

    # The line's side

    def hear(self, samples: bytes) -> None:
        """Sound of the callee, as it comes from the line."""
        audio = self._line_format.to_model(samples)
        self._handover.tape.add(audio)
        self._floor.heard(samples)
        if self._voice is not None:
            self._voice.send_audio(audio)

    def take_frame(self) -> bytes | None:
        """20 ms of the agent's voice in the model's format; None is silence."""
        self._floor.on_frame()
        frame = self._speech.take_frame()
        self._floor.said(frame)
        if frame is not None:
            self.conduct.spoke()
        return frame

    def on_time(self, now_ms: int) -> None:
        """Asked about ten times a second while the line is up."""
        if self._responses.on_time(now_ms):
            self._log.warning("response_forgotten_by_model")
            self.failures.refused("")
            self._tools.responses_forgotten()
        self.ask_again(now_ms)
        if self._floor.on_time(now_ms, is_quiet=self._is_quiet) and self.conduct.manner is Manner.TALK:
            self._answer()
        if self._first_words_due and now_ms >= FIRST_WORDS_MS:
            self._first_words_due = False
            self._responses.ask()
        if not self._is_closing and (step := self._silence.on_time(now_ms, is_quiet=self._is_quiet)) is not None:
            self._break_silence(step)

    def ask_again(self, now_ms: float) -> None:
        """For a response that failed, when its time has come."""
        if self.failures.take_due(now_ms):
            self._answer()

    # The model's side

    def on_event(self, event: Event) -> bool:
        """False of words that turn out to be the agent's own: they are no news of the callee."""
        handler = self._handlers.get(type(event))
        if handler is None:
            return True
        is_echo = handler(event) is Judgement.ECHO
        self._books.write_turns()
        return not is_echo

    def _on_words(self, event: events.CalleeTranscript | events.CalleeTranscriptFailed) -> Judgement | None:
        self._handover.tape.written(event.item_id)
        self._books.note(event)
        words = event.text if isinstance(event, events.CalleeTranscript) else ""
        if self._floor.was_echo(event.item_id) and repeats(words, self._books.last_words_of_agent()):
            self._books.forget(event.item_id)
            self._send(delete_item(event.item_id))
            return Judgement.ECHO
        if self._floor.words_came(event.item_id, words) and self.conduct.manner is Manner.TALK:
            self._answer()
        return None

    def _on_agent_audio(self, event: events.AgentAudio) -> None:
        self._agent_had_last_word = True
        self._speech.on_audio(event)

    def _on_speech_started(self, event: events.SpeechStarted) -> None:
        self._handover.tape.speech_started(event.item_id, event.audio_start_ms)
        self._first_words_due = False
        self._agent_had_last_word = False
        self._speech_item = event.item_id
        onset_ms = self._time_of(event.audio_start_ms + EARS.prefix_padding_ms)
        self._books.callee_started(event.item_id, onset_ms)
        is_somebody = True
        if not self._is_closing and self.conduct.manner is not Manner.MESSAGE:
            if self._handover.tape.was_kept(event.audio_start_ms):
                self._floor.callee_spoke_meanwhile(onset_ms)
            else:
                is_somebody = self._floor.callee_started(onset_ms)
        if is_somebody:
            self._silence.callee_spoke()

    def _on_speech_stopped(self, event: events.SpeechStopped) -> None:
        self._speech_item = None
        self._handover.tape.speech_stopped(event.item_id, event.audio_end_ms)
        stopped_ms = self._time_of(event.audio_end_ms - EARS.silence_duration_ms)
        self._books.callee_ended(event.item_id, stopped_ms)
        is_turn = self._floor.callee_stopped(event.item_id, stopped_ms)
        if is_turn:
            self._silence.callee_spoke()
        if is_turn and not self._is_closing and self.conduct.manner is Manner.TALK:
            self._books.answer_is_expected(stopped_ms)
            self._answer()
        self._responses.callee_stopped()

    def _on_response_created(self, event: events.ResponseCreated) -> None:
        self._tools.response_created(event.response_id)
        if not self._responses.created(event.response_id):
            self._speech.drop(event.response_id)

    def _on_response_done(self, event: events.ResponseDone) -> None:
        self._speech.response_is_done(event.response_id)
        self._books.note(event)
        self._tools.response_done(event.response_id)
        if event.status == "failed":
            self.failures.failed(event.error_code, self._now_ms())
            self._log.warning("response_failed", code=event.error_code)
            self.ask_again(self._now_ms())
        elif event.status == "completed":
            self.failures.succeeded()
        self._responses.done(event.response_id)

    def _on_server_error(self, event: events.ServerError) -> None:
        self.figures.server_errors += 1
        if self._responses.refused(event.code, event.event_id) or severity(event.code) is Severity.FATAL:
            self.failures.refused(event.code)
        self._log.info("realtime_error", code=event.code, message=event.message)

    def _on_protocol_problem(self, event: events.ProtocolProblem) -> None:
        self.figures.protocol_problems += 1
        self._log.warning("realtime_nonsense", what=event.what)

    # Rules

    def _answer(self) -> None:
        """It is the agent's turn, unless the call is ending or a machine is to speak to its end."""
        if not self._is_closing and self.conduct.manner is not Manner.MACHINE:
            self._responses.ask()

    def _hush(self) -> None:
        """Nobody shall hear more of what is being said or was about to be."""
        self._floor.leave()
        self._responses.forget()
        self._floor.interrupt()

    @property
    def _is_quiet(self) -> bool:
        return self.is_at_rest and not self._tools.is_waiting

    def _break_silence(self, step: Step) -> None:
        match step:
            case Step.ASK:
                self._responses.ask(STILL_THERE)
            case Step.LEAVE_MESSAGE:
                self.conduct.leave_message()
            case Step.END:
                self.is_abandoned = True

    def _time_of(self, audio_ms: int) -> int:
        """When the sound was heard that stands at `audio_ms` of what was sent to the model."""
        now_ms = self._now_ms()
        age_ms = self._handover.tape.session_ms - audio_ms
        return min(max(now_ms - age_ms, 0), now_ms)

    def _send(self, event: bytes) -> None:
        if self._voice is not None:
            self._voice.send(event)
