"""What the gate is told, and what it can answer. Frozen values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from calls.compliance.hours import Window


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

ALLOW = Allow()


@dataclass(frozen=True, slots=True)
class GroupFacts:
    paused: bool
    not_before: datetime | None
    not_after: datetime | None
    requires_consent: bool = False
    max_concurrent_calls: int | None = None


@dataclass(frozen=True, slots=True)
class FrequencyCaps:
    """How often all campaigns of the organization together may dial one number within 24 hours, 7 and 30 days."""

    per_day: int
    per_7_days: int
    per_30_days: int


@dataclass(frozen=True, slots=True)
class Spending:
    """Of the calendar month at the organization's place. What calls in flight may yet cost counts as spent."""

    cap_microcents: int
    spent_microcents: int
    in_flight_microcents: int
    reservation_microcents: int
    month_ends: datetime


@dataclass(frozen=True, slots=True)
class OrganizationFacts:
    """The organization's settings. Without `allowed_countries` (ISO 3166) the country of `caller_id` counts."""

    paused: bool
    caller_id: str
    allowed_countries: Sequence[str]
    calls_on_holidays: bool
    caps: FrequencyCaps
    max_concurrent_calls: int


@dataclass(frozen=True, slots=True)
class DialFacts:
    """Everything the rules look at, read in the dialing transaction.

    `time_zone` and `consent` are what is known of the contact, empty when nothing is. `do_not_call` says whose list
    the number is on. `dialled_at` are the moments at which the organization dialled this number lately;
    `has_live_call` tells of another call to it going on. Without a `spending` there is no cap.
    """

    number: str
    time_zone: str
    consent: str
    organization: OrganizationFacts
    group: GroupFacts | None
    do_not_call: Literal["", "organization", "global"]
    hours: Sequence[Window]
    has_live_call: bool
    dialled_at: Sequence[datetime]
    spending: Spending | None
