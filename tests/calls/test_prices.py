"""What the models cost."""

from datetime import UTC, datetime

from calls.prices import PRICES, Price, cost_microcents, price_of

AT = datetime(2026, 11, 24, tzinfo=UTC)
OLD = Price("voice", datetime(2025, 1, 1, tzinfo=UTC), {"input_text": 1.0})
NEW = Price("voice", datetime(2026, 1, 1, tzinfo=UTC), {"input_text": 2.0})
MINI = Price("voice-mini", datetime(2025, 1, 1, tzinfo=UTC), dollars_per_minute=0.006)
TABLE = (NEW, MINI, OLD)


def test_the_price_is_that_of_the_day() -> None:
    assert price_of("voice", datetime(2025, 12, 31, tzinfo=UTC), TABLE) is OLD
    assert price_of("voice", AT, TABLE) is NEW
    assert price_of("voice", datetime(2024, 12, 31, tzinfo=UTC), TABLE) is None


def test_a_snapshot_costs_what_its_model_costs_and_a_smaller_model_less() -> None:
    assert price_of("voice-2026-05-01", AT, TABLE) is NEW
    assert price_of("voice-mini-2026-05-01", AT, TABLE) is MINI


def test_costs_are_counted_in_microcents() -> None:
    assert cost_microcents("gpt-realtime-2.1", {"output_audio": 1_000_000}, 0, AT) == 64 * 100_000_000
    assert cost_microcents("gpt-transcribe", {}, 90, AT) == 900_000


def test_an_unknown_model_and_an_unknown_kind_cost_nothing() -> None:
    assert cost_microcents("unheard-of", {"input_text": 5}, 60, AT) == 0
    assert cost_microcents("gpt-realtime", {"smell": 5}, 0, AT) == 0


def test_no_price_is_negative_or_undated() -> None:
    for price in PRICES:
        assert min([price.dollars_per_minute, *price.dollars_per_million.values()]) >= 0
        assert price.since.tzinfo is not None
