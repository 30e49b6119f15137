"""How moments, lengths, sums and numbers are said to people. Pure: the present moment is passed in."""

from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

MICROCENTS_PER_CENT = 1_000_000
DAY_WORDS = {-1: "yesterday", 0: "today", 1: "tomorrow"}


class Pill(NamedTuple):
    """A state as a word. `tone` colours it: ok, wait, stop, info, live or still; it never stands alone."""

    word: str
    tone: str


def moment(value: datetime, *, now: datetime, zone: ZoneInfo) -> str:
    """`value` in `zone`: "today 11:42", "tomorrow 10:00", "Fri 27 Nov 10:00", "Fri 26 Nov 2027 10:00"."""
    local, today = value.astimezone(zone), now.astimezone(zone).date()
    return f"{_day(local, (local.date() - today).days, local.year == today.year)} {local:%H:%M}"


def dated(value: datetime, *, now: datetime, zone: ZoneInfo) -> str:
    """As `moment`, but by its date, for what is read on another day too: "Mon 23 Nov 10:00"."""
    local = value.astimezone(zone)
    return f"{_date(local, local.year == now.astimezone(zone).year)} {local:%H:%M}"


def _day(local: datetime, days_ahead: int, same_year: bool) -> str:
    return DAY_WORDS.get(days_ahead) or _date(local, same_year)


def _date(local: datetime, same_year: bool) -> str:
    return f"{local:%a} {local.day} {local:%b}" + ("" if same_year else f" {local.year}")


def local_time(iso: str) -> str:
    """An ISO date and time without a zone, as a clock on the wall shows it: "Fri 27 Nov 2026 10:00"."""
    local = datetime.fromisoformat(iso)
    return iso if local.tzinfo else f"{_date(local, same_year=False)} {local:%H:%M}"


def full_moment(value: datetime, zone: ZoneInfo) -> str:
    """`value` with nothing left out: "Friday 27 November 2026, 10:00:05 (Europe/Berlin)"."""
    local = value.astimezone(zone)
    return f"{local:%A} {local.day} {local:%B} {local.year}, {local:%H:%M:%S} ({zone.key})"


def city(zone_name: str) -> str:
    """The place that names a time zone: "New York" of "America/New_York"."""
    return zone_name.rpartition("/")[2].replace("_", " ")


def same_clock(value: datetime, one: ZoneInfo, other: ZoneInfo) -> bool:
    """Whether clocks in both zones show the same at `value`."""
    return value.astimezone(one).utcoffset() == value.astimezone(other).utcoffset()


def elsewhere(value: datetime, *, now: datetime, viewer: ZoneInfo, theirs: ZoneInfo) -> str:
    """The same moment on the clock of somebody else, "10:00 (New York)"; empty when clocks agree.

    It stands beside the moment on the viewer's clock. The day is said where theirs is another one, and by its date:
    "today" and "tomorrow" are the viewer's.
    """
    if same_clock(value, viewer, theirs):
        return ""
    here, there = value.astimezone(viewer), value.astimezone(theirs)
    day = "" if here.date() == there.date() else f"{_date(there, there.year == now.astimezone(theirs).year)} "
    return f"{day}{there:%H:%M} ({city(theirs.key)})"


def clock(milliseconds: int | float) -> str:
    """A length or a place in a recording: "0:24", "12:05", "1:02:09"."""
    seconds = int(milliseconds // 1000)
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def seconds(milliseconds: int | float) -> str:
    """A short length: "18 ms" below a tenth of a second, "0.8 s" above."""
    return f"{milliseconds / 1000:.1f} s" if milliseconds >= 100 else f"{milliseconds:.0f} ms"


def money(microcents: int) -> str:
    """What the model cost, in US dollars as OpenAI bills: "$0.11", and "under $0.01" for a sliver."""
    cents = microcents / MICROCENTS_PER_CENT
    if 0 < cents < 1:
        return "under $0.01"
    return f"${cents / 100:,.2f}"


def length(value: timedelta) -> str:
    """A rough length for people: "40 seconds", "5 minutes", "3 hours", "2 days"."""
    total = int(value.total_seconds())
    for size, word in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if total >= size:
            return counted(total // size, word)
    return counted(total, "second")


def counted(number: int, word: str, plural: str = "") -> str:
    """A number with its word: "1 call", "2 calls", "1,204 people"."""
    return f"{number:,} {word if number == 1 else plural or word + 's'}"


ORDINALS = {1: "First", 2: "Second", 3: "Third", 4: "Fourth", 5: "Fifth"}


def ordinal(number: int) -> str:
    """Which one of a few: "First" to "Fifth", then "No. 6"."""
    return ORDINALS.get(number, f"No. {number}")
