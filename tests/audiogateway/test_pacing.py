from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiogateway.pacing import MAX_BURST, PERIOD_SECONDS, STALL_SECONDS, STEP_SECONDS, Due, Ticker, due_frames
from audiogateway.playout import LEAD_FRAMES
from tests.audiogateway.fakes import VirtualClock

LEAD_SECONDS = LEAD_FRAMES * PERIOD_SECONDS
SLACK = 1e-9


@dataclass(eq=False)
class Ear:
    """Notes when frames come, and how many were late or skipped."""

    clock: VirtualClock
    frames: list[float] = field(default_factory=list)
    bursts: list[int] = field(default_factory=list)
    late: int = 0
    skipped: int = 0
    breaks_after: int | None = None
    lost_clock: bool = False

    def on_tick(self, frames: int, *, late: bool, skipped: int) -> None:
        if self.breaks_after is not None and len(self.frames) >= self.breaks_after:
            raise RuntimeError("a fault of this call")
        self.frames += [self.clock()] * frames
        self.bursts.append(frames)
        self.late += frames if late else 0
        self.skipped += skipped

    def on_clock_lost(self) -> None:
        self.lost_clock = True

    def lead_seconds(self) -> list[float]:
        """How far the sound is ahead of the ear after each frame: the ear starts with the first one."""
        start = self.frames[0]
        return [n * PERIOD_SECONDS - (at - start) for n, at in enumerate(self.frames, start=1)]


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


def test_a_call_hears_something_at_once_and_then_every_20_ms(clock: VirtualClock) -> None:
    ticker, ear = Ticker(clock), Ear(clock)
    ticker.add(ear)
    assert len(ear.frames) == 1
    clock.run(ticker, 1.0)
    gaps = [b - a for a, b in zip(ear.frames[1:], ear.frames[2:], strict=False)]
    assert max(abs(gap - PERIOD_SECONDS) for gap in gaps) < SLACK


def test_there_is_no_drift_in_an_hour(clock: VirtualClock) -> None:
    ticker, ear = Ticker(clock), Ear(clock)
    ticker.add(ear)
    clock.run(ticker, 3600.0)
    assert abs(len(ear.frames) - 3600 / PERIOD_SECONDS) <= LEAD_FRAMES


@given(st.floats(0, 0.1))
def test_the_sound_is_never_more_than_the_lead_ahead_of_the_ear(joins_after: float) -> None:
    clock = VirtualClock()
    ticker, ear = Ticker(clock), Ear(clock)
    clock.run(ticker, joins_after)
    ticker.add(ear)
    clock.run(ticker, 2.0)
    assert max(ear.lead_seconds()) <= LEAD_SECONDS + SLACK
    assert min(ear.lead_seconds()[1:]) >= PERIOD_SECONDS - SLACK


@given(st.lists(st.floats(0.001, 0.3), max_size=5))
def test_pauses_of_the_process_never_cause_a_burst_over_the_limit(pauses: list[float]) -> None:
    clock = VirtualClock()
    ticker, ear = Ticker(clock), Ear(clock)
    ticker.add(ear)
    for pause in pauses:
        clock.run(ticker, 0.5)
        clock.seconds += pause
    clock.run(ticker, 0.5)
    assert max(ear.bursts) <= MAX_BURST
    assert max(ear.lead_seconds()) <= LEAD_SECONDS + SLACK


def test_a_short_pause_is_made_up_for_and_loses_nothing(clock: VirtualClock) -> None:
    ticker, ear = Ticker(clock), Ear(clock)
    ticker.add(ear)
    clock.run(ticker, 1.0)
    clock.seconds += 0.055
    clock.run(ticker, 1.0)
    assert ear.skipped == 0
    assert ear.late > 0
    assert abs(len(ear.frames) * PERIOD_SECONDS - 2.055) <= LEAD_SECONDS


def test_a_long_pause_is_given_up_and_counted(clock: VirtualClock) -> None:
    ticker, ear = Ticker(clock), Ear(clock)
    ticker.add(ear)
    clock.run(ticker, 1.0)
    clock.seconds += 1.0
    ticker.run_due()
    assert ear.bursts[-1] == LEAD_FRAMES
    assert 45 <= ear.skipped <= 50


def test_a_call_that_joins_after_a_pause_owes_nothing(clock: VirtualClock) -> None:
    ticker, ear = Ticker(clock), Ear(clock)
    ticker.run_due()
    clock.seconds += 5.0
    ticker.add(ear)
    clock.run(ticker, 0.1)
    assert max(ear.bursts) == 1
    assert ear.skipped == 0


def test_calls_are_spread_over_the_period(clock: VirtualClock) -> None:
    ticker = Ticker(clock)
    ears = [Ear(clock) for _ in range(4)]
    clock.run(ticker, STEP_SECONDS / 2)
    for ear in ears:
        ticker.add(ear)
        clock.run(ticker, STEP_SECONDS)
    clock.run(ticker, 1.0)
    assert len({round(ear.frames[-1] / STEP_SECONDS) % 4 for ear in ears}) == 4


def test_the_fault_of_one_call_does_not_stop_the_clock_of_the_others(clock: VirtualClock) -> None:
    ticker, broken, sound = Ticker(clock), Ear(clock, breaks_after=3), Ear(clock)
    ticker.add(broken)
    ticker.add(sound)
    clock.run(ticker, 1.0)
    assert broken.lost_clock
    assert len(sound.frames) >= 49


def test_a_call_that_left_gets_no_more_frames(clock: VirtualClock) -> None:
    ticker, ear = Ticker(clock), Ear(clock)
    ticker.add(ear)
    ticker.remove(ear)
    clock.run(ticker, 1.0)
    assert len(ear.frames) == 1


def hiccups(clock: VirtualClock, every_s: float, seconds: float) -> bool:
    """Whether a clock that is late by `seconds` every so often in two seconds counts as lagging."""
    ticker = Ticker(clock)
    for _ in range(round(2 / every_s)):
        clock.run(ticker, every_s)
        clock.seconds += seconds
        ticker.run_due()
    return ticker.take_lag()


def test_one_hiccup_is_no_lag(clock: VirtualClock) -> None:
    assert not hiccups(clock, every_s=2.0, seconds=0.050)


def test_a_clock_that_is_often_behind_lags(clock: VirtualClock) -> None:
    assert hiccups(clock, every_s=0.1, seconds=0.050)


def test_one_stall_that_everybody_hears_is_a_lag_and_told_once(clock: VirtualClock) -> None:
    ticker = Ticker(clock)
    clock.run(ticker, 1.0)
    clock.seconds += STALL_SECONDS * 2
    ticker.run_due()
    assert ticker.take_lag()
    assert not ticker.take_lag()


@given(st.integers(1, 10_000))
def test_every_missed_frame_is_sent_or_counted(missed: int) -> None:
    due = due_frames(missed)
    assert due.frames + due.skipped == missed
    assert due.frames <= MAX_BURST


def test_three_missed_frames_are_sent_and_four_are_too_many() -> None:
    assert due_frames(3) == Due(3, 0)
    assert due_frames(4) == Due(LEAD_FRAMES, 2)
