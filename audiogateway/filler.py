"""When the callee hears a few words because the model has none: "One moment, please."

Pure: milliseconds go in.
"""

AFTER_LOSS_MS = 600
"""An answer is owed and there is no session: so much silence is not noticed."""
AFTER_SILENCE_MS = 2_500
"""Nothing is owed as far as we know, but without a session nobody knows whether the callee has spoken."""
SLOW_MODEL_MS = 4_000
"""The session is there and its answer is not."""
AGAIN_MS = 6_000


class FillerWatch:
    """One talk's."""

    def __init__(self) -> None:
        self._since_ms: int | None = None
        self._not_before_ms = 0

    def on_time(self, now_ms: int, *, is_owed: bool, is_away: bool, is_silent: bool) -> bool:
        """True when the filler shall be played now.

        `is_owed`: the model has to answer; `is_away`: there is no session; `is_silent`: neither side is heard.
        """
        if not is_silent or not (is_owed or is_away):
            self._since_ms = None
            return False
        if self._since_ms is None:
            self._since_ms = now_ms
        patience_ms = SLOW_MODEL_MS if not is_away else AFTER_LOSS_MS if is_owed else AFTER_SILENCE_MS
        if now_ms - self._since_ms < patience_ms or now_ms < self._not_before_ms:
            return False
        self._not_before_ms = now_ms + AGAIN_MS
        return True
