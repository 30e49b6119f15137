"""What the models cost: a table of list prices by date. Costs are kept in microcents (10^-8 of a dollar)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

MICROCENTS_PER_DOLLAR = 100_000_000
TOKENS_PER_PRICE = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars for a million tokens of each kind, and for a minute of audio, from `since` on.

    `model` is a prefix: a dated snapshot of a model costs what the model costs. A use is told in tokens or in
    seconds, never in both.
    """

    model: str
    since: datetime
    dollars_per_million: Mapping[str, float] = field(default_factory=dict)
    dollars_per_minute: float = 0.0


_REALTIME = {
    "input_text": 4.0,
    "input_audio": 32.0,
    "cached_text": 0.4,
    "cached_audio": 0.4,
    "output_text": 16.0,
    "output_audio": 64.0,
}
_REALTIME_MINI = {
    "input_text": 0.6,
    "input_audio": 10.0,
    "cached_text": 0.06,
    "cached_audio": 0.3,
    "output_text": 2.4,
    "output_audio": 20.0,
}

_TRANSCRIBE = {"input_text": 2.5, "input_audio": 6.0, "output_text": 10.0}
_TRANSCRIBE_MINI = {"input_text": 1.25, "input_audio": 3.0, "output_text": 5.0}

PRICES: tuple[Price, ...] = (
    Price("gpt-realtime", datetime(2025, 8, 28, tzinfo=UTC), _REALTIME),
    Price("gpt-realtime-mini", datetime(2025, 10, 6, tzinfo=UTC), _REALTIME_MINI),
    Price("gpt-transcribe", datetime(2025, 3, 20, tzinfo=UTC), _TRANSCRIBE, dollars_per_minute=0.006),
    Price("gpt-4o-transcribe", datetime(2025, 3, 20, tzinfo=UTC), _TRANSCRIBE, dollars_per_minute=0.006),
    Price("gpt-4o-mini-transcribe", datetime(2025, 3, 20, tzinfo=UTC), _TRANSCRIBE_MINI, dollars_per_minute=0.003),
    Price("whisper-1", datetime(2023, 3, 1, tzinfo=UTC), dollars_per_minute=0.006),
)


def price_of(model: str, at: datetime, prices: tuple[Price, ...] = PRICES) -> Price | None:
    """The price in force at `at`: the longest prefix of `model`, and of those the youngest. None when unknown."""
    candidates = [price for price in prices if model.startswith(price.model) and price.since <= at]
    return max(candidates, key=lambda price: (len(price.model), price.since), default=None)


def cost_microcents(model: str, tokens: Mapping[str, int], seconds: float, at: datetime) -> int:
    """The cost of one use; 0 for a model without a price."""
    price = price_of(model, at)
    if price is None:
        return 0
    by_tokens = sum(price.dollars_per_million.get(kind, 0.0) * count for kind, count in tokens.items())
    dollars = by_tokens / TOKENS_PER_PRICE + price.dollars_per_minute * seconds / 60
    return round(dollars * MICROCENTS_PER_DOLLAR)
