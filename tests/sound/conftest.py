"""One gateway between Asterisk and the model for the tests of a file."""

from collections.abc import Iterator

import pytest

from tests.rig.asterisk import RunningAsterisk
from tests.sound.stage import Stage


@pytest.fixture(scope="module")
def stage(asterisk: RunningAsterisk) -> Iterator[Stage]:
    with Stage(asterisk) as running:
        yield running
