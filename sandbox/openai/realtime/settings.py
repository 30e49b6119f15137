"""What the environment says about the stand-in's pace."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

_VARIABLES = {
    "session_seconds": "SANDBOX_SESSION_SECONDS",
    "think_ms": "SANDBOX_THINK_MS",
    "speed": "SANDBOX_AUDIO_SPEED",
}


@dataclass(frozen=True)
class Pace:
    """session_seconds: after that the session is closed. think_ms: from a response's start to its first word.

    speed: seconds of audio that are sent per second.
    """

    session_seconds: float = 3600.0
    think_ms: float = 200.0
    speed: float = 4.0

    def __post_init__(self) -> None:
        if not (self.session_seconds > 0 and self.speed > 0 and self.think_ms >= 0):
            raise ValueError(f"{', '.join(_VARIABLES.values())} must be positive numbers")


def pace_from(environ: Mapping[str, str] = os.environ) -> Pace:
    """Raises ValueError on a variable that is not a positive number."""
    given = {name: environ[variable] for name, variable in _VARIABLES.items() if environ.get(variable)}
    try:
        return Pace(**{name: float(value) for name, value in given.items()})
    except ValueError as wrong:
        raise ValueError(f"{wrong}: see {', '.join(_VARIABLES[name] for name in given)}") from None
