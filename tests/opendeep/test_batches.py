"""What is wrong with one item keeps no other from its turn."""

from collections.abc import Sequence

import pytest
from django.db import InternalError, OperationalError

from opendeep.core.batches import all_or_each


class Work:
    """Fails with every batch that holds one of `poisoned`."""

    def __init__(self, *poisoned: int, error: Exception | None = None) -> None:
        self.poisoned = set(poisoned)
        self.error = error or ValueError("poisoned")
        self.done: list[list[int]] = []
        self.blamed: list[int] = []

    def __call__(self, items: Sequence[int]) -> int:
        if self.poisoned & set(items):
            raise self.error
        self.done.append(list(items))
        return sum(items)

    def blame(self, item: int, error: Exception) -> None:
        assert error is self.error
        self.blamed.append(item)


def test_all_are_done_at_once() -> None:
    work = Work()
    assert list(all_or_each([1, 2, 3], work, work.blame)) == [6]
    assert (work.done, work.blamed) == ([[1, 2, 3]], [])


def test_the_others_are_done_alone_and_only_the_one_is_blamed() -> None:
    work = Work(2)
    assert list(all_or_each([1, 2, 3], work, work.blame)) == [1, 3]
    assert (work.done, work.blamed) == ([[1], [3]], [2])


@pytest.mark.parametrize("error", [OperationalError("away"), InternalError("idle for too long")])
def test_nobody_is_blamed_when_the_database_is_away(error: Exception) -> None:
    work = Work(2, error=error)
    with pytest.raises(type(error)):
        list(all_or_each([1, 2], work, work.blame))
    assert (work.done, work.blamed) == ([], [])


def test_each_result_is_used_before_the_next_work_is_begun() -> None:
    work = Work(3)
    results = all_or_each([1, 2, 3], work, work.blame)
    assert next(results) == 1
    assert work.done == [[1]]


def test_what_the_user_of_a_result_raises_is_his_own() -> None:
    work = Work()
    with pytest.raises(ValueError, match="the user's"):
        for _ in all_or_each([1, 2], work, work.blame):
            raise ValueError("the user's")
    assert (work.done, work.blamed) == ([[1, 2]], [])
