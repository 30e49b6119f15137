"""Celery's entry points of calls."""

from celery import shared_task

from calls.services import dialing, overdue
from calls.services.recordings import delete_old_recordings
from opendeep.core.clock import now
from opendeep.core.jobs import alone


@shared_task(name="calls.dial_due")
def dial_due() -> None:
    try:
        dialing.place_ready(now)
    finally:
        dialing.prepare_due(now)


@shared_task(name="calls.prepare_due")
def prepare_due() -> None:
    dialing.prepare_due(now)


@shared_task(name="calls.place_ready")
def place_ready() -> None:
    dialing.place_ready(now)


@shared_task(name="calls.place_ready_by")
def place_ready_by(trunk: str | None) -> None:
    dialing.place_ready_by(trunk, now)


@shared_task(name="calls.use_free_lines")
def use_free_lines() -> None:
    with alone("calls.use_free_lines") as is_alone:
        if is_alone:
            dialing.use_free_lines(now)


@shared_task(name="calls.end_overdue")
def end_overdue() -> None:
    overdue.end_overdue(now())


@shared_task(name="calls.delete_old_recordings")
def delete_recordings() -> None:
    delete_old_recordings(now())
