"""The only reader of wall time for domain code; everything below gets its time passed in."""

from datetime import UTC, datetime


def now() -> datetime:
    """The current moment, aware, in UTC."""
    return datetime.now(UTC)
