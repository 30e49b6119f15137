"""The rules of the gate: one pure function each, with words for the user. Add a rule here and name it in RULES.

A rule gets the facts and the moment and returns Allow, Defer or Deny. What it cannot know it must deny.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from calls.compliance.callee_clock import CalleeClock, clock_of
from calls.compliance.decisions import ALLOW, Decision, Defer, Deny, DialFacts
from calls.compliance.numbers import country_problem, look_up
from calls.compliance.public_holidays import is_known

Rule = Callable[[DialFacts, datetime], Decision]

LOOK_AGAIN = timedelta(seconds=30)
"""For rules that end when somebody acts: nobody knows when."""

MIN_GAP = timedelta(minutes=1)
MICROCENTS_PER_DOLLAR = 100_000_000

ASKED_NOT_TO_BE_CALLED = Deny("do_not_call", "This number asked not to be called again.")
ON_EVERYBODYS_LIST = Deny("do_not_call", "This number is on the do-not-call list for everybody.")
UNKNOWN_ZONE = "The time zone of this contact is unknown, so its calling hours are too. Add it to the contact."

GROUP_RULES = frozenset({"campaign_paused", "campaign_window", "line"})
ORGANIZATION_RULES = frozenset(
    {"organization_paused", "calling_hours", "public_holiday", "frequency", "spending_cap", "line"}
)
"""Rules whose Defer may end at once when the group's or the organization's settings are changed."""


# --- Whom -----------------------------------------------------------------------------------------


def destination(facts: DialFacts, now: datetime) -> Decision:
    problem = look_up(facts.number).problem
    return Deny("destination", problem) if problem else ALLOW


def country(facts: DialFacts, now: datetime) -> Decision:
    organization = facts.organization
    problem = country_problem(facts.number, organization.caller_id, organization.allowed_countries)
    return Deny("country", problem) if problem else ALLOW


def do_not_call(facts: DialFacts, now: datetime) -> Decision:
    if facts.do_not_call == "organization":
        return ASKED_NOT_TO_BE_CALLED
    if facts.do_not_call == "global":
        return ON_EVERYBODYS_LIST
    return ALLOW


def consent(facts: DialFacts, now: datetime) -> Decision:
    if facts.group is not None and facts.group.requires_consent and not facts.consent.strip():
        return Deny("consent", "The campaign calls only people who agreed to it, and no consent of this one is noted.")
    return ALLOW


# --- Pauses and the campaign ----------------------------------------------------------------------


def organization_paused(facts: DialFacts, now: datetime) -> Decision:
    if facts.organization.paused:
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
    if group.not_before is not None and group.not_after is not None and group.not_before >= group.not_after:
        return Deny("campaign_window", "The campaign ends before it begins, so it may never call.")
    if group.not_before is not None and now < group.not_before:
        return Defer(group.not_before, "campaign_window", "The campaign has not begun yet.")
    return ALLOW


def line(facts: DialFacts, now: datetime) -> Decision:
    """Whether there is a line in principle; whether one is free is counted by calls.services.capacity."""
    if facts.organization.max_concurrent_calls == 0:
        why = "The organization's limit of calls at a time is zero. Raise it in the organization's settings."
        return Defer(now + LOOK_AGAIN, "line", why)
    if facts.group is not None and facts.group.max_concurrent_calls == 0:
        return Defer(now + LOOK_AGAIN, "line", "The campaign's limit of calls at a time is zero. Raise it.")
    return ALLOW


# --- Their clock ----------------------------------------------------------------------------------


def calling_hours(facts: DialFacts, now: datetime) -> Decision:
    """By the clock on the callee's wall."""
    clock = _clock(facts)
    if not clock.zones:
        return Deny("calling_hours", UNKNOWN_ZONE)
    if clock.is_within_hours(now):
        return ALLOW
    first = clock.zones[0].key
    place = first if len(clock.zones) == 1 else f"{first} or another of its {len(clock.zones)} time zones"
    return _at_next_opening(clock, now, "calling_hours", f"Outside the calling hours at the callee's place ({place}).")


