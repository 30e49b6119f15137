"""A gateway ends when it is told to, also when Redis forgets that."""

from typing import Any, cast

import pytest

from audiogateway import registration
from audiogateway.commands import RedisCommandBus
from audiogateway.pacing import Ticker
from audiogateway.registration import Mailbox, Registration
from tests.audiogateway.fakes import VirtualClock
from tests.audiogateway.test_registration import Calls
from tests.forgetful_redis import ForgetfulRedis, ends_when_cancelled


@pytest.mark.parametrize("fails", [False, True])
async def test_whoever_listens_for_acknowledgements_ends(fails: bool) -> None:
    redis = ForgetfulRedis(fails=fails)
    assert await ends_when_cancelled(RedisCommandBus(cast(Any, redis)).run(), redis)


async def test_a_mailbox_without_a_channel_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    redis = ForgetfulRedis(fails=True)
    monkeypatch.setattr(registration, "get_channel_layer", lambda: redis)
    assert await ends_when_cancelled(Mailbox(Calls()).run(), redis)


@pytest.mark.parametrize("fails", [False, True])
async def test_whoever_tells_of_the_gateway_ends(fails: bool) -> None:
    redis, calls = ForgetfulRedis(fails=fails), Calls()
    teller = Registration(cast(Any, redis), "g", "127.0.0.1:9092", calls, Mailbox(calls), Ticker(VirtualClock()))
    assert await ends_when_cancelled(teller.run(), redis)
