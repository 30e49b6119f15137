"""What an error code of the Realtime server means for the talk. Pure."""

from enum import Enum


class Severity(Enum):
    BENIGN = "benign"  # a race that does not matter
    RATE_LIMIT = "rate_limit"  # the same again, later
    SESSION_OVER = "session_over"  # this session is of no use any more; a new one is
    FATAL = "fatal"  # no session of this account is of any use
    RECOVERABLE = "recoverable"  # the session stays open; what was asked for did not happen


ALREADY_ACTIVE = "conversation_already_has_active_response"

_SEVERITIES = {
    "response_cancel_not_active": Severity.BENIGN,
    ALREADY_ACTIVE: Severity.BENIGN,
    "input_audio_buffer_commit_empty": Severity.BENIGN,
    "item_truncate_invalid_item_id": Severity.BENIGN,
    "item_delete_invalid_item_id": Severity.BENIGN,
    "rate_limit_exceeded": Severity.RATE_LIMIT,
    "session_expired": Severity.SESSION_OVER,
    "invalid_api_key": Severity.FATAL,
    "insufficient_quota": Severity.FATAL,
    "model_not_found": Severity.FATAL,
    "account_deactivated": Severity.FATAL,
    "billing_hard_limit_reached": Severity.FATAL,
    "beta_api_shape_disabled": Severity.FATAL,
}


def severity(code: str) -> Severity:
    """A code that nobody knows is recoverable, as most are."""
    return _SEVERITIES.get(code, Severity.RECOVERABLE)
