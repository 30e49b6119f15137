"""Calls per second: a token bucket for the system, for each organization, and for trunks with a pace, kept as rows.

A bucket is one moment: when it would be full again were nothing taken any more (GCRA). It holds one second's worth of
tokens, at least one. Tokens are taken under lock_lines() in the transaction that dials: any number of workers share
them, and a dial that is rolled back takes none.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Q, QuerySet

from calls.models import Call, DialPace
from calls.states import State

RATE = "rate"
"""What a call waits for (Call.waits_for) that found no token."""

BURST_SECONDS = 1.0
VOICE_WAITS_AT_MOST = timedelta(seconds=5)
NO_RATE = timedelta(minutes=1)
"""How long to wait before looking again when somebody has set a rate of zero."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """The pure part: `rate` tokens come each second, `full_at` is None before the first one was taken."""

    key: str
    takers: Q  # the calls that take from it
    rate: float
    full_at: datetime | None

    def token_at(self, at: datetime, ahead: int) -> datetime:
        """When the token after the next `ahead` ones is there; `at` or later."""
        if self.rate <= 0:
            return at + NO_RATE
        held = max(int(self.rate * BURST_SECONDS), 1)
        return max(at, self._full(at) + self._interval() * (ahead + 1 - held))

    def after_one(self, at: datetime) -> datetime:
        return self._full(at) + self._interval()

    def _full(self, at: datetime) -> datetime:
        return max(self.full_at or at, at)

    def _interval(self) -> timedelta:
        return timedelta(seconds=1 / self.rate)


def take(call: Call, at: datetime) -> datetime | None:
    """Takes a token from every bucket of `call`; when one is empty takes none, and returns when to come again.

    Rates are those of the organization and the trunk as they were read with `call`.
    """
    buckets = _buckets(call)
    if any(bucket.token_at(at, 0) > at for bucket in buckets):
        return _turn(
            call, at, Call.objects.unfinished().filter(state=State.PREPARING, waits_for=RATE, not_before__gt=at)
        )
    DialPace.objects.bulk_create(
        [DialPace(key=bucket.key, full_at=bucket.after_one(at)) for bucket in buckets],
        update_conflicts=True,
        update_fields=["full_at"],
        unique_fields=["key"],
    )
    return None


def prepare_at(call: Call, at: datetime) -> datetime:
    """When to open the voice of `call`, so that it need not wait long for its token behind those prepared already."""
    turn = _turn(call, at, Call.objects.unfinished().filter(state=State.PREPARING))
    return at if turn <= at + VOICE_WAITS_AT_MOST else turn - VOICE_WAITS_AT_MOST


def _turn(call: Call, at: datetime, before: QuerySet[Call]) -> datetime:
    buckets = _buckets(call)
    counts = {f"bucket{number}": Count("pk", filter=bucket.takers) for number, bucket in enumerate(buckets)}
    ahead = before.exclude(id=call.id).aggregate(**counts)
    return max(bucket.token_at(at, ahead[f"bucket{number}"]) for number, bucket in enumerate(buckets))


def _buckets(call: Call) -> list[Bucket]:
    rates = {
        "system": (Q(), settings.CALLS_PER_SECOND),
        f"organization:{call.organization_id}": (
            Q(organization=call.organization_id),
            call.organization.calls_per_second,
        ),
    }
    if call.trunk is not None and call.trunk.calls_per_second is not None:
        rates[f"trunk:{call.trunk.name}"] = (Q(trunk=call.trunk), call.trunk.calls_per_second)
    full_at = dict(DialPace.objects.filter(key__in=rates).values_list("key", "full_at"))
    return [Bucket(key, takers, rate, full_at.get(key)) for key, (takers, rate) in rates.items()]
