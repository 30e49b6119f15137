"""What goes wrong on demand in a Realtime session: the kinds of the shared table, and when each happens.

`after_ms` (an option of the fault, default 0) is the spoken audio of the response after which it happens.
"""

from __future__ import annotations

from sandbox.openai.faults import TABLE, Fault

ON_HANDSHAKE = frozenset({"status", "slow_handshake"})
"""status: refused with that HTTP status. slow_handshake: the connection is accepted `seconds` later."""
ON_CONNECT = frozenset(
    {
        "hang",  # accepted, then silence
        "slow_connect",  # session.created comes `seconds` later
        "session_limit",  # closed with 1001 `seconds` after session.created, as after 60 minutes
        "cut",  # the TCP connection is cut `seconds` after session.created, whatever is going on
    }
)
ON_UPDATE = frozenset({"no_session_updated"})
"""no_session_updated: the settings change, and nobody says so."""
ON_TRANSCRIPTION = frozenset({"transcription_failed"})
ON_RESPONSE = frozenset(
    {
        "slow",  # the first event after response.created comes `seconds` later
        "stall",  # in the middle of its sound nothing comes for `seconds`
        "empty",  # the response is completed and has nothing in it
        "drop",  # the TCP connection is cut without a close frame
        "close",  # closed with `close_code` (1011) and `message`
        "session_expired",  # as after 60 minutes
        "error",  # an error event with `code` and `message`; the response goes on
        "nonsense",  # a text that is not JSON; the response goes on
        "unknown_event",  # an event of a type that no client knows; the response goes on
        "missing_fields",  # events of known types without their fields; the response goes on
        "rate_limited",  # response.done failed, rate_limit_exceeded
        "response_failed",  # response.done failed, server_error
        "incomplete",  # response.done incomplete, content_filter
        "two_audio_items",  # the sentences of the response come as two message items
        "late_audio",  # when the response is cancelled, a piece of its sound comes after its end
        "tool_call",  # the response calls `tool` with `arguments`, a text that need not be JSON
        "tool_call_twice",  # the events of the response's tool call come twice
    }
)
KINDS = ON_HANDSHAKE | ON_CONNECT | ON_UPDATE | ON_TRANSCRIPTION | ON_RESPONSE
DEFAULT_SECONDS = 5.0

_ROLES = frozenset({"agent"})


def take(kinds: frozenset[str]) -> Fault | None:
    return TABLE.take("realtime", kinds=kinds, names=_ROLES)


def option(fault: Fault, name: str, default: int) -> int:
    """A whole number among the fault's options; anything else there is the default."""
    value = fault.options.get(name, default)
    return value if isinstance(value, int) else default


def text_option(fault: Fault, name: str, default: str) -> str:
    """A text among the fault's options; anything else there is the default."""
    value = fault.options.get(name, default)
    return value if isinstance(value, str) else default


def seconds_of(fault: Fault) -> float:
    return DEFAULT_SECONDS if fault.seconds is None else fault.seconds
