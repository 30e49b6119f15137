"""What a call cost, kind by kind, from the dated price table. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from calls.models import Usage
from calls.prices import cost_microcents, price_of
from opendeep.core import words

KINDS = {
    "input_audio": "heard",
    "input_text": "read",
    "cached_audio": "heard before (cached)",
    "cached_text": "read before (cached)",
    "output_audio": "spoken",
    "output_text": "written",
}
NO_PRICE = "no price known"


class _Key(NamedTuple):
    model: str
    kind: str
    price: str


@dataclass(slots=True)
class CostLine:
    """Tokens of one kind, or seconds, with what they cost. `price` in words, with the date from which it counts."""

    model: str
    kind: str
    amount: str
    price: str
    cost: str


@dataclass(slots=True)
class _Sum:
    tokens: int = 0
    seconds: float = 0.0
    microcents: int = 0


def cost_lines(usage: Iterable[Usage]) -> list[CostLine]:
    """One line for each model, kind and price, the dearest first."""
    sums: dict[_Key, _Sum] = {}
    for use in usage:
        for kind, count in use.tokens.items():
            added = sums.setdefault(_Key(use.model, kind, _price(use.model, kind, use.at)), _Sum())
            added.tokens += count
            added.microcents += cost_microcents(use.model, {kind: count}, 0, use.at)
        if use.seconds:
            added = sums.setdefault(_Key(use.model, "", _price(use.model, "", use.at)), _Sum())
            added.seconds += use.seconds
            added.microcents += cost_microcents(use.model, {}, use.seconds, use.at)
    dearest_first = sorted(sums.items(), key=lambda item: (-item[1].microcents, item[0]))
    return [_line(key, total) for key, total in dearest_first if total.tokens or total.seconds]


def _price(model: str, kind: str, at: datetime) -> str:
    price = price_of(model, at)
    if price is None or (kind and kind not in price.dollars_per_million):
        return NO_PRICE
    since = f"since {price.since.day} {price.since:%b %Y}"
    if kind:
        return f"${price.dollars_per_million[kind]:,.2f} a million, {since}"
    return f"${price.dollars_per_minute:,.3f} a minute, {since}"


def _line(key: _Key, total: _Sum) -> CostLine:
    amount = words.counted(total.tokens, "token") if key.kind else words.seconds(total.seconds * 1000)
    kind = KINDS.get(key.kind, key.kind.replace("_", " ")) if key.kind else "written down"
    return CostLine(key.model, kind, amount, key.price, words.money(total.microcents))
