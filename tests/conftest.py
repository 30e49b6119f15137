"""Fixtures for every test; each file below says what it starts."""

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
