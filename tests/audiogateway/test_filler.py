"""When a callee who hears nothing is told to wait."""

import pytest

from audiogateway.audio.tone import BURST_MS, PAUSE_MS, comfort_tone
from audiogateway.filler import AFTER_LOSS_MS, AFTER_SILENCE_MS, AGAIN_MS, SLOW_MODEL_MS, FillerWatch

STEP_MS = 100


def fillers(until_ms: int, *, is_owed: bool, is_away: bool, is_silent: bool = True) -> list[int]:
    """When they are played, in milliseconds since the beginning."""
    watch = FillerWatch()
    states = {"is_owed": is_owed, "is_away": is_away, "is_silent": is_silent}
    return [now_ms for now_ms in range(0, until_ms, STEP_MS) if watch.on_time(now_ms, **states)]


@pytest.mark.parametrize(
    ("is_owed", "is_away", "first_ms"),
    [(True, True, AFTER_LOSS_MS), (False, True, AFTER_SILENCE_MS), (True, False, SLOW_MODEL_MS)],
)
def test_a_callee_is_told_to_wait_after_a_while_and_again_much_later(
    is_owed: bool, is_away: bool, first_ms: int
) -> None:
    assert fillers(first_ms + AGAIN_MS + STEP_MS, is_owed=is_owed, is_away=is_away) == [first_ms, first_ms + AGAIN_MS]


def test_whoever_hears_something_or_waits_for_nothing_is_told_nothing() -> None:
    assert fillers(60_000, is_owed=True, is_away=True, is_silent=False) == []
    assert fillers(60_000, is_owed=False, is_away=False) == []


def test_a_sound_between_begins_the_wait_anew() -> None:
    watch = FillerWatch()
    watch.on_time(0, is_owed=True, is_away=True, is_silent=True)
    watch.on_time(AFTER_LOSS_MS - 100, is_owed=True, is_away=True, is_silent=False)
    assert not watch.on_time(AFTER_LOSS_MS, is_owed=True, is_away=True, is_silent=True)


def test_the_tone_is_short_soft_and_ends_in_silence() -> None:
    tone = memoryview(comfort_tone(8)).cast("h")
    assert len(tone) == (2 * BURST_MS + PAUSE_MS) * 8
    assert 1000 < max(tone) < 2000
    assert abs(tone[0]) < 50 and abs(tone[-1]) < 50
