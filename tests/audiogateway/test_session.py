"""How a talk begins and goes on, on virtual time: line, voice and PBX are in memory."""

import pytest

from audiogateway.phase import Phase
from audiogateway.realtime import events
from audiogateway.silence import SILENCE_MS
from calls.contracts import CommandName
from tests.audiogateway.stage import SILENCE, Stage, sound


async def test_sound_goes_out_from_the_moment_the_line_is_up(stage: Stage) -> None:
    assert stage.line.frames == [SILENCE]
    await stage.run(1.0)
    assert 50 <= len(stage.line.frames) <= 52
    assert set(stage.line.frames) == {SILENCE}


async def test_every_frame_is_one_message_of_20_ms(stage: Stage) -> None:
    stage.an_answer_begins()
    stage.session.on_event(events.AgentAudio("r1", "a1", sound(100)))
    await stage.run(1.0)
    assert {len(frame) for frame in stage.line.frames} == {323}
    assert sum(frame != SILENCE for frame in stage.line.frames) == 5


async def test_a_talk_over_its_maximum_says_goodbye() -> None:
    stage = Stage(max_seconds=2)
    stage.connect()
    await stage.run(2.2)
    assert stage.session.phase is Phase.CLOSING
    assert stage.voice.types()[-1] == "response.create"


async def test_a_released_voice_is_closed_without_a_talk() -> None:
    stage = Stage()
    stage.session.voice_is_open(stage.voice)
    stage.session.end_now("released")
    assert stage.voice.is_closed
    assert stage.over == [stage.session]
    assert stage.store.over == []


async def test_a_voice_that_opens_after_its_release_is_closed() -> None:
    stage = Stage()
    stage.session.end_now("released")
    stage.session.voice_is_open(stage.voice)
    assert stage.voice.is_closed


async def test_a_call_that_nobody_expects_any_more_is_cut() -> None:
    stage = Stage()
    stage.store.accepts_media = False
    stage.connect()
    assert stage.line.hung_up == 1


async def test_keys_of_the_callee_are_events_of_the_call(stage: Stage) -> None:
    stage.session.on_digit("5")
    assert stage.store.events == [("key_pressed", {"digit": "5"})]


async def test_a_silent_callee_is_asked_and_then_told_goodbye(stage: Stage) -> None:
    stage.an_answer_begins()
    stage.session.on_event(events.ResponseDone("r1", "completed", "", ""))
    stage.voice.take()
    for number in range(2):
        await stage.run(SILENCE_MS / 1000 + 4)
        asked = [event for event in stage.voice.take() if event["type"] == "response.create"]
        assert len(asked) == 1
        assert ("still there", "Goodbye")[number] in asked[0]["response"]["instructions"]
        stage.session.on_event(events.ResponseCreated(f"r{number}"))
        stage.session.on_event(events.ResponseDone(f"r{number}", "completed", "", ""))
    await stage.run(0.5)
    assert stage.commands() == [CommandName.END_CALL]
    stage.session.on_line_closed("closed by the PBX")
    assert stage.store.over == ["silence"]


async def test_the_model_hears_silence_where_the_telephone_sends_nothing(stage: Stage) -> None:
    stage.session.on_audio(bytes([1, 0]) * 160)
    await stage.run(1.0)
    heard = bytes(stage.voice.audio)
    assert len(heard) == pytest.approx(8000, abs=2 * 160)
    assert set(heard[160:]) == {0xFF}
