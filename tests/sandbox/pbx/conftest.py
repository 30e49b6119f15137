"""A PBX on a free port whose time runs fast, and a gateway for its calls."""

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.pbx.server import serving
from sandbox.pbx.settings import Settings
from tests.sandbox.pbx.wire import AmiClient, Gateway, ami

SPEED = 20


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings("opendeep", "s3cret", port=0, journal=tmp_path / "journal.jsonl")


@pytest.fixture
async def pbx(settings: Settings) -> AsyncIterator[int]:
    """The AMI port."""
    async with serving(settings, speed=SPEED) as port:
        yield port


@pytest.fixture
async def client(pbx: int) -> AsyncIterator[AmiClient]:
    async with ami(pbx) as logged_in:
        yield logged_in


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    async with Gateway().serving() as listening:
        yield listening


@pytest.fixture
def journal(settings: Settings) -> Callable[[], list[dict[str, Any]]]:
    """What was written so far."""
    path = settings.journal
    assert path is not None
    return lambda: [json.loads(line) for line in path.read_text().splitlines()]
