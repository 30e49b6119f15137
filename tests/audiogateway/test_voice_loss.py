"""A session of the model is lost or grows old: the talk's rules on virtual time."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from audiogateway import patience
from audiogateway.filler import AFTER_LOSS_MS
from audiogateway.pacing import Ticker
from audiogateway.phase import Phase
from audiogateway.phrases import Phrase
from audiogateway.realtime import events
from audiogateway.realtime.connection import Voice, VoiceListener
from audiogateway.realtime.openai_codec import Configuration
from audiogateway.session import Session
from audiogateway.talk_voice import STALL_SECONDS
from calls.contracts import CommandName
from opendeep.core.errors import PermanentError, RetryableError
from tests.audiogateway.fakes import (
    MemoryStore,
    RecordingLine,
    RecordingVoice,
    ScriptedBus,
    Spawned,
    VirtualClock,
    surroundings,
    talk_order,
)
from tests.audiogateway.prepared_phrases import PreparedPhrases


class Stage:
    """A talk that has begun. `failures` are raised, one a try, before another session is opened."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.ticker = Ticker(self.clock)
        self.store, self.bus, self.spawned = MemoryStore(), ScriptedBus(), Spawned()
        self.line = RecordingLine()
        self.voices = [RecordingVoice()]
        self.listeners: list[VoiceListener] = []
        self.configurations: list[Configuration] = []
        self.failures: list[Exception] = []
        around = surroundings(
            self.store,
            self.bus,
            self.spawned,
            ticker=self.ticker,
            clock=self.clock,
            open_voice=self._open,
            phrases=PreparedPhrases(),
        )
        self.session = Session(
            replace(talk_order(first_speaker="callee"), max_seconds=7200),
            around,
            on_ready=lambda session: None,
            on_over=lambda session: None,
            on_voice_lost_early=lambda session, reason: None,
        )
        self.session.voice_is_open(self.voices[0])
        self.session.line_is_up(self.line)

    async def _open(self, configuration: Configuration, listener: VoiceListener) -> Voice:
        self.configurations.append(configuration)
        if self.failures:
            raise self.failures.pop(0)
        self.voices.append(RecordingVoice())
        self.listeners.append(listener)
        return self.voices[-1]

    def tell(self, *told: events.Event) -> None:
        for event in told:
            self.session.on_event(event)

    async def run(self, seconds: float) -> None:
        self.clock.run(self.ticker, seconds)
        await self.spawned.finished()

    async def lose(self, reason: str = "dropped") -> RecordingVoice:
        """Returns the voice that speaks then."""
        self.session.on_voice_lost(reason)
        await self.spawned.finished()
        return self.voices[-1]

    def open_voices(self) -> int:
        return sum(not voice.is_closed for voice in self.voices)

    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.store.events]

    def talked(self) -> None:
        """The callee has said hello, and the agent has asked."""
        self.tell(
            events.SpeechStarted("u0", 0),
            events.SpeechStopped("u0", 0),
            events.AudioCommitted("u0", None),
            events.CalleeTranscript("u0", "Hello?"),
            events.ResponseCreated("r1"),
            events.ItemAdded("a1", "u0", "assistant"),
            events.AgentAudio("r1", "a1", b"\x01" * 800),
            events.AgentTranscript("a1", "Does Friday suit?"),
            events.AgentAudioDone("r1", "a1"),
            events.ResponseDone("r1", "completed", "", ""),
        )

    def answered(self) -> None:
        self.tell(
            events.SpeechStarted("u1", 0),
            events.SpeechStopped("u1", 100),
            events.AudioCommitted("u1", "a1"),
            events.CalleeTranscript("u1", "Yes."),
        )


