"""Work that is done for many at once, and for each alone when that fails."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import structlog

from opendeep.core.database import DatabaseAway

log = structlog.get_logger(__name__)

Item = TypeVar("Item")
Result = TypeVar("Result")


def all_or_each(
    items: Sequence[Item], work: Callable[[Sequence[Item]], Result], blame: Callable[[Item, Exception], None]
) -> Iterator[Result]:
    """What `work` returns for all `items`, or else for each alone: what is wrong with one keeps no other from its turn.

    `work` leaves nothing behind when it raises: it is a transaction. Whatever it raises for one item alone, `blame` is
    told. When the database is away nobody is to blame, and DatabaseAway is raised. Each result comes before the next
    work is begun.
    """
    try:
        result = work(items)
    except DatabaseAway:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told of the one that it lies with
        if len(items) == 1:
            blame(items[0], error)
            return
        log.info("taken_one_by_one", items=len(items), error=type(error).__name__)
        for item in items:
            yield from all_or_each([item], work, blame)
        return
    yield result
