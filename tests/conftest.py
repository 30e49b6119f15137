"""Fixtures for every test; each file below says what it starts."""

from collections.abc import Iterator

import pytest
from channels.layers import InMemoryChannelLayer, channel_layers
from hypothesis import settings

pytest_plugins = [
    "tests.rig.fixtures",
    "tests.rig.order",
    "tests.openai_server",
    "tests.redis_server",
    "tests.api_client",
]

# How long an example takes says nothing on a machine that does other things, too.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")


@pytest.fixture(autouse=True)
def _no_message_outlives_its_test() -> Iterator[None]:
    """The layer in memory is one for the process, and a channel of it is full with a hundred that nobody takes."""
    yield
    for layer in channel_layers.backends.values():
        if isinstance(layer, InMemoryChannelLayer):
            for queue in layer.channels.values():
                while not queue.empty():
                    queue.get_nowait()
