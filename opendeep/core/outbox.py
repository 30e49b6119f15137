"""Publishing and delivering facts between apps (see docs/architecture.md, "facts come up by outbox event")."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet

from opendeep.core.clock import now
from opendeep.core.jobs import kick_on_commit
from opendeep.core.models import OutboxEvent

log = structlog.get_logger(__name__)

Payload = Mapping[str, Any]
Handler = Callable[[Payload], None]
HandlerOfSeveral = Callable[[Sequence[Payload]], None]
_handlers: dict[str, list[Handler]] = {}
_handlers_of_several: dict[str, list[HandlerOfSeveral]] = {}

BATCH = 100
TOGETHER = 10
"""Facts that are delivered in one transaction."""
RETRY_AFTER = timedelta(seconds=5)
RETRY_AT_MOST = timedelta(minutes=10)
KEPT = timedelta(days=7)
"""So long a delivered fact stays, for whoever looks for a cause."""
PRUNED_AT_ONCE = 5_000


def subscribe(topic: str, handler: Handler) -> None:
    """Registers `handler(payload)` for `topic`. It must be idempotent: a fact may be delivered more than once.

    The handler runs inside the transaction that marks the fact, and others, as delivered to all their handlers.
    """
    handlers = _handlers.setdefault(topic, [])
    if handler not in handlers:
        handlers.append(handler)


def subscribe_to_several(topic: str, handler: HandlerOfSeveral) -> None:
    """Registers `handler(payloads)` for `topic`, whose facts then share a transaction. Otherwise as subscribe().

    For handlers that lock but one thing for each fact, all in one order.
    """
    handlers = _handlers_of_several.setdefault(topic, [])
    if handler not in handlers:
        handlers.append(handler)


def publish(topic: str, key: str, payload: Payload, at: datetime) -> None:
    """Writes the fact. Must be called in the transaction of the change that made it true."""
    if not connection.in_atomic_block:
        raise RuntimeError("A fact is published inside the transaction that makes it true.")
    OutboxEvent.objects.create(topic=topic, key=key, payload=dict(payload), created_at=at, next_try_at=at)
    kick_on_commit("core.deliver_outbox")


def deliver_pending(at: datetime | None = None) -> int:
    """Delivers what is due. Returns how many were delivered; others may have delivered more meanwhile."""
    at = at or now()
    topics = dict(_due(at).values_list("id", "topic")[:BATCH])
    return sum(_deliver(some, at) for some in _together(topics))


def _together(topics: Mapping[int, str]) -> Iterator[list[int]]:
    """Facts whose handlers lock much are delivered alone, so that nobody waits for locks of the one before."""
    light = [event_id for event_id, topic in topics.items() if topic in _handlers_of_several]
    yield from (light[n : n + TOGETHER] for n in range(0, len(light), TOGETHER))
    yield from ([event_id] for event_id, topic in topics.items() if topic not in _handlers_of_several)


def prune(at: datetime) -> int:
    """Deletes facts that were delivered long ago, some at a time. Returns how many; 0: none is left."""
    old = OutboxEvent.objects.filter(delivered_at__lt=at - KEPT).order_by("id")
    ids = list(old.values_list("id", flat=True)[:PRUNED_AT_ONCE])
    return OutboxEvent.objects.filter(id__in=ids).delete()[0]


def _due(at: datetime) -> QuerySet[OutboxEvent]:
    earlier = OutboxEvent.objects.filter(delivered_at=None, key=OuterRef("key"), id__lt=OuterRef("id"))
    return OutboxEvent.objects.filter(~Exists(earlier), delivered_at=None, next_try_at__lte=at).order_by("id")


def _deliver(event_ids: Sequence[int], at: datetime) -> int:
    """In one transaction; when a handler fails each in its own, so that the others are delivered all the same."""
    try:
        with transaction.atomic():
            return _hand_over(event_ids, at)
    except Exception as error:  # noqa: BLE001 - one poisoned fact must not stop the others; it is kept and tried again
        if len(event_ids) > 1:
            return sum(_deliver([event_id], at) for event_id in event_ids)
        log.exception("outbox_handler_failed", fact=event_ids[0])
        _postpone(event_ids[0], at, error)
    return 0


def _hand_over(event_ids: Sequence[int], at: datetime) -> int:
    rows = _due(at).filter(id__in=event_ids)
    if connection.features.has_select_for_update_skip_locked:
        rows = rows.select_for_update(skip_locked=True)
    events = list(rows)
    by_topic: dict[str, list[Payload]] = {}
    for event in events:
        by_topic.setdefault(event.topic, []).append(event.payload)
    for topic, payloads in by_topic.items():
        for handle_all in _handlers_of_several.get(topic, []):
            handle_all(payloads)
        for payload in payloads:
            for handle in _handlers.get(topic, []):
                handle(payload)
    OutboxEvent.objects.filter(id__in=[event.id for event in events]).update(delivered_at=at)
    return len(events)


def _postpone(event_id: int, at: datetime, error: Exception) -> None:
    with transaction.atomic():
        event = OutboxEvent.objects.get(id=event_id)
        event.tries += 1
        event.next_try_at = at + min(RETRY_AFTER * 2 ** min(event.tries, 10), RETRY_AT_MOST)
        event.last_error = f"{type(error).__name__}: {error}"[:500]
        event.save(update_fields=["tries", "next_try_at", "last_error"])
