"""Public holidays by country, nationwide ones only. Pure; the calendar is that of the `holidays` package."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache

import holidays


def is_known(region: str) -> bool:
    """Whether there is a calendar for this country (ISO 3166)."""
    return _calendar(region, 2026) is not None


def holiday_on(region: str, day: date) -> str:
    """The name of the public holiday that `day` is in this country; empty when it is none or nobody knows."""
    return (_calendar(region, day.year) or {}).get(day, "")


@lru_cache(maxsize=1024)
def _calendar(region: str, year: int) -> Mapping[date, str] | None:
    try:
        return dict(holidays.country_holidays(region, years=year, language="en_US"))
    except NotImplementedError:
        return None
