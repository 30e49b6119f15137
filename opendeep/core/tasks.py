"""Celery's entry points of the core."""

from celery import shared_task

from opendeep.core import alive, outbox
from opendeep.core.clock import now


@shared_task(name="core.deliver_outbox")
def deliver_outbox() -> None:
    while outbox.deliver_pending():
        pass


@shared_task(name="core.prune_outbox")
def prune_outbox() -> None:
    while outbox.prune(now()):
        pass


@shared_task(name="core.note_beat")
def note_beat() -> None:
    """Beat sent it and a worker runs it: both are alive."""
    alive.note("beat")
    alive.note("worker")
