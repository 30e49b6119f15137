"""Celery's entry points of the core."""

from typing import Any

from celery import current_app, shared_task
from celery.signals import heartbeat_sent

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


@heartbeat_sent.connect
def note_queues(**_: Any) -> None:
    """The heartbeat of a worker, every two seconds: its jobs may all be waiting for the model, and yet it lives."""
    alive.note_served(current_app.amqp.queues.consume_from)
