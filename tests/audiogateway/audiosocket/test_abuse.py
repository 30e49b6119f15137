from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiogateway.audiosocket import abuse
from audiogateway.audiosocket.abuse import MAX_AHEAD_SECONDS, TOLD_PER_WINDOW, WINDOW_SECONDS, Pace, Refusals
from tests.audiogateway.fakes import VirtualClock

FRAME_SECONDS = 0.02


@given(st.lists(st.floats(0, 4.5), max_size=30))
def test_sound_in_real_time_is_allowed_however_it_is_held_up(pauses: list[float]) -> None:
    clock = VirtualClock()
    pace = Pace(clock)
    for pause in pauses:
        clock.seconds += pause
        assert all(pace.allows(FRAME_SECONDS) for _ in range(int(pause / FRAME_SECONDS)))


def test_an_hour_with_a_clock_that_is_a_little_fast_is_allowed() -> None:
    clock = VirtualClock()
    pace = Pace(clock)
    for _ in range(180_000):
        clock.seconds += FRAME_SECONDS * (1 - 200e-6)
        assert pace.allows(FRAME_SECONDS)


def test_a_flood_is_refused_after_some_seconds_of_sound() -> None:
    pace = Pace(VirtualClock())
    allowed = 0
    while pace.allows(FRAME_SECONDS):
        allowed += 1
    assert allowed * FRAME_SECONDS == pytest.approx(MAX_AHEAD_SECONDS, abs=2 * FRAME_SECONDS)


def test_of_many_refusals_some_are_told_and_the_rest_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, told = VirtualClock(0.0), list[tuple[str, dict[str, Any]]]()
    monkeypatch.setattr(abuse.log, "warning", lambda event, **fields: told.append((event, fields)))
    refusals = Refusals(clock)
    for _ in range(1000):
        refusals.tell("audiosocket_garbage", peer="somebody")
    assert told == [("audiosocket_garbage", {"peer": "somebody"})] * TOLD_PER_WINDOW
    clock.seconds += WINDOW_SECONDS
    refusals.tell("audiosocket_silent")
    assert told[TOLD_PER_WINDOW:] == [
        ("audiosocket_refusals", {"untold": 1000 - TOLD_PER_WINDOW}),
        ("audiosocket_silent", {}),
    ]
