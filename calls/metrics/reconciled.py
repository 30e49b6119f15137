"""What did not go by itself, since the beginning. In good times these counters stand still."""

from collections.abc import Iterator

from django.db.models import Count
from prometheus_client.core import CounterMetricFamily, Metric

from calls.models import LOOKED_AFTER, CallEvent, StrayChannel

WORDS = {
    "overdue": "given_up",  # after a deadline
    "vanished": "vanished",  # gone from the PBX without a word
    "stray_channel": "stray_channel",  # a channel without a call
    "voice_failed": "voice_late",  # a voice that did not come in time
}


def families() -> Iterator[Metric]:
    rows = CallEvent.objects.filter(kind__in=LOOKED_AFTER).order_by().values_list("kind", "source")
    counts = dict.fromkeys(LOOKED_AFTER, 0)
    for kind, source, events in rows.annotate(events=Count("pk")):
        if kind != "voice_failed" or source == "engine":  # a gateway that says so itself needed nobody
            counts[kind] += events
    counts["stray_channel"] += StrayChannel.objects.filter(call=None).count()
    counter = CounterMetricFamily(
        "opendeep_reconciler_actions", "What the engine had to look after, by kind.", labels=["kind"]
    )
    for kind, events in counts.items():
        counter.add_metric([WORDS[kind]], events)
    yield counter
