"""One connected client per test, against a stand-in of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from sandbox.openai.faults import TABLE
from tests.sandbox.openai_realtime.wire import Client, client, stand_in


@pytest.fixture
async def line() -> AsyncIterator[Client]:
    """A session with `session.created` read."""
    async with stand_in() as url, client(url) as connected:
        await connected.until("session.created")
        yield connected


@pytest.fixture(autouse=True)
def no_faults() -> Iterator[None]:
    yield
    TABLE.clear()
