"""What goes wrong on demand in a Realtime session: the kinds of the shared table, and when each happens.

`after_ms` (an option of the fault, default 0) is the spoken audio of the response after which it happens.
"""

from __future__ import annotations

from sandbox.openai.faults import TABLE, Fault

ON_CONNECT = frozenset({"hang"})
"""hang: accepted, then silence."""
ON_UPDATE = frozenset({"no_session_updated"})
"""no_session_updated: the settings change, and nobody says so."""
ON_TRANSCRIPTION = frozenset({"transcription_failed"})
ON_RESPONSE = frozenset(
    {
        "slow",  # the first event after response.created comes `seconds` later
        "drop",  # the TCP connection is cut without a close frame
        "close",  # closed with `close_code` (1011) and `message`
        "session_expired",  # as after 60 minutes
        "error",  # an error event with `code` and `message`; the response goes on
        "nonsense",  # a text that is not JSON; the response goes on
        "unknown_event",  # an event of a type that no client knows; the response goes on
        "rate_limited",  # response.done failed, rate_limit_exceeded
        "response_failed",  # response.done failed, server_error
        "incomplete",  # response.done incomplete, content_filter
        "two_audio_items",  # the sentences of the response come as two message items
    }
)
KINDS = ON_CONNECT | ON_UPDATE | ON_TRANSCRIPTION | ON_RESPONSE | {"status"}
"""`status` refuses the handshake with an HTTP error; the server does that before there is a session."""

_ROLES = frozenset({"agent"})


def take(kinds: frozenset[str]) -> Fault | None:
    return TABLE.take("realtime", kinds=kinds, names=_ROLES)


def option(fault: Fault, name: str, default: int) -> int:
    """A whole number among the fault's options; anything else there is the default."""
    value = fault.options.get(name, default)
    return value if isinstance(value, int) else default
