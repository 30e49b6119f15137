"""What the calls of the last hour came to. Counted by index only, so it costs the same however many there ever were."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Count, Sum
from prometheus_client.core import GaugeMetricFamily, Metric

from calls.models import Call
from calls.prices import MICROCENTS_PER_DOLLAR
from calls.states import Outcome, State

WINDOW = timedelta(hours=1)


def families(at: datetime) -> Iterator[Metric]:
    recent = Call.objects.filter(state=State.ENDED, ended_at__gte=at - WINDOW).order_by().values_list("outcome")
    rows = list(recent.annotate(calls=Count("pk"), talk_ms=Sum("talk_ms"), cost=Sum("cost_microcents")))
    found = {outcome: calls for outcome, calls, _, _ in rows}
    ended = GaugeMetricFamily(
        "opendeep_calls_ended_last_hour", "Calls that ended within the last hour.", labels=["outcome"]
    )
    for outcome in Outcome:
        ended.add_metric([outcome.value], found.get(outcome.value, 0))
    yield ended
    yield GaugeMetricFamily(
        "opendeep_talk_seconds_last_hour",
        "Talk of the calls that ended within the last hour.",
        value=sum(talk_ms for _, _, talk_ms, _ in rows) / 1000,
    )
    yield GaugeMetricFamily(
        "opendeep_cost_dollars_last_hour",
        "What the model cost for the calls that ended within the last hour, by the price table.",
        value=sum(cost for _, _, _, cost in rows) / MICROCENTS_PER_DOLLAR,
    )
