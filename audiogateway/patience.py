"""How long is waited, and how often is tried: for a lost session, for one that grows old, for a response that failed.

Pure: times go in, decisions come out.
"""

from enum import Enum

from audiogateway.realtime.error_codes import Severity, severity

# A session that was lost

TRY_AFTER_SECONDS = (0.0, 0.1, 0.2, 0.4, 0.8, 1.6)
"""Before each try to open another one; after the last the voice is given up."""
TRY_SECONDS = (1.5, 1.5, 2.5)
"""So long each try may take, and all after it as the last: a server that is slower is asked anew."""
GIVE_UP_SECONDS = 8.0
"""Nobody waits longer on the telephone for a voice that is gone."""
MAX_LOSSES = 8
"""Of one talk. A session that is lost again and again is no voice."""


def wait_before_try(tries: int, away_seconds: float) -> float | None:
    """Seconds until the next try, when `tries` have failed since the loss; None when it is given up."""
    if tries >= len(TRY_AFTER_SECONDS):
        return None
    wait_seconds = TRY_AFTER_SECONDS[tries]
    return wait_seconds if away_seconds + wait_seconds < GIVE_UP_SECONDS else None


def try_seconds(tries: int) -> float:
    """How long the next try may take, when `tries` have failed."""
    return TRY_SECONDS[min(tries, len(TRY_SECONDS) - 1)]


# A session that grows old

SESSION_SECONDS = 3600.0
"""The server closes every session after an hour."""
QUIET_ROTATION_SECONDS = 600.0
"""So long before its end a session is replaced at the next quiet moment,"""
FORCED_ROTATION_SECONDS = 180.0
"""and so long before it in any case."""
OPENING_SHARE = 0.1
"""Of a session with less time than that, these margins are at most so large a part."""


class Rotation(Enum):
    NOT_YET = "not yet"
    WHEN_QUIET = "when quiet"
    NOW = "now"


def session_seconds(expires_in_seconds: float | None) -> float:
    """How long a session lives, by what it says itself as far as that can be: its clock may not be ours."""
    if expires_in_seconds is None or not 0 < expires_in_seconds < SESSION_SECONDS:
        return SESSION_SECONDS
    return expires_in_seconds


def rotation(age_seconds: float, lives_seconds: float = SESSION_SECONDS) -> Rotation:
    """Whether a session of that age shall be replaced by another one."""
    forced = min(FORCED_ROTATION_SECONDS, lives_seconds * OPENING_SHARE)
    quiet = min(QUIET_ROTATION_SECONDS, 3 * forced)
    if age_seconds >= lives_seconds - forced:
        return Rotation.NOW
    return Rotation.WHEN_QUIET if age_seconds >= lives_seconds - quiet else Rotation.NOT_YET


# A response that failed

MAX_FAILURES = 3
"""Responses that may fail in a row; with the next one the talk is given up."""
RATE_LIMIT_WAIT_MS = (500, 1_000, 2_000)
"""Before a response is asked for again that was one too many."""


class Failures:
    """Responses that failed one after another. Times in milliseconds on one clock of the caller's."""

    def __init__(self) -> None:
        self._in_a_row = 0
        self._again_at_ms: int | None = None
        self.is_fatal = False
        """No further response of this account is to be had."""

    @property
    def has_given_up(self) -> bool:
        return self.is_fatal or self._in_a_row > MAX_FAILURES

    def refused(self, code: str) -> None:
        """The model could not; whoever asked asks again."""
        self._in_a_row += 1
        self.is_fatal |= severity(code) is Severity.FATAL

    def failed(self, code: str, now_ms: int) -> None:
        """A response that had begun has failed: it has to be asked for again when `take_due` says so."""
        self.refused(code)
        wait_ms = 0
        if severity(code) is Severity.RATE_LIMIT:
            wait_ms = RATE_LIMIT_WAIT_MS[min(self._in_a_row, len(RATE_LIMIT_WAIT_MS)) - 1]
        self._again_at_ms = now_ms + wait_ms

    def succeeded(self) -> None:
        self._in_a_row, self._again_at_ms = 0, None

    @property
    def is_waiting(self) -> bool:
        """A failed response is to be asked for again."""
        return self._again_at_ms is not None and not self.has_given_up

    def take_due(self, now_ms: float) -> bool:
        """True once, when it is time to ask again."""
        if self._again_at_ms is None or self.has_given_up or now_ms < self._again_at_ms:
            return False
        self._again_at_ms = None
        return True
