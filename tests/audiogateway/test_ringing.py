"""When the telephone may ring, and what becomes of a voice that is of no use before the line has come."""

from audiogateway.phase import Phase
from audiogateway.realtime import events
from tests.audiogateway.stage import Stage, sound


async def test_a_voice_that_waits_for_the_callee_is_ready_when_it_is_open() -> None:
    stage = Stage()
    stage.session.voice_is_open(stage.voice)
    assert stage.ready == [stage.session]


async def test_a_voice_that_begins_although_the_callee_shall_is_ready_once() -> None:
    stage = Stage()
    stage.session.voice_is_open(stage.voice)
    stage.session.on_event(events.ResponseCreated("r1"))
    stage.session.on_event(events.AgentAudio("r1", "a1", sound(20)))
    assert stage.ready == [stage.session]


async def test_a_voice_that_speaks_first_is_ready_with_its_first_sound() -> None:
    stage = Stage(first_speaker="agent")
    stage.session.voice_is_open(stage.voice)
    stage.session.on_event(events.ResponseCreated("r1"))
    assert stage.ready == []
    stage.session.on_event(events.AgentAudio("r1", "a1", sound(20)))
    stage.session.on_event(events.AgentAudio("r1", "a1", sound(20)))
    assert stage.ready == [stage.session]


async def test_a_voice_that_is_lost_while_it_rings_is_told() -> None:
    stage = Stage()
    stage.session.voice_is_open(stage.voice)
    stage.session.on_voice_lost("dropped")
    assert stage.lost == ["dropped"]
    assert stage.session.phase is Phase.OPENING


async def test_a_greeting_that_fails_while_it_rings_is_a_lost_voice() -> None:
    stage = Stage()
    stage.session.voice_is_open(stage.voice)
    for number in range(3):
        stage.session.on_event(events.ResponseDone(f"r{number}", "failed", "", "insufficient_quota"))
    assert stage.lost == ["The model cannot answer."]
    assert stage.voice.is_closed
