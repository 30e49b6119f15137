"""Trunks with their circuit breakers, and gateways."""

from collections.abc import Iterator
from datetime import datetime

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from redis.exceptions import RedisError

from calls.services import gateways
from calls.services.occupancy import Occupancy, trunk_key
from calls.trunks.breaker import Breaker, state_of
from calls.trunks.models import Trunk
from calls.trunks.ways_out import lines_of

BREAKER_VALUES = {Breaker.CLOSED: 0, Breaker.HALF_OPEN: 1, Breaker.OPEN: 2}


def families(at: datetime) -> Iterator[Metric]:
    yield from _trunks(at)
    yield from _gateways()


def _trunks(at: datetime) -> Iterator[Metric]:
    breaker = GaugeMetricFamily(
        "opendeep_trunk_breaker", "0 in order, 1 tried again, 2 out of order.", labels=["trunk"]
    )
    lines = GaugeMetricFamily("opendeep_trunk_lines", "Calls that the trunk carries at once.", labels=["trunk"])
    calls = GaugeMetricFamily("opendeep_trunk_calls", "Calls that hold one of its lines.", labels=["trunk"])
    outages = CounterMetricFamily("opendeep_trunk_outages", "How often it went out of order.", labels=["trunk"])
    live = Occupancy.live().calls
    for trunk in Trunk.objects.filter(enabled=True):
        breaker.add_metric([trunk.name], BREAKER_VALUES[state_of(trunk.out_of_order_since, trunk.retry_at, at)])
        lines.add_metric([trunk.name], lines_of(trunk))
        calls.add_metric([trunk.name], live[trunk_key(trunk.name)])
        outages.add_metric([trunk.name], trunk.times_out_of_order)
    yield from (breaker, lines, calls, outages)


def _gateways() -> Iterator[Metric]:
    """Nothing while Redis is away: opendeep_part_up says that."""
    try:
        alive = gateways.alive()
    except RedisError:
        return
    yield GaugeMetricFamily("opendeep_gateways", "Gateways that give a sign of life.", value=len(alive))
    capacity = GaugeMetricFamily("opendeep_gateway_capacity", "Calls that it offers to carry.", labels=["gateway"])
    load = GaugeMetricFamily("opendeep_gateway_load", "Calls that it carries.", labels=["gateway"])
    lags = GaugeMetricFamily("opendeep_gateway_lags", "1: its clock lags, and it takes no calls.", labels=["gateway"])
    for gateway in alive:
        capacity.add_metric([gateway.id], gateway.capacity)
        load.add_metric([gateway.id], gateway.load)
        lags.add_metric([gateway.id], gateway.lags)
    yield from (capacity, load, lags)
