"""Two who change the same rows wait for each other, never in a circle. Only PostgreSQL could: SQLite has one writer."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from calls.contracts import CallGroupSpec
from calls.models import Call, DoNotCall
from calls.services import decisions, waiting
from calls.services.dialing import use_free_lines
from calls.services.do_not_call import import_do_not_call
from calls.services.do_not_call_file import Entry
from calls.services.groups import put_group
from calls.services.policy import look_again
from calls.services.preparing import prepare
from calls.states import Outcome
from tests.factories import NOW, make_call, make_group, make_organization

pytestmark = pytest.mark.django_db(transaction=True)

BLOCKED = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
PATIENCE_S = 10.0


def until_another_waits() -> None:
    """Until some other transaction waits for a lock."""
    ends = time.monotonic() + PATIENCE_S
    while connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")  # within a transaction it would stay the same
            cursor.execute(BLOCKED)
            if cursor.fetchone()[0]:
                return
        assert time.monotonic() < ends, "nobody waits for what is held here"


class Meanwhile:
    """Work in a thread and a connection of its own."""

    def __init__(self, work: Callable[[], object]) -> None:
        self.error: Exception | None = None
        self._work = work
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        self._thread.start()

    def _run(self) -> None:
        try:
            self._work()
        except Exception as error:  # noqa: BLE001 - raised again by over()
            self.error = error
        finally:
            connection.close()

    def over(self) -> None:
        self._thread.join()
        if self.error is not None:
            raise self.error


@contextmanager
def beginning_in(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, other: Meanwhile, on: int) -> Iterator[None]:
    """`other` begins when `module.name` is called for the `on`-th time, which goes on when `other` waits."""
    plain, calls = getattr(module, name), iter(range(1, 1000))

    def with_other(*args: Any, **kwargs: Any) -> Any:
        if next(calls) == on:
            other.start()
            until_another_waits()
        return plain(*args, **kwargs)

    monkeypatch.setattr(module, name, with_other)
    yield
    other.over()


def calls_in_the_wrong_order(**fields: Any) -> list[Call]:
    """The later an id, the earlier the row was written and is due: whoever goes through the table meets it first."""
    ids = sorted((uuid.uuid4() for _ in range(20)), reverse=True)
    return [
        make_call(
            id=call_id,
            number=f"+120255501{number:02}",
            not_before=NOW + timedelta(hours=1, minutes=number),
            **fields,
        )
        for number, call_id in enumerate(ids)
    ]


@pytest.mark.parametrize("waker", ["group", "organization"])
def test_many_who_are_woken_and_many_who_said_no(monkeypatch: pytest.MonkeyPatch, waker: str) -> None:
    organization = make_organization()
    group = make_group(organization)
    rule = "campaign_paused" if waker == "group" else "organization_paused"
    calls = calls_in_the_wrong_order(organization=organization, group=group, waits_for=rule)
    spec = CallGroupSpec(key=group.key, organization_id=organization.pk)
    wakes: dict[str, Callable[[], object]] = {
        "group": lambda: put_group(spec),
        "organization": lambda: look_again(organization.pk, at=NOW),
    }
    other = Meanwhile(wakes[waker])
    entries = [Entry(call.number, "") for call in calls]
    with beginning_in(monkeypatch, decisions, "keep", other, on=2):
        import_do_not_call(organization.pk, entries, source="import", at=NOW)
    assert DoNotCall.objects.count() == len(calls)
    assert set(Call.objects.values_list("outcome", flat=True)) == {Outcome.BLOCKED}


def test_calls_that_get_a_free_line_while_they_are_prepared(monkeypatch: pytest.MonkeyPatch, redis_url: str) -> None:
    organization = make_organization(max_concurrent_calls=0)
    calls = calls_in_the_wrong_order(organization=organization, waits_for="line")
    when_all_are_due = NOW + timedelta(hours=2)
    other = Meanwhile(lambda: use_free_lines(lambda: NOW))
    with beginning_in(monkeypatch, waiting, "until", other, on=2):
        prepare([call.id for call in calls], when_all_are_due)
    assert set(Call.objects.values_list("state", "waits_for")) == {("queued", "line")}
