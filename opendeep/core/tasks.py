"""Celery's entry points of the core."""

from celery import shared_task

from opendeep.core import alive, outbox
from opendeep.core.clock import now
from opendeep.core.jobs import alone


@shared_task(name="core.deliver_outbox")
def deliver_outbox() -> None:
    with alone("core.deliver_outbox") as is_alone:
        while is_alone and outbox.deliver_pending():
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
