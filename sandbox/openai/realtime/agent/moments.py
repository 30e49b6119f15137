"""Spoken times: "tomorrow at ten", "next Monday at half past two", "in an hour" -> a local date and time."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

DEFAULT_TIME = time(10, 0)

_HOURS = "one two three four five six seven eight nine ten eleven twelve"
_NUMBERS = {word: number for number, word in enumerate(re.findall(r"\w+", _HOURS), start=1)}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NUMBER = rf"\d{{1,2}}|{'|'.join(_NUMBERS)}"
_CLOCK = re.compile(
    rf"\b(?:at|around|about|after|by|past)\s+(?:(half|quarter)\s+(past|to)\s+)?({_NUMBER})"
    rf"(?::(\d\d)|\s+(thirty|fifteen|forty-five))?\s*(?:o'clock)?\s*"
    r"(a\.?m\b\.?|p\.?m\b\.?|in the (?:morning|afternoon|evening))?",
    re.I,
)
_SPAN = re.compile(rf"\bin (an?|{_NUMBER}|half an|a couple of) (minute|hour|day|week)s?\b", re.I)
_PARTS_OF_DAY = {
    "morning": time(9),
    "noon": time(12),
    "afternoon": time(14),
    "evening": time(18),
    "tonight": time(19),
}
_MINUTES = {"thirty": 30, "fifteen": 15, "forty-five": 45}
_UNITS = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}
_FIRST_HOUR_OF_THE_DAY = 8


def spoken_moment(text: str, now: datetime) -> datetime | None:
    """The moment that the text names, seen from `now`; None when it names none. Always after `now`."""
    lowered = text.lower()
    if span := _SPAN.search(lowered):
        return now + _amount(span[1]) * _UNITS[span[2]]
    day, clock = _day(lowered, now), _clock(lowered)
    if day is None and clock is None:
        return None
    moment = datetime.combine(day or now.date(), clock or DEFAULT_TIME)
    return moment if moment > now else moment + timedelta(days=1)


def said(moment: datetime) -> str:
    """ "on Monday, November 23 at 10 AM"."""
    clock = f"{moment:%I:%M %p}".lstrip("0").replace(":00", "")
    return f"on {moment:%A, %B} {moment.day} at {clock}"


def _amount(word: str) -> float:
    if word in {"a", "an"}:
        return 1
    return {"half an": 0.5, "a couple of": 2}.get(word) or _number(word)


def _number(word: str) -> int:
    return _NUMBERS.get(word) or int(word)


def _day(text: str, now: datetime) -> date | None:
    today = now.date()
    if "day after tomorrow" in text:
        return today + timedelta(days=2)
    if "tomorrow" in text:
        return today + timedelta(days=1)
    for index, name in enumerate(_DAYS):
        if re.search(rf"\b{name}\b", text):
            return today + timedelta(days=(index - today.weekday() - 1) % 7 + 1)
    if "next week" in text:
        return today + timedelta(days=7)
    if re.search(r"\b(today|tonight|this (?:morning|afternoon|evening)|later)\b", text):
        return today
    return None


def _clock(text: str) -> time | None:
    if match := _CLOCK.search(text):
        hour = _hour_of_day(_number(match[3]), match[6] or "")
        minute = int(match[4] or _MINUTES.get(match[5] or "", 0))
        if match[1]:
            quarter = 30 if match[1] == "half" else 15
            hour, minute = (hour, quarter) if match[2] == "past" else (hour - 1, 60 - quarter)
        return time(hour % 24, minute) if minute < 60 else None
    return next((clock for name, clock in _PARTS_OF_DAY.items() if re.search(rf"\b{name}\b", text)), None)


def _hour_of_day(hour: int, half: str) -> int:
    """Without "am" or "pm" people mean the hour of the working day."""
    half = half.replace(".", "")
    if half in {"pm", "in the afternoon", "in the evening"}:
        return hour % 12 + 12
    if half in {"am", "in the morning"}:
        return hour % 12
    return hour + 12 if hour < _FIRST_HOUR_OF_THE_DAY else hour
