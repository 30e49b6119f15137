"""Reads of verdicts."""

from uuid import UUID

from analysis.contracts import ResultView, VerdictView
from analysis.models import Verdict


def verdict_of(call_id: UUID) -> VerdictView | None:
    """The verdict on a call; None while there is none. The caller has made sure that the call may be seen."""
    verdict = Verdict.objects.filter(call=call_id, status=Verdict.Status.JUDGED).select_related("call").first()
    return _view(verdict) if verdict else None


def pending_reason(call_id: UUID) -> str | None:
    """Why an ended call has no verdict yet, in words; None when it has one or needs none."""
    row = Verdict.objects.filter(call=call_id, status=Verdict.Status.PENDING).values_list("last_error").first()
    if row is None:
        return None
    return f"Not judged yet: {row[0]} It is tried again." if row[0] else "Being judged."


def _view(verdict: Verdict) -> VerdictView:
    assert verdict.judged_at is not None, "a judged verdict has its time"
    return VerdictView(
        call_id=verdict.call_id,
        outcome=verdict.call.outcome,
        task_completed=verdict.task_completed,
        reason=verdict.reason,
        summary=verdict.summary,
        next_call_needed=verdict.next_call_needed,
        next_call_at=verdict.next_call_at,
        next_instructions=verdict.next_instructions,
        do_not_call_requested=verdict.do_not_call_requested,
        results=tuple(
            ResultView(result["field"], result["value"], tuple(result["evidence_turns"]), result["verified"])
            for result in verdict.results
        ),
        evidence_turns=tuple(verdict.evidence_turns),
        method=verdict.method,
        judged_at=verdict.judged_at,
    )
