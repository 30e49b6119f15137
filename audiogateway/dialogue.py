"""Who speaks and when the agent is asked to: the rules of turn taking of one call.

Events of the Realtime session, the callee's sound and the clock's questions go in; client events go out by `send`.
Whose turn it is when both speak is in floor.py, what is known of the callee's words in callee_speech.py, how the
agent's are played and cut in agent_speech.py, when it speaks unasked in initiative.py, what follows when a response
fails in model_answers.py, what is written down in bookkeeping.py, how the call ends in session.py and ending.py.
"""

from collections.abc import Callable
from uuid import UUID

from audiogateway.agent_speech import AgentSpeech
from audiogateway.bookkeeping import Bookkeeping
from audiogateway.callee_speech import EARS, CalleeSpeech
from audiogateway.conduct import Conduct, Manner
from audiogateway.figures import TalkFigures
from audiogateway.floor import Floor, Judgement
from audiogateway.handover import Handover
from audiogateway.initiative import Initiative
from audiogateway.line_format import NARROW_HZ, LineFormat
from audiogateway.model_answers import ModelAnswers
from audiogateway.own_ears import OwnEars
from audiogateway.phrases import Recorded
from audiogateway.ports import Store, WallClock
from audiogateway.realtime import events
from audiogateway.realtime.connection import Voice
from audiogateway.realtime.events import Event
from audiogateway.realtime.openai_codec import commit_audio, delete_item
from audiogateway.responses import ResponseOwner
from audiogateway.silence import SilenceWatch
from audiogateway.surroundings import Models
from audiogateway.tool_calls import ToolCalls


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
        self._callee = CalleeSpeech(self._floor, self._books, self._handover.tape, now_ms)
        self._answers = ModelAnswers(
            call_id,
            responses=self._responses,
            speech=self._speech,
            books=self._books,
            tools=self._tools,
            now_ms=now_ms,
            answer=self._answer,
        )
        self.failures = self._answers.failures
        self._silence = SilenceWatch()
        self.conduct = Conduct(self._responses, self._silence, now_ms, hush=self._hush, answer=self._answer)
        self._initiative = Initiative(self._silence, self.conduct, self._responses, callee_begins=not agent_begins)
        self._agent_begins = agent_begins
        self._is_closing = False
        self._line_rate_hz = 0
        self._agent_had_last_word = False
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
            events.ResponseCreated: self._answers.created,
            events.ResponseDone: self._answers.done,
            events.ToolCalled: self._tools.called,
            events.ServerError: self._answers.refused,
            events.ProtocolProblem: self._answers.not_understood,
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
        self._callee.forget()

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
        self._initiative.first_words_were_said()
        self._responses.forget()
        if farewell:
            self._floor.interrupt()
            self._responses.callee_stopped()  # a callee who talks and talks is talked over
            self._responses.ask(farewell)

    def reopen(self, instructions: str = "") -> None:
        """The talk goes on after all. With `instructions` the callee was away, and the agent speaks by these first."""
        self._is_closing = False
        self._initiative.reopen()
        if instructions:
            self._callee.forget()
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
        if self._callee.line_is_gone():
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
    def is_abandoned(self) -> bool:
        """Nobody has answered for so long that the call shall end."""
        return self._initiative.is_abandoned

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
        return not self._callee.is_going_on and self.last_words_were_heard

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
        return not self._callee.is_going_on and self._speech.was_heard and not self.conduct.is_waiting

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
        self._answers.on_time(now_ms)
        if self._floor.on_time(now_ms, is_quiet=self._is_quiet) and self.conduct.manner is Manner.TALK:
            self._answer()
        self._initiative.on_time(now_ms, is_quiet=self._is_quiet, is_closing=self._is_closing)

    def ask_again(self, now_ms: float) -> None:
        """For a response that failed, when its time has come."""
        self._answers.ask_again(now_ms)

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
        judgement = self._callee.words_came(event)
        if judgement is Judgement.ECHO:
            self._send(delete_item(event.item_id))
        elif judgement is Judgement.TURN and self.conduct.manner is Manner.TALK:
            self._answer()
        return judgement

    def _on_agent_audio(self, event: events.AgentAudio) -> None:
        self._agent_had_last_word = True
        self._speech.on_audio(event)

    def _on_speech_started(self, event: events.SpeechStarted) -> None:
        self._initiative.first_words_were_said()
        self._agent_had_last_word = False
        is_judged = not self._is_closing and self.conduct.manner is not Manner.MESSAGE
        if self._callee.started(event, is_judged=is_judged):
            self._silence.callee_spoke()

    def _on_speech_stopped(self, event: events.SpeechStopped) -> None:
        turn_ended_ms = self._callee.stopped(event)
        if turn_ended_ms is not None:
            self._silence.callee_spoke()
            if not self._is_closing and self.conduct.manner is Manner.TALK:
                self._books.answer_is_expected(turn_ended_ms)
                self._answer()
        self._responses.callee_stopped()

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

    def _send(self, event: bytes) -> None:
        if self._voice is not None:
            self._voice.send(event)
