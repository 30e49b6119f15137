"""One row of the table."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """`value` against `bar`, which it must not exceed (`at_least`: which it must reach); `more` it was made from."""

    name: str
    value: float
    unit: str
    bar: float
    conditions: str
    more: Mapping[str, float]
    at_least: bool = False

    @property
    def passes(self) -> bool:
        return self.value >= self.bar if self.at_least else self.value <= self.bar
