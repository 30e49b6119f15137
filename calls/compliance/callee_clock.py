"""When somebody may be rung by the clock and the calendar on their own wall, wherever that may hang. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from calls.compliance.hours import Window, is_open_everywhere, next_opening, no_holidays
from calls.compliance.numbers import look_up
from calls.compliance.public_holidays import holiday_on


@dataclass(frozen=True, slots=True)
class CalleeClock:
    """`zones` are all in which the callee may be, empty when that is unknown; `region` names the country."""

    zones: Sequence[ZoneInfo]
    region: str
    hours: Sequence[Window]
    calls_on_holidays: bool

    def is_within_hours(self, now: datetime) -> bool:
        """In every zone."""
        return bool(self.zones) and is_open_everywhere(self.hours, self.zones, now)

    def holiday(self, now: datetime) -> str:
        """The name of the public holiday that today is in one of the zones; empty when it is none or does not count."""
        if self.calls_on_holidays:
            return ""
        names = (holiday_on(self.region, now.astimezone(zone).date()) for zone in self.zones)
        return next((name for name in names if name), "")

    def next_opening(self, now: datetime) -> datetime | None:
        """The first moment after `now` within the hours of every zone and on a holiday in none; None: never."""
        if not self.zones:
            return None
        return next_opening(self.hours, self.zones, now, no_holidays if self.calls_on_holidays else self._is_holiday)

    def _is_holiday(self, day: date) -> bool:
        return bool(holiday_on(self.region, day))


def clock_of(number: str, time_zone: str, hours: Sequence[Window], *, calls_on_holidays: bool) -> CalleeClock:
    """The clock of whoever has `number`; `time_zone` is the contact's own, empty when nobody told it."""
    return CalleeClock(zones_of(number, time_zone), look_up(number).region, hours, calls_on_holidays)


def zones_of(number: str, time_zone: str) -> Sequence[ZoneInfo]:
    """All zones in which the callee may be; empty when that is unknown.

    The contact's own zone counts alone when it is one of the number's, or the number says nothing. When the two
    contradict each other, both count; without a zone of the contact, all of the number's.
    """
    by_number = look_up(number).zones
    told = [time_zone] if time_zone else []
    names = told if time_zone in by_number else [*told, *by_number]
    try:
        return [ZoneInfo(name) for name in names]
    except (KeyError, ValueError, OSError):  # unknown or malformed, the name of a folder
        return []
