"""What the gate said about a call is an event of the call; the latest one is what explains it."""

from datetime import datetime
from uuid import UUID

from calls.compliance.decisions import Decision, Defer, Deny
from calls.models import CallEvent


def keep(call_id: UUID, decision: Decision, at: datetime) -> None:
    """Writes the decision down, in the transaction that acts on it."""
    event_of(call_id, decision, at).save()


def event_of(call_id: UUID, decision: Decision, at: datetime) -> CallEvent:
    """The decision as it is kept; not written yet."""
    detail: dict[str, str | None] = {"decision": "allow", "rule": None, "why": None, "until": None}
    match decision:
        case Deny(rule, why):
            detail |= {"decision": "deny", "rule": rule, "why": why}
        case Defer(until, rule, why):
            detail |= {"decision": "defer", "rule": rule, "why": why, "until": until.isoformat()}
    return CallEvent(call_id=call_id, at=at, kind="gate", source="engine", detail=detail)
