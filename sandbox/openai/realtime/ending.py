"""How a session ends from our side: raised anywhere in it, obeyed in one place."""

from __future__ import annotations

from sandbox.openai.realtime import events
from sandbox.openai.realtime.events import Event

CLOSE_GOING_AWAY = 1001
CLOSE_TOO_SLOW = 1008
DROPPED = 1006
"""No close frame can carry this code; `close(1006)` asks the server to cut the TCP connection."""


class Ending(Exception):
    """Send `farewell` if there is one, then close with this code; `client_left` closes nothing."""

    def __init__(
        self, code: int, reason: str = "", *, farewell: Event | None = None, client_left: bool = False
    ) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason
        self.farewell = farewell
        self.client_left = client_left

    @classmethod
    def drop(cls) -> Ending:
        return cls(DROPPED)

    @classmethod
    def left(cls) -> Ending:
        """The client has gone already."""
        return cls(1000, client_left=True)


def session_expired(limit_s: float) -> Ending:
    """The 60-minute close."""
    minutes = f"{limit_s / 60:g}"
    text = f"Your session hit the maximum duration of {minutes} minutes."
    return Ending(CLOSE_GOING_AWAY, text, farewell=events.error("session_expired", text))
