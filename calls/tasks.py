"""Celery's entry points of calls."""

from uuid import UUID

from celery import shared_task

from calls.services import dialing, overdue
from calls.services.recordings import delete_old_recordings
from opendeep.core.clock import now


@shared_task(name="calls.dial_call")
def dial_call(call_id: str) -> None:
    dialing.dial_call(UUID(call_id), clock=now)


@shared_task(name="calls.dial_due")
def dial_due() -> None:
    dialing.enqueue_due(now())


@shared_task(name="calls.use_free_lines")
def use_free_lines() -> None:
    dialing.use_free_lines(now())


@shared_task(name="calls.end_overdue")
def end_overdue() -> None:
    overdue.end_overdue(now())


@shared_task(name="calls.delete_old_recordings")
def delete_recordings() -> None:
    delete_old_recordings(now())
