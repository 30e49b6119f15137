"""How the talks of the last hour sounded: quantiles and sums over the latest of them, which bounds the cost."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from prometheus_client.core import GaugeMetricFamily, Metric

from calls.models import Call
from calls.states import State

WINDOW = timedelta(hours=1)
TALKS_AT_MOST = 500
QUANTILES = (0.5, 0.95, 0.99)

TIMES = {
    "voice_to_voice_ms": ("opendeep_voice_to_voice_seconds", "From the callee's last sound to the agent's answer."),
    "barge_in_ms": ("opendeep_barge_in_seconds", "From the callee's interruption to the agent's silence."),
    "first_audio_ms": ("opendeep_first_audio_seconds", "From the answered line to the agent's first sound."),
}
COUNTS = {
    "interruptions": "The callee interrupted the agent.",
    "late_frames": "Frames of 20 ms that left late.",
    "skipped_frames": "Frames that were given up after a pause of the process.",
    "underruns": "The model's sound came too slowly.",
    "protocol_problems": "Messages that nobody understood.",
    "server_errors": "Errors that the model told.",
}


def families(at: datetime) -> Iterator[Metric]:
    talked = Call.objects.filter(state=State.ENDED, ended_at__gte=at - WINDOW, talk_ms__gt=0).order_by("-ended_at")
    figures = [row for row in talked.values_list("figures", flat=True)[:TALKS_AT_MOST] if row]
    yield GaugeMetricFamily(
        "opendeep_talks_measured", f"Talks of the last hour, at most {TALKS_AT_MOST}, of which the others tell.",
        value=len(figures),
    )  # fmt: skip
    for name, (metric, words) in TIMES.items():
        yield _quantiles(metric, words, [ms for row in figures for ms in _listed(row.get(name))])
    for name, words in COUNTS.items():
        yield GaugeMetricFamily(f"opendeep_{name}", words, value=sum(_number(row.get(name)) for row in figures))
    yield _tokens(figures)


def _quantiles(metric: str, words: str, found: Sequence[float]) -> Metric:
    family = GaugeMetricFamily(metric, words, labels=["quantile"])
    ordered = sorted(found)
    for quantile in QUANTILES if ordered else ():
        value = ordered[min(int(quantile * len(ordered)), len(ordered) - 1)]
        family.add_metric([str(quantile)], value / 1000)
    return family


def _tokens(figures: Sequence[Mapping[str, Any]]) -> Metric:
    used: Counter[str] = Counter()
    for row in figures:
        tokens = row.get("tokens")
        used.update({kind: _number(count) for kind, count in tokens.items()} if isinstance(tokens, dict) else {})
    family = GaugeMetricFamily("opendeep_tokens", "Tokens by kind.", labels=["kind"])
    for kind, count in sorted(used.items()):
        family.add_metric([kind], count)
    return family


def _listed(value: Any) -> list[float]:
    return [_number(item) for item in (value if isinstance(value, list) else [value]) if item is not None]


def _number(value: Any) -> float:
    return value if isinstance(value, int | float) else 0
