"""Celery's entry points."""

from uuid import UUID

from celery import shared_task

from analysis.services import judge
from opendeep.core.clock import now
from opendeep.core.jobs import enqueue

UNTIL_THE_NEXT_SWEEP = 5
"""Seconds. Workers that are busy for longer find one job for each call, not one for each sweep."""


@shared_task(name="analysis.judge_call")
def judge_call(call_id: str) -> None:
    judge.judge(UUID(call_id), now())


@shared_task(name="analysis.judge_due")
def judge_due() -> None:
    for call_id in judge.due_calls(now()):
        enqueue("analysis.judge_call", str(call_id), expires_seconds=UNTIL_THE_NEXT_SWEEP)
