"""What dialing and dispatch ask about live calls does not read the ended ones, of which there are more every day."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.test.utils import CaptureQueriesContext

from calls.services import channels, overdue, talk
from calls.services.dialing import place_ready, prepare_due, use_free_lines
from calls.states import State
from campaigns.services.dispatch import dispatch_due
from tests.calls.conftest import make_gateway
from tests.calls.dialers import RecordingDialer
from tests.calls.steps import dial_call
from tests.factories import NOW, make_call, make_campaign, make_organization

pytestmark = pytest.mark.django_db

OF_AN_ORGANIZATION = "call_of_organization"
"""An index of all calls of an organization, ended or not."""


def plans_of(work: Callable[[], object]) -> list[tuple[str, str]]:
    """How the database finds the rows of calls for each query of `work`: (a line of the plan, query)."""
    with CaptureQueriesContext(connection) as captured:
        work()
    found = []
    for query in captured.captured_queries:
        sql = query["sql"]
        if "calls_call" in sql and sql.startswith(("SELECT", "UPDATE")):
            with connection.cursor() as cursor:
                found += [(line, sql) for line in explained(cursor, sql)]
    return found


def explained(cursor: CursorWrapper, sql: str) -> list[str]:
    if connection.vendor == "sqlite":
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        return [row[3] for row in cursor.fetchall()]
    cursor.execute("SET LOCAL enable_seqscan = off")  # these tables are so small that no index would be looked at
    cursor.execute(f"EXPLAIN {sql}")
    return [row[0] for row in cursor.fetchall()]


def reads_ended_calls(plan: str) -> bool:
    if connection.vendor == "postgresql":
        return "Seq Scan on calls_call" in plan
    words = plan.split()
    scans_all = words[0] == "SCAN" and words[1] == "calls_call" and "INDEX" not in words
    return scans_all or OF_AN_ORGANIZATION in words


def reserve_and_place() -> None:
    make_gateway()
    call = make_call(organization=make_organization(spending_cap_cents=100_000))
    dial_call(call.id, clock=lambda: NOW, dialer=RecordingDialer())
    assert talk.voice_ready(call.id, gateway_id="gateway-1", at=NOW)
    dialer = RecordingDialer()
    dial_call(call.id, clock=lambda: NOW, dialer=dialer)
    assert len(dialer.sent) == 1


def dispatch() -> None:
    make_campaign()
    assert dispatch_due(NOW) == 1


def sweep() -> None:
    make_call(State.TALKING, deadline_at=NOW)
    make_gateway()
    make_call(number="+12025550104")
    make_call(number="+12025550105", waits_for="line", not_before=NOW + timedelta(seconds=2))
    make_call(State.PREPARING, voice_ready_at=NOW, number="+12025550106")
    prepare_due(lambda: NOW)
    place_ready(lambda: NOW, dialer=RecordingDialer())
    use_free_lines(lambda: NOW)
    overdue.end_overdue(NOW)
    channels.gone([], dialled_before=NOW)


@pytest.mark.parametrize("work", [reserve_and_place, dispatch, sweep])
def test_no_query_of_the_engine_reads_the_calls_that_are_over(work: Callable[[], None], redis_url: str) -> None:
    plans = plans_of(work)
    assert plans
    assert [(plan, sql) for plan, sql in plans if reads_ended_calls(plan)] == []
