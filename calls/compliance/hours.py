"""Calling hours: windows of minutes after the callee's own midnight, by weekday. Pure.

Windows follow the clock on the callee's wall, also on the days on which it is put forward or back.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY_MINUTES = 1440
LOOK_AHEAD_DAYS = 36
"""Weeks enough for the only window of each to meet holidays on two Fridays and the hour that is skipped in spring."""


@dataclass(frozen=True, slots=True)
class Window:
    """Open on `weekday` (0 is Monday) from minute `opens` up to, not including, `closes` (above 1440: next day)."""

    weekday: int
    opens: int
    closes: int


DEFAULT_HOURS: tuple[Window, ...] = (
    *(Window(weekday, 9 * 60, 20 * 60) for weekday in range(5)),
    Window(5, 10 * 60, 18 * 60),
)


def is_open(windows: Iterable[Window], zone: ZoneInfo, now: datetime) -> bool:
    local = now.astimezone(zone)
    minute = local.hour * 60 + local.minute
    today, yesterday = local.weekday(), (local.weekday() - 1) % 7
    return any(
        (window.weekday == today and window.opens <= minute < window.closes)
        or (window.weekday == yesterday and window.opens <= minute + DAY_MINUTES < window.closes)
        for window in windows
    )


def is_open_everywhere(windows: Sequence[Window], zones: Iterable[ZoneInfo], now: datetime) -> bool:
    return all(is_open(windows, zone, now) for zone in zones)


def no_holidays(_: date) -> bool:
    return False


def next_opening(
    windows: Sequence[Window],
    zones: Sequence[ZoneInfo],
    now: datetime,
    is_holiday: Callable[[date], bool] = no_holidays,
) -> datetime | None:
    """The first moment after `now` at which a window is open in all `zones` and it is a holiday in none, in UTC.

    None when there is none in sight.
    """
    moments = {
        moment
        for zone in zones
        for moment in (*_openings(windows, zone, now), *_clock_changes(zone, now))
        if moment > now
    }
    return next(
        (
            moment
            for moment in sorted(moments)
            if is_open_everywhere(windows, zones, moment)
            and not any(is_holiday(moment.astimezone(zone).date()) for zone in zones)
        ),
        None,
    )


def _openings(windows: Sequence[Window], zone: ZoneInfo, now: datetime) -> Iterator[datetime]:
    """When windows open, and midnights: a window may reach from a holiday into an ordinary day."""
    first = now.astimezone(zone).date() - timedelta(days=1)
    for day in (first + timedelta(days=n) for n in range(LOOK_AHEAD_DAYS + 2)):
        yield from _instants(day, 0, zone)
        for window in windows:
            if window.weekday == day.weekday():
                yield from _instants(day, window.opens, zone)


def _instants(day: date, minute: int, zone: ZoneInfo) -> Iterator[datetime]:
    """Both moments at which the wall may show this minute when the clock is put back; usually they are one."""
    wall = datetime.combine(day, time()) + timedelta(minutes=minute)
    for fold in (0, 1):
        yield wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)


def _clock_changes(zone: ZoneInfo, now: datetime) -> Iterator[datetime]:
    """Moments at which the zone changes its offset: a skipped opening takes place there."""
    start = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    for day in range(LOOK_AHEAD_DAYS):
        earlier, later = start + timedelta(days=day), start + timedelta(days=day + 1)
        if _offset(zone, earlier) != _offset(zone, later):
            yield _bisect(zone, earlier, later)


def _bisect(zone: ZoneInfo, earlier: datetime, later: datetime) -> datetime:
    before = _offset(zone, earlier)
    while later - earlier > timedelta(minutes=1):
        middle = earlier + timedelta(minutes=int((later - earlier).total_seconds() // 120))
        earlier, later = (middle, later) if _offset(zone, middle) == before else (earlier, middle)
    return later


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta | None:
    return moment.astimezone(zone).utcoffset()
