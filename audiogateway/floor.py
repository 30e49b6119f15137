"""Who has the floor when the callee makes a sound: is it a turn of theirs, and does the agent fall silent for it?

While the agent is silent, every speech of the callee is a turn. Into the agent's words
- a hello in the first moments of the call changes nothing (hello.py);
- what the model takes for speech is noise as long as our own ears do not hear a voice, and echo as long as they
  hear nothing but the agent's own (echo.py);
- a speech in the agent's very last words is an answer to them, and a turn at once;
- any other pauses the agent, and becomes a turn when it lasts (onset_gate.py); a shorter one is a backchannel, of
  which the agent knows but takes no notice.

Nobody is left waiting: what was not taken for a turn and has words is answered after all when it was said towards
the end of the agent's words and a silence follows, or when the words are many.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from audiogateway.agent_speech import AgentSpeech
from audiogateway.figures import TalkFigures
from audiogateway.hello import HelloGrace
from audiogateway.hello import Verdict as HelloVerdict
from audiogateway.onset_gate import OnsetGate, Verdict
from audiogateway.own_ears import Onset, OwnEars
from audiogateway.playout import FRAME_MS
from audiogateway.responses import ResponseOwner

SEAM_MS = 300
"""So little of the agent's words left, and whoever speaks answers them. Turns of people overlap by as much."""
LATE_MS = 1_500
"""A short word that ended so near the end of the agent's words may have been the answer to them."""
ANSWER_WAIT_MS = 1_500
"""After such a word, whoever has more to say begins within this time."""
MANY_WORDS = 4
"""No backchannel is that long."""
ECHO_MS = 700
"""So long after the agent's last sound an echo of it may be heard."""
SURE_MS = 200
"""So long something that is no echo must be heard in one."""


class Judgement(Enum):
    """Of one speech of the callee."""

    TURN = "turn"
    HELLO = "hello"
    UNDECIDED = "undecided"
    BACKCHANNEL = "backchannel"
    NOISE = "noise"
    ECHO = "echo"


@dataclass(slots=True)
class _Speech:
    """A speech of the callee that goes on. `onset_ms` is when it began, `told_ms` when that came to be known."""

    judgement: Judgement
    onset_ms: int
    told_ms: int
    no_echo_since_ms: int | None = None


@dataclass(slots=True)
class _Aside:
    """A speech that was not taken for a turn; nothing else was said since."""

    item_id: str
    ended_ms: int
    judgement: Judgement
    has_words: bool = False
    quiet_since_ms: int | None = None


