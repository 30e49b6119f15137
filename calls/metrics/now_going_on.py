"""Calls that are not over: how many in which state, why the queued ones wait, and since when the oldest is due."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count, Min
from prometheus_client.core import GaugeMetricFamily, Metric

from calls.models import Call
from calls.states import State

UNFINISHED = [state for state in State if state is not State.ENDED]


def families(at: datetime) -> Iterator[Metric]:
    counted = Call.objects.exclude(state=State.ENDED).order_by().values_list("state", "waits_for")
    rows = list(counted.annotate(calls=Count("pk")))
    by_state = GaugeMetricFamily("opendeep_calls", "Calls that are not over.", labels=["state"])
    for state in UNFINISHED:
        by_state.add_metric([state.value], sum(calls for found, _, calls in rows if found == state))
    yield by_state
    waiting = GaugeMetricFamily(
        "opendeep_calls_waiting", "Queued calls by what they wait for; empty: for their turn.", labels=["reason"]
    )
    for found, reason, calls in rows:
        if found == State.QUEUED:
            waiting.add_metric([reason], calls)
    yield waiting
    oldest = Call.objects.filter(state=State.QUEUED, not_before__lte=at).aggregate(at=Min("not_before"))["at"]
    yield GaugeMetricFamily(
        "opendeep_call_due_age_seconds",
        "For how long the oldest queued call has been due.",
        value=(at - oldest).total_seconds() if oldest else 0,
    )
