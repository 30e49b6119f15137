"""The pace from the environment."""

from __future__ import annotations

import pytest

from sandbox.openai.realtime.settings import Pace, pace_from


def test_nothing_set_gives_the_usual_pace() -> None:
    assert pace_from({"SANDBOX_THINK_MS": ""}) == Pace(session_seconds=3600, think_ms=200, speed=4)


def test_each_variable_is_read() -> None:
    given = {"SANDBOX_SESSION_SECONDS": "60", "SANDBOX_THINK_MS": "0", "SANDBOX_AUDIO_SPEED": "1.5"}
    assert pace_from(given) == Pace(session_seconds=60, think_ms=0, speed=1.5)


@pytest.mark.parametrize("value", ["soon", "-1", "0", "nan"])
def test_a_wrong_value_names_its_variable(value: str) -> None:
    with pytest.raises(ValueError, match="SANDBOX_AUDIO_SPEED"):
        pace_from({"SANDBOX_AUDIO_SPEED": value})
