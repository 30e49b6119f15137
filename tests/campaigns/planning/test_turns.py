"""Whose turn it is among the campaigns of one organization."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from campaigns.planning.turns import WEIGHTS, finish_tag, start_tag


def serve(priorities: list[str], turns: int) -> list[int]:
    """Which campaign, by its place in `priorities`, is served in each turn when all of them always have something."""
    finish = [0.0] * len(priorities)
    served_last, order = 0.0, []
    for _ in range(turns):
        starts = [start_tag(tag, served_last) for tag in finish]
        chosen = min(range(len(priorities)), key=lambda place: (starts[place], -WEIGHTS[priorities[place]], place))
        served_last = starts[chosen]
        finish[chosen] = finish_tag(starts[chosen], priorities[chosen])
        order.append(chosen)
    return order


def test_of_ten_calls_six_three_and_one() -> None:
    shares = Counter(serve(["low", "normal", "high"], 100))
    assert (shares[2], shares[1], shares[0]) == (60, 30, 10)


def test_the_higher_one_begins() -> None:
    assert serve(["low", "normal", "high"], 1) == [2]


@given(st.lists(st.sampled_from(list(WEIGHTS)), min_size=1, max_size=8))
def test_nobody_waits_longer_than_the_weights_of_all_others_take(priorities: list[str]) -> None:
    total = sum(WEIGHTS[priority] for priority in priorities)
    order = serve(priorities, 3 * total)
    for place, priority in enumerate(priorities):
        turns = [number for number, served in enumerate(order) if served == place]
        gaps = [later - earlier for earlier, later in zip([-1, *turns], turns, strict=False)]
        assert max(gaps) <= total / WEIGHTS[priority] + len(priorities)


def test_who_was_idle_can_save_nothing_up() -> None:
    assert start_tag(finish_tag=2.0, served_last=900.0) == 900.0