class Floor:
    """Of one talk. Times are milliseconds since the answer."""

    def __init__(
        self,
        *,
        agent_begins: bool,
        gate_ms: int,
        ears: OwnEars,
        speech: AgentSpeech,
        responses: ResponseOwner,
        figures: TalkFigures,
        now_ms: Callable[[], int],
    ) -> None:
        self._gate_ms = gate_ms
        self._ears = ears
        self._agent = speech
        self._responses = responses
        self._figures = figures
        self._now_ms = now_ms
        self._hello = HelloGrace() if agent_begins else None
        self._gate: OnsetGate | None = None
        self._callee: _Speech | None = None
        self._aside: _Aside | None = None
        self._echoes: set[str] = set()

    # The model's news

    def callee_started(self, onset_ms: int) -> bool:
        """False when nobody is heard: it is noise or echo, as far as can be told."""
        self._aside = None
        self._end_gate()
        now_ms = self._now_ms()
        self._callee = _Speech(Judgement.UNDECIDED, onset_ms, now_ms)
        self._callee.judgement = self._judge(now_ms)
        is_somebody = self._callee.judgement not in (Judgement.NOISE, Judgement.ECHO)
        if is_somebody:
            self._responses.callee_started()
        if self._callee.judgement is Judgement.TURN:
            self.interrupt()
        self.on_frame()
        return is_somebody

    def callee_spoke_meanwhile(self, onset_ms: int) -> None:
        """While nobody was there to hear it: what our own ears hear now tells nothing of it, so it is a turn."""
        self.leave()
        self._callee = _Speech(Judgement.TURN, onset_ms, self._now_ms())
        self._responses.callee_started()
        self.interrupt()

    def callee_stopped(self, item_id: str, stopped_ms: int) -> bool:
        """True when it was a turn, which wants an answer."""
        callee, self._callee = self._callee, None
        if callee is None:
            return True
        if callee.judgement is Judgement.UNDECIDED:
            callee.judgement = Judgement.BACKCHANNEL
        self._end_gate()
        self._hello = None
        self._figures.backchannels += callee.judgement is Judgement.BACKCHANNEL
        self._figures.ignored_noises += callee.judgement is Judgement.NOISE
        self._figures.ignored_echoes += callee.judgement is Judgement.ECHO
        if callee.judgement is Judgement.TURN:
            return True
        if callee.judgement is Judgement.ECHO:
            self._echoes.add(item_id)
        self._aside = _Aside(item_id, stopped_ms, callee.judgement)
        return False

    def was_echo(self, item_id: str) -> bool:
        """True once, of a speech that was heard as an echo."""
        was_echo = item_id in self._echoes
        self._echoes.discard(item_id)
        return was_echo

    def words_came(self, item_id: str, text: str) -> bool:
        """What a speech was transcribed to. True when it must be answered, although it was no turn."""
        aside = self._aside
        if aside is None or aside.item_id != item_id:
            return False
        aside.has_words = bool(text)
        is_hello = aside.judgement is Judgement.HELLO
        if is_hello or len(text.split()) < MANY_WORDS or not self._agent.is_sounding:
            return False
        self._aside = None
        self.interrupt()
        return True

    # The line

    def heard(self, samples: bytes) -> None:
        """Sound of the callee, as it comes from the line."""
        self._ears.heard(samples)
        if self._gate is not None and self._callee is not None and self._ears.is_voice(samples):
            self._voice_is_heard(self._gate, self._callee, self._now_ms())

    def on_frame(self) -> None:
        """Before each frame of the agent is taken."""
        if self._gate is not None:
            self._follow_gate(self._gate)

    def said(self, frame: bytes | None) -> None:
        """20 ms of the agent's voice on the line; None is silence."""
        self._ears.said(frame)

    def on_time(self, now_ms: int, *, is_quiet: bool) -> bool:
        """About ten times a second; `is_quiet` when nobody speaks and nothing is being prepared.

        True when the callee waits for an answer to what was no turn.
        """
        if self._hello is not None and (verdict := self._hello.verdict(now_ms)) is not None:
            self._hello = None
            if verdict is HelloVerdict.INTERRUPTED and self._callee is not None:
                self._hello_was_more(self._callee, now_ms)
        if self._callee is not None and self._callee.judgement is Judgement.ECHO:
            self._look_behind_echo(self._callee, now_ms)
        return self._aside is not None and self._is_waited_for(self._aside, now_ms, is_quiet=is_quiet)

    # Rules

    def interrupt(self) -> None:
        """The agent is silent at once, what it was going to say is cancelled, and the model learns what was heard."""
        if (active := self._responses.interrupt()) is not None:
            self._agent.drop(active)
        if self._agent.interrupt():
            self._figures.interruptions += 1
            if self._callee is not None and self._callee.judgement is not Judgement.HELLO:
                self._note_barge_in(self._callee)

    def leave(self) -> None:
        """From here on the agent speaks to its end, whatever the callee does."""
        self._hello = self._callee = self._aside = None
        self._end_gate()

    def _hello_was_more(self, callee: _Speech, now_ms: int) -> None:
        if self._is_echo(self._ears.onset(), now_ms):
            callee.judgement = Judgement.ECHO
            self._responses.callee_stopped()
        else:
            self.interrupt()
            callee.judgement = Judgement.TURN

    def _is_echo(self, onset: Onset, now_ms: int) -> bool:
        return onset.is_voice and now_ms - self._agent.last_frame_ms < ECHO_MS and self._ears.is_echo()

    def _judge(self, now_ms: int) -> Judgement:
        onset = self._ears.onset()
        if self._is_echo(onset, now_ms):
            return Judgement.ECHO
        if self._hello is not None and not self._greeting_is_over:
            self._hello.callee_started(now_ms)
            return Judgement.HELLO
        self._hello = None
        if self._is_idle:
            return Judgement.TURN
        if onset.is_voice and self._is_last_word_of_agent:
            return Judgement.TURN
        self._gate = OnsetGate(self._gate_ms, onset, now_ms)
        return Judgement.UNDECIDED if onset.is_voice else Judgement.NOISE

    def _look_behind_echo(self, callee: _Speech, now_ms: int) -> None:
        """Somebody may have begun to speak into it, which the model cannot tell."""
        onset = self._ears.onset()
        if not onset.is_voice or self._ears.is_echo():
            callee.no_echo_since_ms = None
        elif callee.no_echo_since_ms is None:
            callee.no_echo_since_ms = now_ms
        elif now_ms - callee.no_echo_since_ms >= SURE_MS:
            callee.judgement, callee.onset_ms, callee.told_ms = Judgement.UNDECIDED, callee.no_echo_since_ms, now_ms
            self._responses.callee_started()
            self._gate = OnsetGate(self._gate_ms, Onset(is_voice=True, voiced_ms=SURE_MS), now_ms)
            if self._agent.is_sounding:
                self._follow_gate(self._gate)
            else:
                self._becomes_turn()

    @property
    def _is_idle(self) -> bool:
        """The agent is silent, and is not preparing to speak."""
        return not self._agent.is_sounding and self._responses.is_idle

    @property
    def _is_last_word_of_agent(self) -> bool:
        """The agent is silent, or as good as that."""
        remaining_ms = self._agent.remaining_ms
        return not self._agent.is_sounding or (remaining_ms is not None and remaining_ms <= SEAM_MS)

    def _voice_is_heard(self, gate: OnsetGate, callee: _Speech, now_ms: int) -> None:
        gate.voice(now_ms)
        if callee.judgement is Judgement.NOISE:
            callee.judgement = Judgement.UNDECIDED
            callee.told_ms = now_ms
            self._responses.callee_started()
        if self._agent.is_sounding:
            self._follow_gate(gate)
        else:
            self._becomes_turn()

    @property
    def _greeting_is_over(self) -> bool:
        return self._agent.is_handed_out and self._responses.is_idle

    def _follow_gate(self, gate: OnsetGate) -> None:
        match gate.verdict(self._now_ms()):
            case Verdict.PAUSES:
                self._agent.pause()
            case Verdict.GOES_ON:
                self._agent.resume()
            case Verdict.INTERRUPTS:
                self._becomes_turn()

    def _becomes_turn(self) -> None:
        self._gate = None
        if self._callee is not None:
            self._callee.judgement = Judgement.TURN
        self.interrupt()

    def _note_barge_in(self, callee: _Speech) -> None:
        last_ms = self._agent.last_frame_ms
        self._figures.barge_in_ms.append(max(last_ms + FRAME_MS - callee.onset_ms, 0))
        self._figures.barge_in_reaction_ms.append(max(last_ms - callee.told_ms, 0))

    def _end_gate(self) -> None:
        self._gate = None
        self._agent.resume()

    def _is_waited_for(self, aside: _Aside, now_ms: int, *, is_quiet: bool) -> bool:
        if not is_quiet:
            aside.quiet_since_ms = None
            return False
        if aside.quiet_since_ms is None:
            aside.quiet_since_ms = now_ms
        late_ms = 0 if aside.judgement is Judgement.HELLO else LATE_MS
        if self._agent.last_frame_ms - aside.ended_ms > late_ms:
            self._aside = None
            return False
        if now_ms - aside.quiet_since_ms < ANSWER_WAIT_MS or not aside.has_words:
            return False
        self._aside = None
        return True
