"""Pages of long lists that never count their rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import Model, QuerySet

from opendeep.core.errors import DomainError

Row = TypeVar("Row")
M = TypeVar("M", bound=Model)

LAST_PAGE = 100_000


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """`number` counts from 1."""

    rows: Sequence[Row]
    number: int
    has_next: bool

    @property
    def next(self) -> int | None:
        return self.number + 1 if self.has_next else None

    @property
    def previous(self) -> int | None:
        return self.number - 1 if self.number > 1 else None


def page_number(text: Any) -> int:
    """The page that an address asks for. Raises DomainError for nonsense."""
    try:
        number = int(text or 1)
    except (TypeError, ValueError):
        number = 0
    if not 1 <= number <= LAST_PAGE:
        raise DomainError("bad_page", "There is no such page of this list.")
    return number


def page_of(rows: "QuerySet[M]", number: int, size: int) -> Page[M]:
    """Page `number` of `rows` in one query. One row more than shown is read to know whether there is a next page."""
    start = (number - 1) * size
    found = list(rows[start : start + size + 1])
    return Page(found[:size], number, len(found) > size)
