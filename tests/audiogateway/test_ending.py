"""Why and when a talk ends: the hangup after the last words, and the words that are still waited for."""

import pytest

from audiogateway.hangup import HANG_UP_MS, LAST_WORDS_MS
from audiogateway.realtime import events
from audiogateway.silence import LONGEST_GREETING_MS
from calls.contracts import Ack, CommandName
from tests.audiogateway.stage import END_CALL, Stage, sound

REPORT_VOICEMAIL = events.ToolCalled("r1", "item_v", "call_v", "report_voicemail", '{"leave_message": false}')


async def test_the_agent_hangs_up_when_its_last_words_were_heard(stage: Stage) -> None:
    stage.bus.on_command = lambda command: stage.session.on_line_closed("closed by the PBX")
    stage.an_answer_begins()
    stage.session.on_event(events.AgentAudio("r1", "a1", sound(2000)))
    stage.session.on_event(END_CALL)
    await stage.spawned.finished()
    stage.session.on_event(events.ResponseDone("r1", "completed", "", ""))
    await stage.run(1.9)
    assert stage.commands() == []
    await stage.run(0.4)
    assert stage.commands() == [CommandName.END_CALL]
    assert stage.store.over == ["agent_ended"]
    assert stage.over == [stage.session]
    assert stage.voice.is_closed


async def test_a_farewell_that_never_ends_is_cut_after_the_limit(stage: Stage) -> None:
    stage.an_answer_begins()
    stage.session.on_event(events.AgentAudio("r1", "a1", sound(60_000)))
    stage.session.on_event(END_CALL)
    await stage.spawned.finished()
    await stage.run(LAST_WORDS_MS / 1000 - 0.2)
    assert stage.commands() == []
    await stage.run(0.4)
    assert stage.commands() == [CommandName.END_CALL]


async def test_without_an_acknowledgement_the_line_is_cut_here(stage: Stage) -> None:
    stage.bus.answer = None
    stage.session.end_after_last_words("agent_ended")
    await stage.run(1.0)
    assert stage.line.hung_up == 1


async def test_a_refused_hangup_cuts_the_line_here(stage: Stage) -> None:
    stage.bus.answer = Ack("", False, "no such channel")
    stage.session.end_after_last_words("agent_ended")
    await stage.run(1.0)
    assert stage.line.hung_up == 1


async def test_a_hangup_that_is_acknowledged_and_does_not_happen_is_done_here(stage: Stage) -> None:
    stage.session.end_after_last_words("agent_ended")
    await stage.run(1.0)
    assert stage.line.hung_up == 0
    await stage.run(HANG_UP_MS / 1000 + 0.2)
    assert stage.line.hung_up >= 1


async def test_end_call_twice_hangs_up_once(stage: Stage) -> None:
    stage.session.end_after_last_words("agent_ended")
    stage.session.end_after_last_words("agent_ended")
    await stage.run(1.0)
    assert stage.commands() == [CommandName.END_CALL]


async def test_a_callee_who_hangs_up_ends_the_talk(stage: Stage) -> None:
    await stage.run(1.0)
    stage.session.on_line_closed("closed by the PBX")
    assert stage.store.over == ["callee_hung_up"]
    assert stage.over == [stage.session]
    frames = len(stage.line.frames)
    await stage.run(1.0)
    assert len(stage.line.frames) == frames


async def test_a_broken_line_is_told_apart(stage: Stage) -> None:
    stage.session.on_line_closed("connection lost")
    assert stage.store.over == ["connection_lost"]


async def test_last_words_are_waited_for_before_the_talk_is_over(stage: Stage) -> None:
    stage.session.on_event(events.SpeechStarted("u1", 0))
    stage.session.on_line_closed("closed by the PBX")
    assert stage.store.over == []
    stage.session.on_event(events.CalleeTranscript("u1", "Never call me again."))
    await stage.spawned.finished()
    assert stage.store.transcript == [("callee", "Never call me again.")]
    assert stage.store.over == ["callee_hung_up"]


async def test_last_words_that_do_not_come_are_not_waited_for_without_limit(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audiogateway.ending.TRANSCRIPTION_SECONDS", 0)
    stage.session.on_event(events.SpeechStarted("u1", 0))
    stage.session.on_line_closed("closed by the PBX")
    await stage.spawned.finished()
    assert stage.store.over == ["callee_hung_up"]


async def test_events_after_the_end_change_nothing(stage: Stage) -> None:
    stage.session.on_line_closed("closed by the PBX")
    stage.session.on_event(events.ResponseDone("r1", "cancelled", "", ""))
    stage.session.on_voice_lost("closed")
    assert stage.store.over == ["callee_hung_up"]
    assert stage.over == [stage.session]


async def test_the_figures_of_the_talk_are_written_before_it_is_over(stage: Stage) -> None:
    await stage.run(0.2)
    stage.clock.seconds += 0.5
    await stage.run(0.2)
    stage.session.on_line_closed("closed by the PBX")
    assert stage.store.figures["skipped_frames"] > 0
    assert stage.store.figures["prompt"].startswith("v1:")


async def test_the_line_keeps_its_sound_while_the_pbx_is_asked_to_hang_up(stage: Stage) -> None:
    stage.session.end_after_last_words("agent_ended")
    await stage.run(1.0)
    frames = len(stage.line.frames)
    await stage.run(0.5)
    assert len(stage.line.frames) - frames >= 24


async def test_a_voicemail_that_gets_no_message_is_hung_up_on_as_one(stage: Stage) -> None:
    stage.bus.on_command = lambda command: stage.session.on_line_closed("closed by the PBX")
    stage.an_answer_begins()
    stage.session.on_event(REPORT_VOICEMAIL)
    stage.session.on_event(events.ResponseDone("r1", "completed", "", ""))
    await stage.spawned.finished()
    await stage.run(0.5)
    assert stage.commands() == [CommandName.END_CALL]
    assert stage.store.over == ["voicemail"]


async def test_a_machine_that_hangs_up_is_a_voicemail(stage: Stage) -> None:
    stage.session.voicemail_answered(leave_message=True)
    stage.session.on_line_closed("closed by the PBX")
    assert stage.store.over == ["voicemail"]


async def test_a_machine_that_never_stops_talking_is_hung_up_on_without_a_word(stage: Stage) -> None:
    stage.session.voicemail_answered(leave_message=True)
    stage.session.on_event(events.SpeechStarted("u1", 0))
    await stage.run(LONGEST_GREETING_MS / 1000 + 0.5)
    assert stage.commands() == [CommandName.END_CALL]
    assert "response.create" not in stage.voice.types()
