"""When a plan is carried out: its start and its end, which count on the clock of who made it. Pure."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pydantic_core import PydanticCustomError

from campaigns.planning.fields import complaint

START_WITHIN = timedelta(days=366)
YEARS = range(2000, 9999)  # the first and the last years that a clock knows cannot be told in every zone


def local_time(value: str | None) -> str | None:
    """`value` when it is an ISO date and time; None of nothing. Raises PydanticCustomError with words for people."""
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        moment = None
    if moment is None or moment.year not in YEARS:
        raise complaint("Write date and time like 2026-11-27T10:00.")
    return value


def moment_of(local: str | None, zone: ZoneInfo) -> datetime | None:
    """The aware moment; a time without an offset counts in `zone`."""
    if not local:
        return None
    moment = datetime.fromisoformat(local)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def time_complaints(start_at: Any, end_at: Any, zone: ZoneInfo, at: datetime) -> dict[str, list[str]]:
    """What is wrong with start and end, by field, seen at `at`; a start in the past means at once.

    What cannot be read as a time counts as none: whoever checks the fields one by one tells of it.
    """
    start, end = _readable(start_at, zone), _readable(end_at, zone)
    wrong: dict[str, list[str]] = {}
    if start is not None and start > at + START_WITHIN:
        wrong["start_at"] = ["The start lies more than a year ahead."]
    if end is not None and end <= at:
        wrong["end_at"] = ["The end lies in the past."]
    elif end is not None and start is not None and end <= start:
        wrong["end_at"] = ["The end lies before the start."]
    return wrong


def _readable(value: Any, zone: ZoneInfo) -> datetime | None:
    try:
        return moment_of(local_time(value.strip()), zone) if isinstance(value, str) else None
    except PydanticCustomError:
        return None
