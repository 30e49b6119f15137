"""Messages to the channel layer over the real Redis, from threads without an event loop."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from channels.layers import channel_layers, get_channel_layer
from django.test import override_settings

from opendeep.core import layer
from tests.redis_server import RunningRedis

pytestmark = pytest.mark.processes
RECEIVE_SECONDS = 5.0


@pytest.fixture
def redis_layer(redis_server: RunningRedis, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    backend = {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [redis_server.url]}}
    monkeypatch.setattr(layer, "_own", None)
    with override_settings(CHANNEL_LAYERS={"default": backend}):
        channel_layers.backends.clear()
        yield
    channel_layers.backends.clear()


async def received(send: Any, *, group: str = "") -> dict[str, Any]:
    """What arrives on a new channel (a member of `group`) when `send(its name)` is called in a thread."""
    channel_layer = get_channel_layer()
    assert channel_layer is not None
    channel = await channel_layer.new_channel()
    if group:
        await channel_layer.group_add(group, channel)
    with ThreadPoolExecutor(1) as thread:
        await asyncio.wrap_future(thread.submit(send, channel))
        message: dict[str, Any] = await asyncio.wait_for(channel_layer.receive(channel), RECEIVE_SECONDS)
    return message


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.asyncio
async def test_a_message_arrives_from_a_process_with_and_without_its_own_loop(redis_layer: None, own: bool) -> None:
    if own:
        layer.use_own_loop()

    message = await received(lambda channel: layer.send(channel, {"type": "voice.prepare", "call_id": "7"}))

    assert message == {"type": "voice.prepare", "call_id": "7"}


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.asyncio
async def test_a_hint_reaches_who_watches_the_group(redis_layer: None, own: bool) -> None:
    if own:
        layer.use_own_loop()

    hint = {"type": "live.hint", "what": "state"}
    assert await received(lambda _: layer.hint_group("call.7", hint), group="call.7") == hint


@pytest.mark.parametrize("own", [False, True])
def test_without_redis_a_message_is_not_sent_and_a_hint_is_lost_without_an_error(
    monkeypatch: pytest.MonkeyPatch, own: bool
) -> None:
    monkeypatch.setattr(layer, "_own", None)
    backend = {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": ["redis://127.0.0.1:1/0"]},
    }
    with override_settings(CHANNEL_LAYERS={"default": backend}):
        channel_layers.backends.clear()
        if own:
            layer.use_own_loop()
        layer.hint_group("call.7", {"type": "live.hint", "what": "state"})
        assert layer.send("a-channel", {"type": "voice.prepare"}) is False
    channel_layers.backends.clear()
