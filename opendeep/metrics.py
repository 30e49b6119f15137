"""/metrics for Prometheus: every figure is computed when it is asked, so none is lost with a process."""

import hmac
from collections.abc import Iterator

from django.conf import settings
from django.db.models import Min
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

import calls.metrics
import campaigns.metrics
from calls.services import readiness
from opendeep.core import alive
from opendeep.core.clock import now
from opendeep.core.models import OutboxEvent


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """For whoever sends METRICS_TOKEN (Authorization: Bearer ...), and for signed-in operators."""
    if not _may_look(request):
        answer = HttpResponse("Send METRICS_TOKEN as a bearer token, or sign in as an operator.\n", status=401)
        answer["WWW-Authenticate"] = "Bearer"
        return answer
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_AtThisMoment())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _may_look(request: HttpRequest) -> bool:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if settings.METRICS_TOKEN and scheme.lower() == "bearer":
        return hmac.compare_digest(token.strip().encode(), settings.METRICS_TOKEN.encode())
    return bool(request.user.is_authenticated and request.user.is_active and request.user.is_staff)


class _AtThisMoment(Collector):
    def collect(self) -> Iterator[Metric]:
        at = now()
        yield from calls.metrics.families(at)
        yield from campaigns.metrics.families(at)
        yield from _outbox()
        yield _parts()

    def describe(self) -> list[Metric]:
        """Nothing is computed for the registration."""
        return []


def _outbox() -> Iterator[Metric]:
    waiting = OutboxEvent.objects.filter(delivered_at=None)
    oldest = waiting.aggregate(at=Min("created_at"))["at"]
    yield GaugeMetricFamily("opendeep_outbox_waiting", "Facts that are not delivered yet.", value=waiting.count())
    yield GaugeMetricFamily(
        "opendeep_outbox_failing", "Facts whose delivery has failed.", value=waiting.filter(tries__gt=0).count()
    )
    yield GaugeMetricFamily(
        "opendeep_outbox_age_seconds",
        "For how long the oldest fact has waited.",
        value=(now() - oldest).total_seconds() if oldest else 0,
    )


def _parts() -> Metric:
    family = GaugeMetricFamily("opendeep_part_up", "1: it gave a sign of life within 20 seconds.", labels=["part"])
    for part, state in {**readiness.parts(), **alive.states(alive.PARTS_OF_QUEUES.values())}.items():
        family.add_metric([part], state == "ok")
    return family