def public_holiday(facts: DialFacts, now: datetime) -> Decision:
    """By the callee's calendar, that of the number's country."""
    clock = _clock(facts)
    if clock.calls_on_holidays:
        return ALLOW
    if not is_known(clock.region):
        why = "The holidays of this number's country are unknown, and the organization does not call on holidays."
        return Deny("public_holiday", why)
    if not clock.zones:
        return Deny("public_holiday", UNKNOWN_ZONE)
    name = clock.holiday(now)
    if not name:
        return ALLOW
    return _at_next_opening(clock, now, "public_holiday", f"It is a public holiday at the callee's place ({name}).")


def _clock(facts: DialFacts) -> CalleeClock:
    organization = facts.organization
    return clock_of(facts.number, facts.time_zone, facts.hours, calls_on_holidays=organization.calls_on_holidays)


def _at_next_opening(clock: CalleeClock, now: datetime, rule: str, why: str) -> Decision:
    until = clock.next_opening(now)
    if until is None:
        never = "The calling hours never open for this number. Change them in the organization's settings."
        return Deny(rule, never)
    return Defer(until, rule, why)


# --- How often, at what cost ----------------------------------------------------------------------


def one_live_call(facts: DialFacts, now: datetime) -> Decision:
    if facts.has_live_call:
        return Defer(now + LOOK_AGAIN, "one_live_call", "Another call to this number is going on.")
    return ALLOW


def minimum_gap(facts: DialFacts, now: datetime) -> Decision:
    last = max(facts.dialled_at, default=None)
    if last is not None and now < last + MIN_GAP:
        return Defer(last + MIN_GAP, "minimum_gap", "This number was called a moment ago.")
    return ALLOW


def frequency(facts: DialFacts, now: datetime) -> Decision:
    """Within sliding windows, for all campaigns of the organization together."""
    caps = facts.organization.caps
    windows = ((caps.per_day, 1, "24 hours"), (caps.per_7_days, 7, "7 days"), (caps.per_30_days, 30, "30 days"))
    latest_first = sorted(facts.dialled_at, reverse=True)
    waits = []
    for cap, days, words in windows:
        if cap == 0:
            why = f"The organization allows no calls to one number within {words}. Raise the limit in its settings."
            return Deny("frequency", why)
        if len(latest_first) >= cap and latest_first[cap - 1] + timedelta(days=days) > now:
            waits.append((latest_first[cap - 1] + timedelta(days=days), cap, words))
    if not waits:
        return ALLOW
    until, cap, words = max(waits)
    times = "once" if cap == 1 else f"{cap} times"
    return Defer(
        until, "frequency", f"This number was called {times} within {words}, and may not be called more often."
    )


def spending_cap(facts: DialFacts, now: datetime) -> Decision:
    """Counts what calls in flight may yet cost, so that the cap holds whatever they come to."""
    spending = facts.spending
    if spending is None:
        return ALLOW
    cap, call = spending.cap_microcents, spending.reservation_microcents
    if cap < call:
        why = (
            f"The organization's spending cap of {_dollars(cap)} for a month is below the {_dollars(call)} "
            "that are reserved for one call. Raise it in the organization's settings."
        )
        return Deny("spending_cap", why)
    if spending.spent_microcents + spending.in_flight_microcents + call <= cap:
        return ALLOW
    if spending.spent_microcents + call <= cap:
        why = f"The calls that are going on may use up the spending cap of {_dollars(cap)} for this month."
        return Defer(now + LOOK_AGAIN, "spending_cap", why)
    return Defer(spending.month_ends, "spending_cap", f"The spending cap of {_dollars(cap)} for this month is reached.")


def _dollars(microcents: int) -> str:
    return f"${microcents / MICROCENTS_PER_DOLLAR:,.2f}"


RULES: tuple[Rule, ...] = (
    destination,
    country,
    do_not_call,
    consent,
    organization_paused,
    campaign_paused,
    campaign_window,
    line,
    calling_hours,
    public_holiday,
    one_live_call,
    minimum_gap,
    frequency,
    spending_cap,
)
