"""Whoever is to be hung up is not kept on the line by keys that are pressed in other calls, or in the same one."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from calls.asterisk.ami_client import AmiAccount, AmiClient
from calls.contracts import Command, CommandName
from calls.control.commands import Commands

MANY = 200
"""More than there are lanes of any kind."""


def ignore(event: object) -> None:
    """Of the PBX nothing is heard here."""


@asynccontextmanager
async def listening(monkeypatch: pytest.MonkeyPatch, started: "asyncio.Queue[Command]") -> AsyncIterator[Commands]:
    """Commands whose keys take for ever; `started` gets each command when its turn has come."""

    async def handle(self: Commands, command: Command) -> None:
        started.put_nowait(command)
        if command.name is CommandName.SEND_DTMF:
            await asyncio.Event().wait()

    async def listen(self: Commands) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Commands, "_handle", handle)
    monkeypatch.setattr(Commands, "_listen_forever", listen)
    commands = Commands(AmiClient(AmiAccount("127.0.0.1", 1, "nobody", "nothing"), on_event=ignore))
    running = asyncio.create_task(commands.run())
    yield commands
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await commands.close()


@pytest.mark.parametrize("is_same_call", [True, False])
async def test_a_hang_up_does_not_wait_for_keys(monkeypatch: pytest.MonkeyPatch, is_same_call: bool) -> None:
    started: asyncio.Queue[Command] = asyncio.Queue()
    keys = [Command(uuid.UUID(int=n), CommandName.SEND_DTMF, {"digits": "w" * 32}) for n in range(MANY)]
    end = Command(uuid.UUID(int=7 if is_same_call else MANY + 7), CommandName.END_CALL, {"reason": "asked to"})
    async with listening(monkeypatch, started) as commands:
        for command in (*keys, end):
            await commands._receive(command.encode())
        async with asyncio.timeout(2):
            while await started.get() != end:
                pass


async def test_keys_of_one_call_are_pressed_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    started: asyncio.Queue[Command] = asyncio.Queue()
    first, second = (Command(uuid.UUID(int=1), CommandName.SEND_DTMF, {"digits": digit}) for digit in "12")
    other = Command(uuid.UUID(int=2), CommandName.SEND_DTMF, {"digits": "3"})
    async with listening(monkeypatch, started) as commands:
        for command in (first, second, other):
            await commands._receive(command.encode())
        async with asyncio.timeout(2):
            assert [await started.get(), await started.get()] == [first, other]
        assert started.empty()  # the first keys are still being pressed
