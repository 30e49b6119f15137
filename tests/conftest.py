"""Fixtures for every test; each file below says what it starts."""

pytest_plugins = ["tests.rig.fixtures", "tests.openai_server", "tests.redis_server", "tests.api_client"]
