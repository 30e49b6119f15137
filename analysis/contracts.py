"""What other apps exchange with `analysis`. It publishes CALL_JUDGED by outbox."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

CALL_JUDGED = "analysis.judged"


@dataclass(frozen=True, slots=True)
class CallJudged:
    call_id: UUID
    organization_id: UUID
    origin: str

    def to_payload(self) -> dict[str, Any]:
        return {
            "call_id": str(self.call_id),
            "organization_id": str(self.organization_id),
            "origin": self.origin,
        }

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> "CallJudged":
        return cls(UUID(payload["call_id"]), UUID(payload["organization_id"]), payload["origin"])


@dataclass(frozen=True, slots=True)
class ResultView:
    """One extracted field. Without evidence it is unverified."""

    field: str
    value: str
    evidence_turns: tuple[int, ...]
    verified: bool


@dataclass(frozen=True, slots=True)
class VerdictView:
    call_id: UUID
    outcome: str
    task_completed: bool
    reason: str
    summary: str
    next_call_needed: bool
    next_call_at: datetime | None
    next_instructions: str
    do_not_call_requested: bool
    results: tuple[ResultView, ...]
    evidence_turns: tuple[int, ...]
    method: str  # "model" or "rule"
    judged_at: datetime
