"""The words of opendeep.core.words as template filters, in the viewer's own time zone."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from opendeep.core import words
from opendeep.core.clock import now
from opendeep.core.phone import spoken_format

register = template.Library()


def viewer_zone() -> ZoneInfo:
    return ZoneInfo(timezone.get_current_timezone_name())


@register.filter
def moment(value: datetime | None) -> SafeString | str:
    """`<time>today 11:42</time>` with the whole date as its title; nothing for None."""
    if value is None:
        return ""
    zone = viewer_zone()
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        value.isoformat(timespec="seconds"),
        words.full_moment(value, zone),
        words.moment(value, now=now(), zone=zone),
    )


@register.filter
def exactly(value: datetime) -> SafeString:
    """The time of the day to the millisecond, for lists of events."""
    zone = viewer_zone()
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        value.isoformat(timespec="milliseconds"),
        words.full_moment(value, zone),
        f"{value.astimezone(zone):%H:%M:%S.%f}"[:-3],
    )


@register.filter
def phone(number: str) -> str:
    return spoken_format(number)


@register.filter
def clock(milliseconds: int | float | None) -> str:
    return "" if milliseconds is None else words.clock(milliseconds)


@register.filter
def money(microcents: int) -> str:
    return words.money(microcents)


@register.filter
def counted(number: int, word: str) -> str:
    """`{{ n|counted:"call" }}` is "1 call" or "2 calls"; `"person/people"` names its own plural."""
    singular, _, plural = word.partition("/")
    return words.counted(number, singular, plural)


@register.filter
def elsewhere(value: datetime, zone_name: str) -> str:
    """ " · 10:00 (New York)" where the clock in `zone_name` differs from the viewer's, else nothing."""
    said = words.elsewhere(value, now=now(), viewer=viewer_zone(), theirs=ZoneInfo(zone_name))
    return f" · {said}" if said else ""