@pytest.fixture
async def stage(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    monkeypatch.setattr(patience, "TRY_AFTER_SECONDS", (0.0,) * 6)
    yield Stage()


def texts(voice: RecordingVoice) -> list[str]:
    items = [event["item"] for event in voice.sent if event["type"] == "conversation.item.create"]
    return [item["content"][0]["text"] for item in items if item["type"] == "message" and item["role"] != "system"]


async def test_another_session_learns_what_was_heard_and_is_asked_for_the_answer_that_is_due(stage: Stage) -> None:
    stage.talked()
    await stage.run(0.5)
    stage.answered()
    voice = await stage.lose()
    assert stage.configurations[0].turn_detection is None
    assert texts(voice) == ["Hello?", "Does Friday suit?", "Yes."]
    assert voice.types()[-2:] == ["session.update", "response.create"]
    assert stage.kinds() == ["voice_lost", "voice_back"]
    assert stage.session.phase is Phase.TALKING


async def test_a_session_that_is_lost_while_nobody_speaks_is_asked_for_nothing(stage: Stage) -> None:
    stage.talked()
    await stage.run(0.5)
    voice = await stage.lose()
    assert "response.create" not in voice.types()


async def test_what_the_callee_says_meanwhile_is_told_first(stage: Stage) -> None:
    stage.failures = [RetryableError("down")]
    stage.session.on_voice_lost("dropped")
    stage.session.on_audio(bytes(320))
    stage.session.on_audio(bytes(320))
    await stage.spawned.finished()
    assert stage.voices[-1].types() == ["session.update", "input_audio_buffer.append"]
    stage.session.on_audio(bytes(320))
    assert len(stage.voices[-1].audio) == 160


async def test_without_an_answer_that_is_due_the_callee_hears_a_filler(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.answered()
    monkeypatch.setattr(stage.session._voice._renewal, "begin", lambda: None)
    stage.session.on_voice_lost("dropped")
    await stage.run(AFTER_LOSS_MS / 1000 + 2)
    assert ("agent", Phrase.MOMENT.value) in stage.store.transcript


@pytest.mark.parametrize(
    ("failures", "cause"),
    [([RetryableError("down")] * 6, "voice_lost"), ([PermanentError("The model refused the key.")], "voice_refused")],
)
async def test_a_voice_that_cannot_be_had_again_ends_the_talk_with_an_apology(
    stage: Stage, failures: list[Exception], cause: str
) -> None:
    stage.failures = failures
    await stage.lose()
    await stage.run(7)
    assert stage.store.transcript == [("agent", Phrase.APOLOGY.value)]
    assert stage.bus.commands[-1].name is CommandName.END_CALL
    stage.session.on_line_closed("closed by the PBX")
    assert stage.store.over == [cause]


async def test_a_voice_that_is_lost_again_and_again_is_given_up(stage: Stage) -> None:
    for _ in range(patience.MAX_LOSSES):
        await stage.lose()
    assert stage.bus.commands == []
    await stage.lose()
    await stage.run(7)
    assert stage.bus.commands[-1].name is CommandName.END_CALL
    assert len(stage.voices) == 1 + patience.MAX_LOSSES


async def test_a_fatal_error_in_the_talk_ends_it_and_opens_nothing(stage: Stage) -> None:
    stage.tell(events.ServerError("insufficient_quota", "You exceeded your current quota."))
    await stage.run(7)
    assert (len(stage.voices), stage.store.transcript) == (1, [("agent", Phrase.APOLOGY.value)])
    stage.session.on_line_closed("closed by the PBX")
    assert stage.store.over == ["voice_refused"]


async def test_a_session_that_says_that_it_is_over_is_not_waited_for(stage: Stage) -> None:
    stage.tell(events.ServerError("session_expired", "Your session hit the maximum duration of 60 minutes."))
    await stage.spawned.finished()
    assert (len(stage.voices), stage.voices[0].is_closed) == (2, True)


@pytest.mark.parametrize("code", ["response_cancel_not_active", "input_audio_buffer_commit_empty", "server_error", "?"])
async def test_other_errors_leave_the_session_as_it_is(stage: Stage, code: str) -> None:
    stage.tell(events.ServerError(code, "x"))
    await stage.run(1)
    assert (len(stage.voices), stage.session.phase) == (1, Phase.TALKING)


async def test_a_session_that_owes_an_answer_and_is_silent_for_long_is_replaced(stage: Stage) -> None:
    stage.answered()
    await stage.run(STALL_SECONDS - 0.5)
    assert len(stage.voices) == 1
    await stage.run(1)
    assert len(stage.voices) == 2
    assert "response.create" in stage.voices[-1].types()


async def test_an_old_session_is_replaced_at_a_quiet_moment_without_a_word(stage: Stage) -> None:
    stage.talked()
    await stage.run(0.5)
    stage.tell(events.SpeechStarted("u1", 400))
    await skip(stage, patience.SESSION_SECONDS - 3 * patience.FORCED_ROTATION_SECONDS)
    assert (len(stage.voices), stage.open_voices()) == (2, 2)
    stage.tell(events.SpeechStopped("u1", 900), events.CalleeTranscript("u1", ""))
    stage.tell(events.ResponseCreated("r2"), events.ResponseDone("r2", "completed", "", ""))
    await stage.run(0.5)
    assert (len(stage.voices), stage.open_voices()) == (2, 1)
    assert stage.kinds() == ["voice_rotated"]
    assert "response.create" not in stage.voices[1].types()


async def skip(stage: Stage, seconds: float) -> None:
    """So much later, without the frames between."""
    stage.clock.seconds += seconds
    await stage.run(0.5)


async def test_a_very_old_session_is_replaced_also_in_the_middle_of_a_word(stage: Stage) -> None:
    stage.tell(events.SpeechStarted("u1", 0))
    await skip(stage, patience.SESSION_SECONDS - patience.FORCED_ROTATION_SECONDS)
    await stage.run(0.5)
    assert (len(stage.voices), stage.open_voices(), stage.kinds()) == (2, 1, ["voice_rotated"])


async def test_a_session_that_is_lost_while_its_successor_waits_is_succeeded_at_once(stage: Stage) -> None:
    stage.tell(events.SpeechStarted("u1", 0))
    await skip(stage, patience.SESSION_SECONDS - 2 * patience.FORCED_ROTATION_SECONDS)
    await stage.lose()
    assert (len(stage.voices), stage.open_voices(), stage.kinds()) == (2, 1, ["voice_lost", "voice_back"])


async def test_a_successor_that_is_lost_while_it_waits_is_no_loss(stage: Stage) -> None:
    stage.tell(events.SpeechStarted("u1", 0))
    await skip(stage, patience.SESSION_SECONDS - 2 * patience.FORCED_ROTATION_SECONDS)
    stage.listeners[0].on_voice_lost("dropped")
    await stage.run(1)
    assert (stage.kinds(), stage.session.phase, stage.voices[0].is_closed) == ([], Phase.TALKING, False)


async def test_a_goodbye_that_breaks_off_is_said_by_another_session(stage: Stage) -> None:
    stage.session.end_politely("stopped")
    stage.tell(events.ResponseCreated("r1"))
    voice = await stage.lose()
    assert "Goodbye" in voice.sent[-1]["response"]["instructions"]


async def test_a_talk_that_is_over_wants_no_session_any_more(stage: Stage) -> None:
    stage.session.on_voice_lost("dropped")
    stage.session.on_line_closed("closed by the PBX")
    await stage.spawned.finished()
    assert stage.open_voices() == 0
    assert stage.store.over == ["callee_hung_up"]


async def test_a_fault_of_ours_leaves_nobody_waiting(stage: Stage) -> None:
    stage.failures = [ValueError("a fault of ours")]
    await stage.lose()
    await stage.run(7)
    assert stage.store.transcript == [("agent", Phrase.APOLOGY.value)]


async def test_a_session_that_is_lost_while_another_is_opened_is_not_opened_twice(stage: Stage) -> None:
    stage.session.on_voice_lost("dropped")
    stage.session._voice._renewal.begin()
    await stage.spawned.finished()
    assert len(stage.voices) == 2


async def test_a_successor_that_cannot_be_had_is_tried_again_later_and_when_the_session_is_lost(stage: Stage) -> None:
    stage.failures = [RetryableError("down")] * 6
    await skip(stage, patience.SESSION_SECONDS - 2 * patience.FORCED_ROTATION_SECONDS)
    assert (len(stage.configurations), stage.open_voices(), stage.kinds()) == (6, 1, [])
    await stage.lose()
    assert (len(stage.configurations), stage.kinds()) == (7, ["voice_lost", "voice_back"])
