"""What /metrics tells of calls, trunks, gateways and talks: computed when it is asked, from rows and from Redis.

No label holds what belongs to a tenant: no names, no numbers, no ids of calls.
"""

from collections.abc import Iterator
from datetime import datetime

from prometheus_client.core import Metric

from calls.metrics import ended, now_going_on, reconciled, talks, ways_out


def families(at: datetime) -> Iterator[Metric]:
    yield from now_going_on.families(at)
    yield from ended.families(at)
    yield from reconciled.families()
    yield from ways_out.families(at)
    yield from talks.families(at)
