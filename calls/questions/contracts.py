"""What other apps exchange with `calls` about questions to the owner: frozen values, no Django.

QUESTION_CHANGED is published by outbox with the payload of QuestionChanged.to_payload().
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

QUESTION_CHANGED = "calls.question_changed"


@dataclass(frozen=True, slots=True)
class QuestionView:
    """A question of the agent to its owner. `status` as in calls.questions.states; `answer` is empty without one."""

    id: UUID
    call_id: UUID
    origin: str
    text: str
    status: str
    asked_at: datetime
    deadline: datetime
    answer: str
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class QuestionChanged:
    """`status` is what the question has become; it may have moved on since."""

    question_id: UUID
    call_id: UUID
    organization_id: UUID
    origin: str
    status: str

    def to_payload(self) -> dict[str, str]:
        return {name: str(value) for name, value in asdict(self).items()}

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> "QuestionChanged":
        return cls(
            question_id=UUID(payload["question_id"]),
            call_id=UUID(payload["call_id"]),
            organization_id=UUID(payload["organization_id"]),
            origin=payload["origin"],
            status=payload["status"],
        )
