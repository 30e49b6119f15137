"""When somebody is called again after a call that did not settle it: a table by outcome. Pure.

Waits double with every attempt, up to a day. Whoever did not answer is tried at another time of day. Everybody's wait
differs a little, so that those who were called together do not come back together; the same task and attempt always
get the same one.
"""

import random
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

Table = Mapping[str, int | None]
"""Minutes by outcome; None, and what is not listed: no other call."""

DEFAULT_TABLE: Table = {
    "busy": 10,
    "no_answer": 120,
    "unreachable": 1440,
    "voicemail": 1440,
    "dropped": 2,
    "failed": 5,
    "lost": 10,
    "completed": 120,
    "rejected": None,
}

TRUNK_FAULT = timedelta(minutes=5)
"""First wait after a call that our own line failed."""
DAY = timedelta(days=1)
JITTER = 0.1
JITTER_AT_MOST = timedelta(minutes=30)
PARTS_OF_DAY = (time(0), time(12), time(17))
"""When morning, afternoon and evening begin."""


def retry_at(table: Table, outcome: str, attempt: int, now: datetime, zone: ZoneInfo, seed: str) -> datetime | None:
    """When to call again after `attempt` (from 1) ended with `outcome`, on the clock of `zone`; None: not at all."""
    minutes = table.get(outcome)
    if minutes is None:
        return None
    chance = _chance(seed, attempt)
    wait = _grown(timedelta(minutes=minutes), attempt)
    moment = _later(now, wait, zone) + _jitter(wait, chance)
    if outcome == "no_answer" and _part(moment, zone) == _part(now, zone):
        moment = _next_part(moment, zone) + JITTER_AT_MOST * chance.random()
    return moment


def after_trunk_fault(faults: int, now: datetime, zone: ZoneInfo, seed: str) -> datetime:
    """When to call again after our own line has failed `faults` calls (from 1): nothing is known of the callee."""
    wait = _grown(TRUNK_FAULT, faults)
    return _later(now, wait, zone) + _jitter(wait, _chance(f"{seed}:line", faults))


def _chance(seed: str, attempt: int) -> random.Random:
    return random.Random(f"{seed}:{attempt}")  # noqa: S311 - spreads calls, keeps no secret


def _grown(wait: timedelta, attempt: int) -> timedelta:
    doubled = wait * (1 << min(max(attempt - 1, 0), 10))
    return max(wait, min(doubled, DAY))


def _jitter(wait: timedelta, chance: random.Random) -> timedelta:
    return min(wait * JITTER, JITTER_AT_MOST) * chance.uniform(-1, 1)


def _later(now: datetime, wait: timedelta, zone: ZoneInfo) -> datetime:
    """`wait` from now; whole days keep the time on the callee's clock, also when it is changed in between."""
    if wait % DAY:
        return now + wait
    return (now.astimezone(zone) + wait).astimezone(now.tzinfo)


def _part(moment: datetime, zone: ZoneInfo) -> int:
    clock = moment.astimezone(zone).time()
    return sum(begins <= clock for begins in PARTS_OF_DAY)


def _next_part(moment: datetime, zone: ZoneInfo) -> datetime:
    local = moment.astimezone(zone)
    part = _part(moment, zone)
    day = local.date() if part < len(PARTS_OF_DAY) else local.date() + DAY
    return datetime.combine(day, PARTS_OF_DAY[part % len(PARTS_OF_DAY)], zone).astimezone(moment.tzinfo)
