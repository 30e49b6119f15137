"""callcontrol ends when it is told to, also when Redis forgets that."""

from typing import cast

import pytest

from calls.asterisk.ami_client import AmiAccount, AmiClient
from calls.control import commands, process
from calls.control.commands import Commands
from calls.control.process import CallControl
from tests.forgetful_redis import ForgetfulRedis, ends_when_cancelled


@pytest.mark.parametrize("fails", [False, True])
async def test_whoever_listens_for_commands_ends(fails: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    redis = ForgetfulRedis(fails=fails)
    monkeypatch.setattr(commands, "async_connection", lambda: redis)
    assert await ends_when_cancelled(Commands(cast(AmiClient, None))._listen_forever(), redis)


@pytest.mark.parametrize("fails", [False, True])
async def test_whoever_gives_signs_of_life_ends(fails: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    redis = ForgetfulRedis(fails=fails)
    for module in (commands, process):
        monkeypatch.setattr(module, "async_connection", lambda: redis)
    control = CallControl(AmiAccount("127.0.0.1", 1, "opendeep", "secret"))
    assert await ends_when_cancelled(control._say_alive(), redis)
