"""Judges ended calls: each exactly once, whatever fails in between."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F

from analysis.contracts import CALL_JUDGED, CallJudged
from analysis.facts import machine_alone, measure
from analysis.models import Verdict
from analysis.roles.analyst import ANALYST, case_data, judgement, may_be_callback
from analysis.rules import Judgement, by_machine, by_outcome, without_judge
from calls.contracts import CallEnded, CallView, EventView
from calls.facade import call_view, events_of, transcript_of
from opendeep.core import outbox
from opendeep.core.errors import PermanentError, RequestRefused, RetryableError
from opendeep.core.jobs import enqueue_on_commit
from opendeep.core.live import call_group, hint_on_commit
from opendeep.core.llm import runner
from opendeep.core.llm.roles import ChatTurn
from opendeep.core.llm.runner import InvalidAnswer, fenced

log = structlog.get_logger(__name__)

CLAIM_LASTS = timedelta(seconds=30)
"""After this another worker may judge the call; the first of both that is done counts."""
FIRST_WAIT = timedelta(seconds=5)
WAIT_AT_MOST = timedelta(minutes=5)
WAIT_FOR_MENDING = timedelta(minutes=5)
INVALID_ANSWERS_AT_MOST = 6


def note_calls_ended(facts: Sequence[CallEnded], at: datetime) -> None:
    """From now on these calls wait for their judgement. Idempotent."""
    verdicts = [
        Verdict(
            call_id=ended.call_id,
            organization_id=ended.organization_id,
            origin=ended.origin,
            created_at=at,
            next_try_at=at,
        )
        for ended in facts
    ]
    Verdict.objects.bulk_create(verdicts, ignore_conflicts=True)
    for ended in facts:
        enqueue_on_commit("analysis.judge_call", str(ended.call_id))


def due_calls(at: datetime, at_most: int = 200) -> list[UUID]:
    """Calls whose job was lost or whose last try failed long enough ago."""
    rows = Verdict.objects.filter(status=Verdict.Status.PENDING, next_try_at__lte=at).order_by("next_try_at")
    return list(rows.values_list("call_id", flat=True)[:at_most])


def judge(call_id: UUID, at: datetime) -> bool:
    """Judges the call unless it is judged, claimed by another worker or not due yet. True when this did it."""
    claimed = Verdict.objects.filter(call=call_id, status=Verdict.Status.PENDING, next_try_at__lte=at).update(
        next_try_at=at + CLAIM_LASTS, tries=F("tries") + 1
    )
    if not claimed:
        return False
    verdict = Verdict.objects.get(call=call_id)
    call, events = call_view(call_id), events_of(call_id)
    try:
        judged, origin = _judged(call, events, at)
    except (RetryableError, PermanentError) as error:
        refusals = verdict.refusals + isinstance(error, InvalidAnswer | RequestRefused)
        if refusals < INVALID_ANSWERS_AT_MOST:  # a model that is away for days comes back one day
            _try_later(verdict, error, refusals, at)
            return False
        judged, origin = _left_to_people(call, events, str(error)), {}
    return _save(verdict, judged, origin, at)


def _judged(call: CallView, events: Sequence[EventView], at: datetime) -> tuple[Judgement, dict[str, Any]]:
    transcript = transcript_of(call.id)
    facts = measure(transcript)
    no, callback_at = _noted_no(events), _agreed_callback(events, at)
    if machine := machine_alone(call, events):
        return by_machine(machine, message_left=call.message_left, do_not_call_requested=no), {}
    if not facts.callee_spoke:
        rule = by_outcome(call.outcome, call.end_reason, do_not_call_requested=no, next_call_at=callback_at)
        return rule, {}
    data = case_data(call, transcript, events, at)
    result = runner.run(ANALYST, [ChatTurn("user", f"Judge this call.\n{fenced(data)}")])
    origin = {"model": result.model, "prompt_hash": result.prompt_hash, "usage": dict(result.usage)}
    judged = judgement(result.answer, call, facts, at=at, callback_at=callback_at, do_not_call_noted=no)
    return judged, origin


def _left_to_people(call: CallView, events: Sequence[EventView], why: str) -> Judgement:
    callback_at = _agreed_callback(events, call.ended_at or call.created_at)
    return without_judge(why, do_not_call_requested=_noted_no(events), next_call_at=callback_at)


def _noted_no(events: Sequence[EventView]) -> bool:
    return any(event.kind == "do_not_call" for event in events)


def _agreed_callback(events: Sequence[EventView], at: datetime) -> datetime | None:
    """The last time that the agent agreed with the callee, unless it has passed or cannot be meant."""
    for event in reversed(events):
        if event.kind == "reschedule_requested":
            when = datetime.fromisoformat(event.detail["when"])
            return when if may_be_callback(when, at) else None
    return None


def _try_later(verdict: Verdict, error: Exception, refusals: int, at: datetime) -> None:
    if isinstance(error, RetryableError):
        wait = min(FIRST_WAIT * 2 ** min(verdict.tries - 1, 10), WAIT_AT_MOST)
        wait = max(wait, min(timedelta(seconds=error.retry_after_seconds or 0), WAIT_AT_MOST))
    else:
        wait = WAIT_FOR_MENDING
    Verdict.objects.filter(pk=verdict.pk, status=Verdict.Status.PENDING).update(
        next_try_at=at + wait, last_error=str(error)[:300], refusals=refusals
    )
    log.warning("call_not_judged", call_id=str(verdict.call_id), tries=verdict.tries, reason=str(error))
    hint_on_commit(call_group(verdict.call_id), "verdict")


def _save(verdict: Verdict, judged: Judgement, origin: dict[str, Any], at: datetime) -> bool:
    """The verdict and the fact that it exists, in one transaction; only the first of two judges writes."""
    with transaction.atomic():
        written = Verdict.objects.filter(pk=verdict.pk, status=Verdict.Status.PENDING).update(
            status=Verdict.Status.JUDGED,
            judged_at=at,
            last_error="",
            method=judged.method,
            task_completed=judged.task_completed,
            reason=judged.reason,
            summary=judged.summary,
            next_call_needed=judged.next_call_needed,
            next_call_at=judged.next_call_at,
            next_instructions=judged.next_instructions,
            do_not_call_requested=judged.do_not_call_requested,
            results=[dict(result) for result in judged.results],
            evidence_turns=list(judged.evidence_turns),
            **origin,
        )
        if not written:
            return False
        fact = CallJudged(verdict.call_id, verdict.organization_id, verdict.origin)
        outbox.publish(CALL_JUDGED, str(verdict.call_id), fact.to_payload(), at)
        hint_on_commit(call_group(verdict.call_id), "verdict")
    return True
