"""Facts that `calls` publishes by outbox. Delivered at least once."""

from collections.abc import Mapping, Sequence
from typing import Any

from analysis.services import judge
from calls.contracts import CallEnded
from opendeep.core.clock import now


def on_calls_ended(payloads: Sequence[Mapping[str, Any]]) -> None:
    judge.note_calls_ended([CallEnded.from_payload(payload) for payload in payloads], now())
