"""Facts that `calls` publishes by outbox. Delivered at least once."""

from collections.abc import Mapping
from typing import Any

from analysis.services import judge
from calls.contracts import CallEnded
from opendeep.core.clock import now


def on_call_ended(payload: Mapping[str, Any]) -> None:
    judge.note_call_ended(CallEnded.from_payload(payload), now())
