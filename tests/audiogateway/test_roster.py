"""Who gets a voice, and when it is taken away again."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from django.db.utils import OperationalError

from audiogateway.pacing import Ticker
from audiogateway.realtime import events
from audiogateway.realtime.connection import Voice, VoiceListener
from audiogateway.realtime.openai_codec import Configuration
from audiogateway.roster import BURIAL_SECONDS, OVERTIME_SECONDS, READY_SECONDS, VOICES_PER_CALL, Roster
from audiogateway.session import Session
from opendeep.core.errors import PermanentError, RetryableError
from tests.audiogateway.fakes import (
    CALL_ID,
    MemoryStore,
    RecordingLine,
    RecordingVoice,
    ScriptedBus,
    Spawned,
    VirtualClock,
    surroundings,
    talk_order,
)

WAITING_SECONDS = 100.0


class Stage:
    """A roster with room for two, and a model that gives a voice to everybody."""

    def __init__(self) -> None:
        self.clock, self.spawned, self.bus = VirtualClock(), Spawned(), ScriptedBus()
        self.store = MemoryStore({CALL_ID: talk_order(first_speaker="callee")})
        self.ticker = Ticker(self.clock)
        self.voices: list[tuple[VoiceListener, RecordingVoice]] = []
        self.open_voice: Callable[[], Voice] | None = None
        around = surroundings(
            self.store, self.bus, self.spawned, ticker=self.ticker, clock=self.clock, open_voice=self._open
        )
        self.roster = Roster(around, capacity=2, waiting_seconds=WAITING_SECONDS)

    async def _open(self, configuration: Configuration, listener: VoiceListener) -> Voice:
        if self.open_voice is not None:
            return self.open_voice()
        voice = RecordingVoice()
        self.voices.append((listener, voice))
        return voice

    async def prepare(self, call_id: UUID = CALL_ID, *, first_speaker: str = "callee") -> None:
        self.store.orders[call_id] = replace(
            self.store.orders.get(call_id) or talk_order(call_id),
            brief=talk_order(first_speaker=first_speaker).brief,
        )
        self.roster.prepare(call_id)
        await self.spawned.finished()


def refuse(error: Exception) -> Callable[[], Voice]:
    def open_voice() -> Voice:
        raise error

    return open_voice


@pytest.fixture
def stage() -> Stage:
    return Stage()


async def test_a_prepared_call_is_told_to_be_ready_and_answers_its_line(stage: Stage) -> None:
    await stage.prepare()
    assert stage.store.ready == [CALL_ID]
    assert isinstance(stage.roster.answer(CALL_ID, RecordingLine()), Session)


async def test_a_line_is_answered_once(stage: Stage) -> None:
    await stage.prepare()
    stage.roster.answer(CALL_ID, RecordingLine())
    assert stage.roster.answer(CALL_ID, RecordingLine()) is None


async def test_a_line_that_nobody_prepared_is_not_answered(stage: Stage) -> None:
    assert stage.roster.answer(uuid4(), RecordingLine()) is None


async def test_being_asked_twice_takes_one_seat_and_tells_again_that_it_is_ready(stage: Stage) -> None:
    await stage.prepare()
    await stage.prepare()
    assert (stage.roster.load, len(stage.voices), stage.store.ready) == (1, 1, [CALL_ID, CALL_ID])


async def test_beyond_its_capacity_a_gateway_refuses(stage: Stage) -> None:
    for _ in range(3):
        await stage.prepare(uuid4())
    assert (len(stage.store.ready), stage.store.failed[0][1]) == (2, "The gateway is full.")


async def test_a_gateway_that_stops_refuses(stage: Stage) -> None:
    stage.roster.is_open = False
    await stage.prepare()
    assert stage.store.failed == [(CALL_ID, "The gateway is stopping.")]


@pytest.mark.parametrize("error", [PermanentError("The model refused the key."), RetryableError("HTTP status 500")])
async def test_a_voice_that_cannot_be_opened_is_told_and_frees_its_seat(stage: Stage, error: Exception) -> None:
    stage.open_voice = refuse(error)
    await stage.prepare()
    assert stage.store.failed == [(CALL_ID, str(error))]
    assert stage.roster.load == 0


async def test_a_call_that_needs_no_voice_any_more_frees_its_seat(stage: Stage) -> None:
    stage.roster.prepare(uuid4())
    await stage.spawned.finished()
    assert (stage.roster.load, stage.store.failed) == (0, [])


async def test_a_database_that_is_away_is_no_voice(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(call_id: UUID) -> None:
        raise OperationalError("away")

    monkeypatch.setattr(stage.store, "talk_order", away)
    await stage.prepare()
    assert stage.store.failed == [(CALL_ID, "The database is away.")]
    assert stage.roster.load == 0


async def test_a_released_voice_is_closed(stage: Stage) -> None:
    await stage.prepare()
    stage.roster.release(CALL_ID)
    assert stage.voices[0][1].is_closed
    assert stage.roster.load == 0
    assert stage.roster.answer(CALL_ID, RecordingLine()) is None


async def test_a_call_that_is_released_while_its_voice_is_opened_keeps_nothing(stage: Stage) -> None:
    stage.roster.prepare(CALL_ID)
    stage.roster.release(CALL_ID)
    await stage.spawned.finished()
    assert (stage.roster.load, stage.voices, stage.store.ready) == (0, [], [])


async def test_a_model_that_opens_sessions_and_says_nothing_is_no_voice(stage: Stage) -> None:
    await stage.prepare(first_speaker="agent")
    stage.clock.seconds += READY_SECONDS
    stage.roster.supervise()
    assert stage.store.failed == [(CALL_ID, "The model did not begin to speak.")]
    assert (stage.store.ready, stage.roster.load) == ([], 0)


async def test_a_model_that_has_begun_to_speak_is_waited_with(stage: Stage) -> None:
    await stage.prepare(first_speaker="agent")
    stage.voices[0][0].on_event(events.AgentAudio("r1", "a1", b"\xff" * 160))
    stage.clock.seconds += READY_SECONDS
    stage.roster.supervise()
    assert (stage.store.ready, stage.roster.load) == ([CALL_ID], 1)


async def test_a_call_that_is_asked_for_again_after_its_release_gets_one_voice(stage: Stage) -> None:
    stage.roster.prepare(CALL_ID)
    stage.roster.release(CALL_ID)
    stage.roster.prepare(CALL_ID)
    await stage.spawned.finished()
    assert (stage.roster.load, len(stage.voices), stage.store.ready) == (1, 1, [CALL_ID])


async def test_a_talk_is_not_released(stage: Stage) -> None:
    await stage.prepare()
    line = RecordingLine()
    stage.roster.answer(CALL_ID, line)
    stage.roster.release(CALL_ID)
    assert (line.hung_up, stage.roster.load) == (0, 1)


async def test_a_voice_that_waits_too_long_expires(stage: Stage) -> None:
    await stage.prepare()
    stage.clock.seconds += WAITING_SECONDS - 1
    stage.roster.supervise()
    assert stage.roster.load == 1
    stage.clock.seconds += 1
    stage.roster.supervise()
    assert (stage.roster.load, stage.voices[0][1].is_closed) == (0, True)


async def test_a_talk_over_its_time_is_cut_whatever_its_session_does(stage: Stage) -> None:
    stage.store.orders[CALL_ID] = replace(talk_order(), max_seconds=60)
    await stage.prepare()
    line = RecordingLine()
    stage.roster.answer(CALL_ID, line)
    stage.clock.seconds += 60 + OVERTIME_SECONDS - 1
    stage.roster.supervise()
    assert line.hung_up == 0
    stage.clock.seconds += 1
    stage.roster.supervise()
    assert line.hung_up == 1


async def test_a_voice_that_is_lost_while_it_rings_is_opened_again(stage: Stage) -> None:
    await stage.prepare()
    stage.voices[0][0].on_voice_lost("dropped")
    await stage.spawned.finished()
    assert len(stage.voices) == 2
    assert isinstance(stage.roster.answer(CALL_ID, RecordingLine()), Session)
    assert stage.store.failed == []


async def test_a_voice_that_is_lost_again_and_again_is_given_up(stage: Stage) -> None:
    await stage.prepare()
    for number in range(VOICES_PER_CALL):
        stage.voices[number][0].on_voice_lost("dropped")
        await stage.spawned.finished()
    assert len(stage.voices) == VOICES_PER_CALL
    assert stage.store.failed == [(CALL_ID, "dropped")]
    assert stage.roster.load == 0


async def test_stopping_a_talk_lets_the_agent_say_goodbye(stage: Stage) -> None:
    await stage.prepare()
    stage.roster.answer(CALL_ID, RecordingLine())
    stage.voices[0][0].on_event(events.ResponseCreated("r1"))
    stage.voices[0][0].on_event(events.ResponseDone("r1", "completed", "", ""))
    stage.roster.stop(CALL_ID)
    assert "Goodbye" in stage.voices[0][1].sent[-1]["response"]["instructions"]


async def test_stopping_a_call_that_rings_closes_its_voice(stage: Stage) -> None:
    await stage.prepare()
    stage.roster.stop(CALL_ID)
    assert stage.voices[0][1].is_closed


async def test_all_calls_can_be_ended_and_the_end_of_them_be_waited_for(stage: Stage) -> None:
    await stage.prepare()
    await stage.prepare(other := uuid4())
    line = RecordingLine()
    listener = stage.roster.answer(other, line)
    stage.roster.end_all("stopped", politely=True)
    assert stage.roster.load == 1
    assert stage.store.failed == [(CALL_ID, "The gateway is stopping.")]
    stage.roster.end_all("stopped", politely=False)
    assert line.hung_up == 1
    assert listener is not None
    listener.on_line_closed("hung up by the gateway")
    await asyncio.wait_for(stage.roster.emptied(), 1)
    assert stage.store.over == ["stopped"]


async def test_a_session_that_cannot_end_is_buried_and_the_others_are_looked_at_all_the_same(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = uuid4()
    await stage.prepare()
    await stage.prepare(other)
    broken, sound = RecordingLine(), RecordingLine()
    session = stage.roster.answer(CALL_ID, broken)
    stage.roster.answer(other, sound)

    def wedged(cause: str) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(session, "end_now", wedged)
    stage.clock.seconds += talk_order().max_seconds + OVERTIME_SECONDS
    stage.roster.supervise()
    await stage.spawned.finished()
    assert (broken.hung_up, sound.hung_up) == (1, 1)
    assert (stage.store.over, stage.roster.load) == (["max_duration"], 1)
    assert stage.voices[0][1].is_closed


@pytest.mark.parametrize("politely", [True, False])
async def test_a_session_that_cannot_be_ended_does_not_keep_the_others_from_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, politely: bool
) -> None:
    await stage.prepare()
    await stage.prepare(other := uuid4())
    lines = [RecordingLine(), RecordingLine()]
    stage.roster.answer(CALL_ID, lines[0])
    stage.roster.answer(other, lines[1])
    end = Session.end_politely if politely else Session.end_now

    def fail(session: Session, cause: str) -> None:
        if session.order.call_id == CALL_ID:
            raise RuntimeError("broken")
        end(session, cause)

    monkeypatch.setattr(Session, end.__name__, fail)
    stage.roster.end_all("stopped", politely=politely)
    stage.roster.end_all("stopped", politely=False)
    assert all(line.hung_up for line in lines)
    assert stage.roster.load == 1  # the broken one's seat is free, the other waits for the end of its line


async def test_a_session_that_waits_for_ever_is_buried(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    await stage.prepare()
    session = stage.roster.answer(CALL_ID, RecordingLine())
    monkeypatch.setattr(session, "end_now", lambda cause: None)
    stage.clock.seconds += talk_order().max_seconds + OVERTIME_SECONDS + BURIAL_SECONDS
    stage.roster.supervise()
    assert (stage.store.over, stage.roster.load) == (["max_duration"], 0)
    await stage.spawned.finished()


async def test_the_guess_of_the_pbx_reaches_its_session_and_no_other(stage: Stage) -> None:
    await stage.prepare()
    stage.roster.answer(CALL_ID, RecordingLine())
    stage.roster.machine_detected(uuid4())
    stage.roster.machine_detected(CALL_ID)
    listener, _ = stage.voices[0]
    listener.on_event(events.SpeechStarted("u1", 0))
    listener.on_event(events.CalleeTranscript("u1", "We are not available."))
    assert stage.store.callee == ["voicemail"]
