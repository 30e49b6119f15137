from hypothesis import given
from hypothesis import strategies as st

from audiogateway.comfort import GAP_FRAMES, Comfort


def test_sound_that_comes_as_it_is_due_needs_no_comfort() -> None:
    comfort = Comfort()
    for _ in range(100):
        comfort.heard()
        assert comfort.ticked(1) == 0


def test_a_short_gap_is_the_networks_and_is_left_alone() -> None:
    comfort = Comfort()
    assert [comfort.ticked(1) for _ in range(GAP_FRAMES - 1)] == [0] * (GAP_FRAMES - 1)


def test_a_long_gap_is_filled_from_its_beginning_and_then_frame_by_frame() -> None:
    comfort = Comfort()
    comfort.heard()
    owed = [comfort.ticked(1) for _ in range(GAP_FRAMES + 2)]
    assert owed[-3:] == [GAP_FRAMES, 1, 1]


def test_the_next_sound_ends_the_gap() -> None:
    comfort = Comfort()
    comfort.ticked(GAP_FRAMES)
    comfort.heard()
    assert comfort.ticked(1) == 0


@given(st.lists(st.integers(1, 3), min_size=GAP_FRAMES))
def test_no_frame_of_a_gap_is_filled_twice_or_forgotten(ticks: list[int]) -> None:
    comfort = Comfort()
    assert sum(comfort.ticked(frames) for frames in ticks) == sum(ticks)
