"""Facts reach their handlers at least once, and a failing handler loses nothing."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from opendeep.core import outbox
from opendeep.core.models import OutboxEvent

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def received() -> Iterator[list[Mapping[str, Any]]]:
    seen: list[Mapping[str, Any]] = []
    outbox.subscribe("test.topic", seen.append)
    yield seen
    outbox._handlers.pop("test.topic")


def publish(number: int) -> None:
    with transaction.atomic():
        outbox.publish("test.topic", f"key {number}", {"number": number}, NOW)


def test_every_fact_is_delivered_once_and_in_order(received: list[Mapping[str, Any]]) -> None:
    publish(1)
    publish(2)
    assert outbox.deliver_pending(NOW) == 2
    assert outbox.deliver_pending(NOW) == 0
    assert [payload["number"] for payload in received] == [1, 2]


def test_a_fact_that_another_process_has_delivered_meanwhile_is_not_delivered_again(
    received: list[Mapping[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(1)
    together = outbox._together

    def slowly(topics: Mapping[int, str]) -> Iterator[list[int]]:
        monkeypatch.setattr(outbox, "_together", together)
        assert outbox.deliver_pending(NOW) == 1
        return together(topics)

    monkeypatch.setattr(outbox, "_together", slowly)
    assert outbox.deliver_pending(NOW) == 0
    assert len(received) == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_who_deliver_at_the_same_moment_one_does() -> None:
    handled: list[Mapping[str, Any]] = []
    both = threading.Barrier(2)

    def slowly(payload: Mapping[str, Any]) -> None:
        handled.append(payload)
        with suppress(threading.BrokenBarrierError):  # good: the other one has nothing to do
            both.wait(0.3)

    def deliver() -> None:
        outbox.deliver_pending(NOW)
        connection.close()

    outbox.subscribe("test.slow", slowly)
    with transaction.atomic():
        outbox.publish("test.slow", "key", {}, NOW)
    deliverers = [threading.Thread(target=deliver) for _ in range(2)]
    for deliverer in deliverers:
        deliverer.start()
    for deliverer in deliverers:
        deliverer.join()
    outbox._handlers.pop("test.slow")
    assert len(handled) == 1


@pytest.mark.django_db(transaction=True)
def test_a_fact_outside_a_transaction_is_refused() -> None:
    with pytest.raises(RuntimeError, match="inside the transaction"):
        outbox.publish("test.topic", "key", {}, NOW)


def test_a_fact_of_a_change_that_was_rolled_back_does_not_exist(received: list[Mapping[str, Any]]) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        outbox.publish("test.topic", "key", {}, NOW)
        raise ZeroDivisionError
    assert outbox.deliver_pending(NOW) == 0


def test_a_failing_handler_is_tried_again_later_and_what_it_wrote_is_undone() -> None:
    def fails(payload: Mapping[str, Any]) -> None:
        OutboxEvent.objects.create(topic="left.over", key="k", payload={}, created_at=NOW, next_try_at=NOW)
        raise ValueError("not today")

    outbox.subscribe("test.failing", fails)
    with transaction.atomic():
        outbox.publish("test.failing", "key", {}, NOW)
    assert outbox.deliver_pending(NOW) == 0
    event = OutboxEvent.objects.get()
    assert (event.tries, event.last_error) == (1, "ValueError: not today")
    assert event.next_try_at > NOW
    outbox._handlers["test.failing"] = []
    assert outbox.deliver_pending(NOW + timedelta(minutes=1)) == 1


def test_a_fact_that_cannot_be_handled_keeps_none_of_those_beside_it() -> None:
    handled: list[int] = []

    def fails_for_two(payloads: Sequence[Mapping[str, Any]]) -> None:
        numbers = [payload["number"] for payload in payloads]
        if 2 in numbers:
            raise ValueError("not this one")
        handled.extend(numbers)

    outbox.subscribe_to_several("test.one_poisoned", fails_for_two)
    with transaction.atomic():
        for number in range(4):
            outbox.publish("test.one_poisoned", f"key{number}", {"number": number}, NOW)
    assert outbox.deliver_pending(NOW) == 3
    assert set(handled) == {0, 1, 3}
    assert OutboxEvent.objects.get(delivered_at=None).payload == {"number": 2}


@pytest.mark.parametrize(("together", "transactions"), [(True, 1), (False, 3)])
def test_only_facts_whose_handlers_lock_little_share_a_transaction(together: bool, transactions: int) -> None:
    topic = f"test.shares_{together}"
    subscribe = outbox.subscribe_to_several if together else outbox.subscribe
    subscribe(topic, lambda _: None)
    with transaction.atomic():
        for number in range(3):
            outbox.publish(topic, f"key{number}", {}, NOW)
    with CaptureQueriesContext(connection) as captured:
        assert outbox.deliver_pending(NOW) == 3
    assert sum(query["sql"].startswith("UPDATE") for query in captured) == transactions


def test_a_fact_waits_for_the_earlier_ones_of_its_key(received: list[Mapping[str, Any]]) -> None:
    def fails(payload: Mapping[str, Any]) -> None:
        raise ValueError

    outbox._handlers["test.first"] = [fails]
    with transaction.atomic():
        outbox.publish("test.first", "call-1", {}, NOW)
        outbox.publish("test.topic", "call-1", {"number": 1}, NOW)
    outbox.deliver_pending(NOW)
    outbox.deliver_pending(NOW)
    assert received == []
    outbox._handlers.pop("test.first")
    outbox.deliver_pending(NOW + timedelta(minutes=1))
    outbox.deliver_pending(NOW + timedelta(minutes=1))
    assert len(received) == 1


def test_one_poisoned_fact_does_not_stop_the_others(received: list[Mapping[str, Any]]) -> None:
    def fails(payload: Mapping[str, Any]) -> None:
        raise ValueError

    outbox._handlers["test.poison"] = [fails]
    with transaction.atomic():
        outbox.publish("test.poison", "one", {}, NOW)
        outbox.publish("test.topic", "other", {"number": 1}, NOW)
    outbox.deliver_pending(NOW)
    assert len(received) == 1
    outbox._handlers.pop("test.poison")


def test_facts_delivered_long_ago_are_deleted_and_no_others(
    received: list[Mapping[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "PRUNED_AT_ONCE", 2)
    for number in range(4):
        publish(number)
    outbox.deliver_pending(NOW)
    publish(9)
    OutboxEvent.objects.filter(key="key 3").update(delivered_at=NOW + timedelta(days=2))

    long_after = NOW + outbox.KEPT + timedelta(days=1)
    assert [outbox.prune(long_after) for _ in range(3)] == [2, 1, 0]
    assert set(OutboxEvent.objects.values_list("key", flat=True)) == {"key 3", "key 9"}
