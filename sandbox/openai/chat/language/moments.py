"""Moments in English, relative to a local now: "tomorrow at ten", "next Monday at 3 pm", "in two hours".

Hours without am or pm are office hours: one to six are in the afternoon, seven to twelve in the morning.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sandbox.openai.chat.language.numbers import PATTERN as NUMBER
from sandbox.openai.chat.language.numbers import value_of
from sandbox.openai.chat.language.words import words

DEFAULT_TIME = time(10)
_ANY_DAY = date(2000, 1, 3)
WEEKDAYS = words("monday tuesday wednesday thursday friday saturday sunday")
MONTHS = words("january february march april may june july august september october november december")
PARTS_OF_DAY = {
    "morning": time(9),
    "lunchtime": time(12),
    "noon": time(12),
    "midday": time(12),
    "afternoon": time(14),
    "evening": time(18),
    "tonight": time(19),
    "midnight": time(0),
}
MINUTES = {"fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "forty-five": 45, "fifty": 50}

_WEEKDAY = "|".join(WEEKDAYS)
_MONTH = "|".join(f"{month[:3]}(?:{month[3:]})?" for month in MONTHS)
_MERIDIEM = r"(?P<meridiem>[ap]\.?\s?m\b\.?)"
_HOUR = r"(?P<hour>\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"

_ISO = re.compile(r"\b(\d{4})-(\d\d)-(\d\d)(?:[t ](\d\d):(\d\d))?")
_OFFSET = re.compile(rf"\bin (?:about )?(half an|{NUMBER}) (minute|hour|day|week|month)s?\b")
_NEAR_DAY = re.compile(r"\b(?:the )?(day after tomorrow|tomorrow|today|tonight|this (?:morning|afternoon|evening))\b")
_DAY_OF_WEEK = re.compile(rf"\b(?:(next|this|coming|following) )?({_WEEKDAY})\b(?: (next week|in a week))?")
_NEXT = re.compile(r"\bnext (week|month)\b")
_DATE = re.compile(
    rf"\b(?:(?:the )?(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<m1>{_MONTH})"
    rf"|(?P<m2>{_MONTH})\.? (?:the )?(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?)\b(?:,? (?P<year>20\d\d))?"
)
_CLOCKS = (
    re.compile(rf"\b(?P<shift>half past|quarter past|quarter to) {_HOUR}\b(?:\s*{_MERIDIEM})?"),
    re.compile(rf"\b(?P<hour>\d{{1,2}})[:.](?P<minute>[0-5]\d)\b(?:\s*{_MERIDIEM})?"),
    re.compile(rf"\b{_HOUR}(?: (?P<words>{'|'.join(MINUTES)}))?\s*(?:{_MERIDIEM}|o[’']?clock\b)"),
    re.compile(
        rf"\b(?:at|around|about|by|after|before|from|until)(?: about| around)? {_HOUR}\b"
        rf"(?: (?P<words>{'|'.join(MINUTES)})\b)?(?! (?:minute|hour|day|week|month|people|person|attempt))"
    ),
)
_PART_OF_DAY = re.compile(rf"\b({'|'.join(PARTS_OF_DAY)})s?\b")


@dataclass(frozen=True)
class Moment:
    """A local date-time. `has_day` and `has_time` tell which part was said; the other part is a sensible guess."""

    at: datetime
    has_day: bool
    has_time: bool

    def iso(self) -> str:
        """Local, to the minute, without an offset."""
        return self.at.strftime("%Y-%m-%dT%H:%M")


def find_moment(text: str, now: datetime) -> Moment | None:
    """The first moment that a text names; None when it names none, or one that does not exist (31 February)."""
    spoken = text.lower().replace("’", "'")
    now = now.replace(tzinfo=None, second=0, microsecond=0)
    weekday = _DAY_OF_WEEK.search(spoken)
    if (offset := _OFFSET.search(spoken)) and not (weekday and weekday[3]):
        return _after(offset[1], offset[2], spoken, now)
    day, clock = _day(spoken, now.date()), _clock(spoken)
    if day is None and clock is None:
        return None
    if day is None:
        at = datetime.combine(now.date(), clock or DEFAULT_TIME)
        return Moment(at if at > now else at + timedelta(days=1), False, True)
    return Moment(datetime.combine(day, clock or DEFAULT_TIME), True, clock is not None)


def names_a_time(text: str) -> bool:
    """Does the text name a day, a part of the day or a time at all?"""
    spoken = text.lower()
    loose = re.search(rf"\b(?:{_WEEKDAY}|weekday|weekend)s?\b|\bany ?time\b|\bas soon as possible\b|\basap\b", spoken)
    return bool(loose) or find_moment(spoken, datetime.combine(_ANY_DAY, time())) is not None


def _after(count: str, unit: str, spoken: str, now: datetime) -> Moment:
    amount = 0.5 if count == "half an" else float(value_of(count) or 1)
    if unit in {"minute", "hour"}:
        return Moment(now + timedelta(hours=amount if unit == "hour" else amount / 60), True, True)
    day = now.date() + timedelta(days=amount * {"day": 1, "week": 7, "month": 30}[unit])
    clock = _clock(spoken)
    return Moment(datetime.combine(day, clock or DEFAULT_TIME), True, clock is not None)


def _day(spoken: str, today: date) -> date | None:
    return next((day for day in _days(spoken, today) if day is not None), None)


def _days(spoken: str, today: date) -> Iterator[date | None]:
    if iso := _ISO.search(spoken):
        yield _date(int(iso[1]), int(iso[2]), int(iso[3]))
    if near := _NEAR_DAY.search(spoken):
        yield today + timedelta(days={"day after tomorrow": 2, "tomorrow": 1}.get(near[1], 0))
    if weekday := _DAY_OF_WEEK.search(spoken):
        yield _weekday(WEEKDAYS.index(weekday[2]), weekday[1], weekday[3], today)
    if named := _DATE.search(spoken):
        yield _named_date(named, today)
    if following := _NEXT.search(spoken):
        first = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
        yield first if following[1] == "month" else _monday(today) + timedelta(days=7)


def _weekday(index: int, before: str | None, behind: str | None, today: date) -> date:
    """A bare weekday is the coming one; "next" means the next calendar week."""
    if before == "next" or behind == "next week":
        return _monday(today) + timedelta(days=7 + index)
    ahead = (index - today.weekday() - 1) % 7 + 1
    return today + timedelta(days=ahead + (7 if behind else 0))


def _monday(today: date) -> date:
    return today - timedelta(days=today.weekday())


def _named_date(found: re.Match[str], today: date) -> date | None:
    month = [name[:3] for name in MONTHS].index((found["m1"] or found["m2"])[:3]) + 1
    day = int(found["d1"] or found["d2"])
    if found["year"]:
        return _date(int(found["year"]), month, day)
    this_year = _date(today.year, month, day)
    return this_year if this_year is None or this_year >= today else _date(today.year + 1, month, day)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _clock(spoken: str) -> time | None:
    iso = _ISO.search(spoken)
    if iso and iso[4]:
        return time(int(iso[4]) % 24, int(iso[5]) % 60)
    without_dates = _DATE.sub(" ", spoken)
    for pattern in _CLOCKS:
        if found := pattern.search(without_dates):
            return _time(found.groupdict(), spoken)
    part = _PART_OF_DAY.search(without_dates)
    return PARTS_OF_DAY[part[1]] if part else None


def _time(said: dict[str, str | None], spoken: str) -> time | None:
    hour = value_of(said["hour"] or "")
    if hour is None or hour > 24:
        return None
    minute = int(said.get("minute") or 0) or MINUTES.get(said.get("words") or "", 0)
    shift = {"half past": 30, "quarter past": 15, "quarter to": -15}.get(said.get("shift") or "", 0)
    hour = _hour_of_day(hour, (said.get("meridiem") or "")[:1], spoken)
    at = datetime.combine(_ANY_DAY, time(hour % 24, minute)) + timedelta(minutes=shift)
    return at.time()


def _hour_of_day(hour: int, meridiem: str, spoken: str) -> int:
    if meridiem == "p" or (not meridiem and re.search(r"\b(?:afternoon|evening|tonight)\b", spoken)):
        return hour + 12 if hour < 12 else hour
    if meridiem == "a" or re.search(r"\bmorning\b", spoken):
        return 0 if hour == 12 and meridiem == "a" else hour
    return hour + 12 if 1 <= hour <= 6 else hour
