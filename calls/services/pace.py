"""Calls per second: a token bucket for the system, for each organization, and for trunks with a pace, kept as rows.

A bucket is one moment: when it would be full again were nothing taken any more (GCRA). It holds one second's worth of
tokens, at least one. Tokens are taken under lock_lines() in the transaction that dials: any number of workers share
them, and a dial that is rolled back takes none.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from calls.models import Call, DialPace
from calls.services.occupancy import SYSTEM, Occupancy, organization_key, trunk_key
from calls.states import State
from calls.trunks.models import Trunk

RATE = "rate"
"""What a call waits for (Call.waits_for) that found no token."""

BURST_SECONDS = 1.0
VOICE_WAITS_AT_MOST = timedelta(seconds=5)
NO_RATE = timedelta(minutes=1)
"""How long to wait before looking again when somebody has set a rate of zero."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """The pure part: `rate` tokens come each second, `full_at` is None before the first one was taken."""

    key: str  # as in an Occupancy: whose calls take from it
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


class Tokens:
    """What the calls of one transaction may take, at the rates that were read with them. Under lock_lines()."""

    def __init__(self, calls: Sequence[Call]) -> None:
        self._full_at = full_at({key for call in calls for key in _rates(call)})
        self._taken: set[str] = set()

    def take(self, call: Call, at: datetime) -> datetime | None:
        """A token from every bucket of `call`; when one is empty takes none, and returns when to come again."""
        buckets = _buckets(call, self._full_at)
        if any(bucket.token_at(at, 0) > at for bucket in buckets):
            waiting = Call.objects.unfinished().filter(state=State.PREPARING, waits_for=RATE, not_before__gt=at)
            return _turn(buckets, at, Occupancy.of(waiting.exclude(id=call.id)).calls)
        for bucket in buckets:
            self._full_at[bucket.key] = bucket.after_one(at)
            self._taken.add(bucket.key)
        return None

    def write(self) -> None:
        """At the end of the transaction: what was taken is gone for everybody."""
        DialPace.objects.bulk_create(
            [DialPace(key=key, full_at=self._full_at[key]) for key in sorted(self._taken)],
            update_conflicts=True,
            update_fields=["full_at"],
            unique_fields=["key"],
        )


def prepare_at(call: Call, at: datetime, live: Occupancy, pace: Mapping[str, datetime]) -> datetime:
    """When to open the voice of `call`, so that it need not wait long for its token behind those prepared already.

    `pace` is what full_at() says of its keys_of(), or of more.
    """
    turn = _turn(_buckets(call, pace), at, live.preparing)
    return at if turn <= at + VOICE_WAITS_AT_MOST else turn - VOICE_WAITS_AT_MOST


def full_at(keys: Iterable[str]) -> dict[str, datetime]:
    """When the buckets of `keys` would be full; without those that nothing was ever taken from."""
    return dict(DialPace.objects.filter(key__in=list(keys)).values_list("key", "full_at"))


def keys_of(organization_id: UUID, trunks: Iterable[Trunk]) -> set[str]:
    """Of all buckets that a call of the organization may take from, whichever of `trunks` it goes by."""
    return {SYSTEM, organization_key(organization_id), *(trunk_key(trunk.name) for trunk in trunks)}


def _turn(buckets: Sequence[Bucket], at: datetime, ahead: Counter[str]) -> datetime:
    """When all of `buckets` have a token that nobody of those `ahead` takes."""
    return max(bucket.token_at(at, ahead[bucket.key]) for bucket in buckets)


def _rates(call: Call) -> dict[str, float]:
    rates = {
        SYSTEM: settings.CALLS_PER_SECOND,
        organization_key(call.organization_id): call.organization.calls_per_second,
    }
    if call.trunk is not None and call.trunk.calls_per_second is not None:
        rates[trunk_key(call.trunk.name)] = call.trunk.calls_per_second
    return rates


def _buckets(call: Call, pace: Mapping[str, datetime]) -> list[Bucket]:
    return [Bucket(key, rate, pace.get(key)) for key, rate in _rates(call).items()]
