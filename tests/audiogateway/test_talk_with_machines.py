"""Whole talks over loopback with the personas that are no helpful person: a voicemail, a phone menu, silence."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from audiogateway.silence import SilenceWatch
from calls.contracts import Command, CommandName
from tests.audiogateway.persona_caller import PersonaTelephone
from tests.audiogateway.test_talk import SHORT, Stage, talk
from tests.openai_server import OpenAIServer

pytestmark = pytest.mark.paced

HELPFUL, VOICEMAIL, MENU, SILENT, WITHOUT_SOUND, FAX, PICKED_UP = 0, 3, 6, 9, 15, 16, 17


@asynccontextmanager
async def talk_with(
    server: OpenAIServer, number: int, saves_packets: bool = False, /, **brief: Any
) -> AsyncIterator[Stage]:
    """The persona picks up the telephone; keys that the agent presses reach it."""
    telephone = PersonaTelephone(number)
    telephone.sends_silence &= not saves_packets
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.audiogateway.test_talk.Caller", telephone)
        async with talk(server, **(SHORT | brief)) as stage:
            hang_up = stage.bus.on_command

            def execute(command: Command) -> None:
                if command.name is CommandName.SEND_DTMF:
                    telephone.press(command.args["digits"])
                hang_up(command)

            stage.bus.on_command = execute
            yield stage


async def test_a_voicemail_gets_its_message_after_the_beep(openai_server: OpenAIServer) -> None:
    async with talk_with(openai_server, VOICEMAIL, voicemail="leave_message") as stage:
        await stage.is_over()
    assert (stage.store.over, stage.store.callee, stage.store.messages_left) == (["voicemail"], ["voicemail"], 1)
    speaker, message = stage.store.transcript[-1]
    assert (speaker, message.endswith("Please call us back. Goodbye.")) == ("agent", True)


async def test_a_voicemail_is_hung_up_on_where_no_message_is_wanted(openai_server: OpenAIServer) -> None:
    async with talk_with(openai_server, VOICEMAIL, voicemail="hang_up") as stage:
        await stage.is_over()
    assert (stage.store.over, stage.store.callee, stage.store.messages_left) == (["voicemail"], ["voicemail"], 0)
    assert stage.store.transcript[-1][0] == "callee"


async def test_a_phone_menu_is_answered_by_a_key_and_the_person_behind_it_is_asked(openai_server: OpenAIServer) -> None:
    async with talk_with(openai_server, MENU) as stage:
        await stage.is_over()
    keys = [command.args["digits"] for command in stage.bus.commands if command.name is CommandName.SEND_DTMF]
    assert keys == ["2"]
    assert ("keys_pressed", {"digits": "2", "problem": ""}) in stage.store.events
    assert ("callee", "Yes, that works for me.") in stage.store.transcript
    assert stage.store.callee == ["menu", "person"]
    assert stage.store.over == ["agent_ended"]


@pytest.mark.parametrize("number", [SILENT, WITHOUT_SOUND])
async def test_somebody_who_never_says_a_word_is_asked_and_told_goodbye(
    openai_server: OpenAIServer, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr("audiogateway.dialogue.SilenceWatch", lambda: SilenceWatch(1_500))
    async with talk_with(openai_server, number) as stage:
        await stage.is_over()
    _, asked, goodbye = stage.store.transcript
    assert asked[1].startswith("Are you still there?")
    assert goodbye == ("agent", "I cannot hear you. We will try again another time. Goodbye.")
    assert stage.store.over == ["silence"]


async def test_somebody_whose_telephone_sends_no_silence_is_understood(openai_server: OpenAIServer) -> None:
    async with talk_with(openai_server, HELPFUL, True) as stage:
        await stage.is_over()
    assert ("callee", "Yes, that works for me.") in stage.store.transcript
    assert stage.store.over == ["agent_ended"]


@pytest.mark.long
async def test_an_owner_who_picks_up_gets_a_talk_instead_of_a_message(openai_server: OpenAIServer) -> None:
    async with talk_with(openai_server, PICKED_UP, voicemail="leave_message") as stage:
        await stage.is_over()
    assert stage.store.callee[:2] == ["voicemail", "person"]
    assert ("callee", "Yes, that works for me.") in stage.store.transcript
    assert (stage.store.over, stage.store.messages_left) == (["agent_ended"], 0)


async def test_a_fax_machine_is_hung_up_on(openai_server: OpenAIServer) -> None:
    async with talk_with(openai_server, FAX) as stage:
        await stage.is_over()
    assert (stage.store.over, stage.store.callee) == (["fax"], ["fax"])
