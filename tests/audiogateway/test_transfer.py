"""A callee is put through to a person, on virtual time: line, voice and PBX are in memory."""

import pytest

from audiogateway.audiosocket.codec import encode_audio
from audiogateway.phase import Phase
from audiogateway.realtime import events
from audiogateway.transfer import CONNECT_MS, LAST_WORDS_MS, REDIRECT_MS, RETURNED_MS
from calls.contracts import Ack, Command, CommandName
from tests.audiogateway.fakes import RecordingLine
from tests.audiogateway.stage import Stage, sound

RING_S = 20
TRANSFER = events.ToolCalled("r1", "item_c", "call_1", "transfer_call", '{"reason": "Wants a person."}')
DONE = events.ResponseDone("r1", "completed", "", "")
REFUSED = Ack("", False, "The organization has set no number of a person.")


class Transfer(Stage):
    """The agent says for a second that it will, and calls the tool. The PBX takes the line when it is told to."""

    def __init__(self, *, takes_line: bool = True, max_seconds: int = 900) -> None:
        super().__init__(transfer_ring_seconds=RING_S, max_seconds=max_seconds)
        self.bus.on_command = self._on_command
        self._takes_line = takes_line

    def _on_command(self, command: Command) -> None:
        if self._takes_line and command.name is CommandName.TRANSFER_CALL:
            self.session.on_line_closed("closed by the PBX")

    async def begin(self, *, words_ms: int = 1000) -> None:
        self.connect()
        self.an_answer_begins()
        if words_ms:
            for event in (events.AgentAudio("r1", "a1", sound(words_ms)), events.AgentAudioDone("r1", "a1")):
                self.session.on_event(event)
        self.session.on_event(TRANSFER)
        self.session.on_event(DONE)
        await self.spawned.finished()

    def come_back(self) -> RecordingLine:
        line = RecordingLine()
        assert self.session.expects_line
        self.session.connect(line)
        return line

    def said(self) -> list[str]:
        """The instructions of all responses that were asked for."""
        asked = (event for event in self.voice.sent if event["type"] == "response.create")
        return [event.get("response", {}).get("instructions", "") for event in asked]


async def test_the_callee_hears_the_last_words_before_they_are_put_through() -> None:
    stage = Transfer()
    await stage.begin(words_ms=1000)
    await stage.run(0.9)
    assert stage.commands() == []
    await stage.run(0.6)
    (command,) = stage.bus.commands
    assert (command.name, command.args, command.command_id) == (
        CommandName.TRANSFER_CALL,
        {"reason": "Wants a person."},
        "call_1",
    )


async def test_a_model_that_says_nothing_is_told_to_announce_it() -> None:
    stage = Transfer()
    await stage.begin(words_ms=0)
    assert any("I will put you through" in words for words in stage.said())


async def test_last_words_without_an_end_do_not_keep_the_callee() -> None:
    stage = Transfer()
    await stage.begin(words_ms=60_000)
    await stage.run(LAST_WORDS_MS / 1000 + 0.5)
    assert stage.commands() == [CommandName.TRANSFER_CALL]


async def test_the_agent_is_out_of_it_as_soon_as_the_person_answers() -> None:
    stage = Transfer()
    await stage.begin()
    await stage.run(3)
    assert stage.store.over == []
    stage.session.transfer.person_answered()
    assert (stage.store.over, stage.voice.is_closed, len(stage.over)) == (["transferred"], True, 1)


async def test_that_the_person_answered_may_be_told_before_the_line_closes() -> None:
    stage = Transfer(takes_line=False)
    await stage.begin()
    await stage.run(2)
    stage.session.transfer.person_answered()
    assert stage.store.over == []
    stage.session.on_line_closed("closed by the PBX")
    assert stage.store.over == ["transferred"]


async def test_a_callee_who_does_not_wait_for_the_person_has_hung_up() -> None:
    stage = Transfer()
    await stage.begin()
    await stage.run(3)
    stage.session.transfer.callee_gave_up()
    assert stage.store.over == ["callee_hung_up"]


async def test_nobody_tells_and_the_callee_does_not_come_back_so_they_talk() -> None:
    stage = Transfer()
    await stage.begin()
    await stage.run(2)
    await stage.run(RING_S)
    assert stage.store.over == []
    await stage.run(CONNECT_MS / 1000 + 1)
    assert stage.store.over == ["transferred"]
    assert not stage.session.expects_line


