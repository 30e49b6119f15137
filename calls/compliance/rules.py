"""The rules of the gate: one pure function each, with words for the user. Add a rule here and name it in RULES.

A rule gets the facts and the moment and returns Allow, Defer or Deny. What it cannot know it must deny.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import phonenumbers
from phonenumbers import PhoneNumberType as Kind

from calls.compliance.hours import Window, is_open, next_opening


@dataclass(frozen=True, slots=True)
class Allow:
    pass


@dataclass(frozen=True, slots=True)
class Defer:
    until: datetime
    rule: str
    why: str


@dataclass(frozen=True, slots=True)
class Deny:
    rule: str
    why: str


Decision = Allow | Defer | Deny


@dataclass(frozen=True, slots=True)
class GroupFacts:
    paused: bool
    not_before: datetime | None
    not_after: datetime | None


@dataclass(frozen=True, slots=True)
class DialFacts:
    """Everything the rules look at, read in the dialing transaction.

    `do_not_call` says whose list the number is on. `dialled_at` are the moments at which calls of this organization
    to this number were dialled during the last days; `has_live_call` tells of another one going on.
    """

    number: str
    time_zone: str
    organization_paused: bool
    group: GroupFacts | None
    do_not_call: Literal["", "organization", "global"]
    hours: Sequence[Window]
    has_live_call: bool
    dialled_at: Sequence[datetime]


Rule = Callable[[DialFacts, datetime], Decision]

ALLOW = Allow()
LOOK_AGAIN = timedelta(seconds=30)
"""For rules that end when somebody acts: nobody knows when."""

MIN_GAP = timedelta(minutes=1)
MAX_DIALS_PER_DAY = 10
"""Counted by the callee's calendar day, for all campaigns of the organization together."""

CALLABLE_KINDS = frozenset(
    {Kind.FIXED_LINE, Kind.MOBILE, Kind.FIXED_LINE_OR_MOBILE, Kind.VOIP, Kind.TOLL_FREE, Kind.UAN}
)
KIND_WORDS = {
    Kind.PREMIUM_RATE: "a premium-rate number",
    Kind.SHARED_COST: "a shared-cost number",
    Kind.PERSONAL_NUMBER: "a personal number that is billed at special rates",
    Kind.PAGER: "a pager",
    Kind.VOICEMAIL: "a voicemail access number",
}
GROUP_RULES = frozenset({"campaign_paused", "campaign_window"})


def destination(facts: DialFacts, now: datetime) -> Decision:
    """Valid E.164, nobody's emergency or short number, nothing that costs more than a telephone call."""
    try:
        number = phonenumbers.parse(facts.number)
    except phonenumbers.NumberParseException:
        return Deny("destination", "This is not a telephone number in international form.")
    national = phonenumbers.national_significant_number(number)
    regions = phonenumbers.region_codes_for_country_code(number.country_code or 0)
    if any(phonenumbers.is_emergency_number(national, region) for region in regions):
        return Deny("destination", "Emergency numbers are never called.")
    if phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) != facts.number:
        return Deny("destination", "This is not a telephone number in international form.")
    if not phonenumbers.is_valid_number(number):
        return Deny("destination", "There is no such telephone number.")
    kind = phonenumbers.number_type(number)
    if kind not in CALLABLE_KINDS:
        return Deny("destination", f"This is {KIND_WORDS.get(kind, 'no number that may be called')}.")
    return ALLOW


def do_not_call(facts: DialFacts, now: datetime) -> Decision:
    if facts.do_not_call == "organization":
        return Deny("do_not_call", "This number asked not to be called again.")
    if facts.do_not_call == "global":
        return Deny("do_not_call", "This number is on the do-not-call list for everybody.")
    return ALLOW


def organization_paused(facts: DialFacts, now: datetime) -> Decision:
    if facts.organization_paused:
        return Defer(now + LOOK_AGAIN, "organization_paused", "All calls of the organization are paused.")
    return ALLOW


def campaign_paused(facts: DialFacts, now: datetime) -> Decision:
    if facts.group is not None and facts.group.paused:
        return Defer(now + LOOK_AGAIN, "campaign_paused", "The campaign is paused.")
    return ALLOW


def campaign_window(facts: DialFacts, now: datetime) -> Decision:
    group = facts.group
    if group is None:
        return ALLOW
    if group.not_after is not None and now >= group.not_after:
        return Deny("campaign_window", "The time in which this campaign may call is over.")
    if group.not_before is not None and now < group.not_before:
        return Defer(group.not_before, "campaign_window", "The campaign has not begun yet.")
    return ALLOW


def calling_hours(facts: DialFacts, now: datetime) -> Decision:
    """By the clock on the callee's wall."""
    zone = zone_of(facts)
    if zone is None:
        return Deny("calling_hours", "The time zone of this contact is unknown, so its calling hours are too.")
    if is_open(facts.hours, zone, now):
        return ALLOW
    until = next_opening(facts.hours, zone, now)
    if until is None:
        return Deny("calling_hours", "The calling hours never open. Change them in the organization's settings.")
    return Defer(until, "calling_hours", f"Outside the calling hours at the callee's place ({facts.time_zone}).")


def one_live_call(facts: DialFacts, now: datetime) -> Decision:
    if facts.has_live_call:
        return Defer(now + LOOK_AGAIN, "one_live_call", "Another call to this number is going on.")
    return ALLOW


def minimum_gap(facts: DialFacts, now: datetime) -> Decision:
    last = max(facts.dialled_at, default=None)
    if last is not None and now < last + MIN_GAP:
        return Defer(last + MIN_GAP, "minimum_gap", "This number was called a moment ago.")
    return ALLOW


def dials_per_day(facts: DialFacts, now: datetime) -> Decision:
    zone = zone_of(facts)
    if zone is None:
        return Deny("dials_per_day", "The time zone of this contact is unknown.")
    today = now.astimezone(zone).date()
    if sum(moment.astimezone(zone).date() == today for moment in facts.dialled_at) < MAX_DIALS_PER_DAY:
        return ALLOW
    tomorrow = datetime.combine(today + timedelta(days=1), time(), zone).astimezone(UTC)
    return Defer(tomorrow, "dials_per_day", f"This number was called {MAX_DIALS_PER_DAY} times today.")


def zone_of(facts: DialFacts) -> ZoneInfo | None:
    try:
        return ZoneInfo(facts.time_zone)
    except (KeyError, ValueError, OSError):  # unknown, empty or malformed, the name of a folder
        return None


RULES: tuple[Rule, ...] = (
    destination,
    do_not_call,
    organization_paused,
    campaign_paused,
    campaign_window,
    calling_hours,
    one_live_call,
    minimum_gap,
    dials_per_day,
)
