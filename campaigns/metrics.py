"""What /metrics tells of campaigns and their tasks. No label holds what belongs to a tenant."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import Count, OuterRef, Q, Subquery
from prometheus_client.core import GaugeMetricFamily, Metric

from campaigns.models import Campaign, Task
from campaigns.services.claims import due_tasks
from campaigns.states import CampaignStatus, TaskStatus

COUNTED_AT_MOST = 100_000
"""More due tasks are told as this many: to count them all would cost more than the figure is worth."""


def families(at: datetime) -> Iterator[Metric]:
    counts = dict(Campaign.objects.order_by().values_list("status").annotate(count=Count("pk")))
    by_status = GaugeMetricFamily("opendeep_campaigns", "Campaigns.", labels=["status"])
    for status in CampaignStatus:
        by_status.add_metric([status.value], counts.get(status.value, 0))
    yield by_status
    held = Campaign.objects.filter(~Q(status_reason=""), status=CampaignStatus.PAUSED)
    yield GaugeMetricFamily(
        "opendeep_campaigns_stopped", "Campaigns that have stopped by themselves and wait.", value=held.count()
    )
    yield from _due(at)


def _due(at: datetime) -> Iterator[Metric]:
    running = Campaign.objects.filter(status=CampaignStatus.RUNNING)
    first_due = Subquery(due_tasks(OuterRef("pk"), at).values("next_action_at")[:1])
    oldest = min(filter(None, running.annotate(due=first_due).values_list("due", flat=True)), default=None)
    due = Task.objects.filter(campaign__in=running, status=TaskStatus.PENDING, next_action_at__lte=at)
    yield GaugeMetricFamily(
        "opendeep_tasks_due",
        f"Tasks of running campaigns that may be called now; {COUNTED_AT_MOST} stands for more.",
        value=due.order_by()[:COUNTED_AT_MOST].count() if oldest else 0,
    )
    yield GaugeMetricFamily(
        "opendeep_task_due_age_seconds",
        "For how long the oldest of them has been due.",
        value=(at - oldest).total_seconds() if oldest else 0,
    )