async def test_a_callee_whom_nobody_answered_is_told_so_and_the_talk_goes_on() -> None:
    stage = Transfer()
    await stage.begin()
    await stage.run(RING_S)
    line = stage.come_back()
    assert stage.session.phase is Phase.TALKING
    assert "nobody could be reached" in stage.said()[-1]
    for event in (events.ResponseCreated("r2"), events.AgentAudio("r2", "a2", sound(500))):
        stage.session.on_event(event)
    await stage.run(1)
    assert any(frame != encode_audio(bytes(320)) for frame in line.frames)
    stage.session.on_line_closed("closed by the PBX")
    assert stage.store.over == ["callee_hung_up"]


async def test_a_callee_may_be_put_through_again() -> None:
    stage = Transfer()
    await stage.begin()
    await stage.run(RING_S)
    stage.come_back()
    stage.session.transfer_after_last_words("Again.", "call_2")
    await stage.run(LAST_WORDS_MS / 1000 + 1)
    assert [command.command_id for command in stage.bus.commands] == ["call_1", "call_2"]


async def test_the_line_may_be_back_before_its_old_end_is_noticed() -> None:
    stage = Transfer(takes_line=False)
    await stage.begin()
    await stage.run(2)
    stage.come_back()
    stage.session.on_line_closed("closed by the PBX")  # the old one
    assert stage.session.phase is Phase.TALKING
    assert stage.store.over == []


@pytest.mark.parametrize("answer", [REFUSED, None])
async def test_a_transfer_that_the_pbx_does_not_do_leaves_the_callee_with_the_agent(answer: Ack | None) -> None:
    stage = Transfer(takes_line=False)
    stage.bus.answer = answer
    await stage.begin()
    await stage.run(2)
    assert stage.session.phase is Phase.TALKING
    assert "nobody could be reached" in stage.said()[-1]


async def test_a_line_that_is_not_taken_in_spite_of_a_yes_goes_on_too() -> None:
    stage = Transfer(takes_line=False)
    await stage.begin()
    await stage.run(2)
    await stage.run(REDIRECT_MS / 1000 + 0.5)
    assert stage.session.phase is Phase.TALKING


async def test_a_callee_who_hangs_up_during_the_last_words_has_hung_up() -> None:
    stage = Transfer()
    await stage.begin(words_ms=3000)
    await stage.run(0.5)
    stage.session.on_line_closed("closed by the PBX")
    assert stage.store.over == ["callee_hung_up"]
    assert not stage.session.expects_line


async def test_nobody_else_connects_to_a_call_that_talks() -> None:
    stage = Transfer()
    stage.connect()
    assert not stage.session.expects_line


async def test_after_the_calls_time_nobody_is_put_through_any_more() -> None:
    stage = Transfer(max_seconds=5)
    await stage.begin()
    await stage.run(RING_S)
    stage.come_back()
    stage.session.transfer_after_last_words("Again.", "call_2")
    await stage.run(RETURNED_MS / 1000 + 1)
    assert [c.command_id for c in stage.bus.commands if c.name is CommandName.TRANSFER_CALL] == ["call_1"]
    assert stage.session.phase is Phase.CLOSING


async def test_whoever_comes_back_at_the_end_of_the_calls_time_is_still_told() -> None:
    stage = Transfer(max_seconds=5)
    await stage.begin()
    await stage.run(RING_S)
    stage.come_back()
    await stage.run(2)
    assert stage.said()[-1]
    before = stage.session.phase
    await stage.run(RETURNED_MS / 1000)
    assert (before, stage.session.phase) == (Phase.TALKING, Phase.CLOSING)


async def test_a_voice_that_was_lost_meanwhile_is_replaced_when_the_callee_comes_back() -> None:
    stage = Transfer()
    await stage.begin()
    await stage.run(RING_S)
    stage.session.on_voice_lost("closed")
    stage.come_back()
    await stage.run(1)
    assert ("voice_lost", {"reason": "It was lost while the callee was put through."}) in stage.store.events


async def test_a_gateway_that_must_stop_leaves_the_two_alone() -> None:
    stage = Transfer()
    await stage.begin()
    await stage.run(3)
    stage.session.end_now("stopped")
    assert stage.store.over == ["transferred"]
