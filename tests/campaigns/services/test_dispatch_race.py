"""Two dispatchers at once, with connections of their own, on a database file or a server."""

import threading
from collections import Counter

import pytest
from django.db import connection
from pytest_django.fixtures import Settings

from calls.models import Call
from campaigns.models import Task
from campaigns.services.dispatch import dispatch_due
from tests.factories import NOW, make_campaign, make_organization, make_user

DISPATCHERS = 3
TASKS = 30


@pytest.mark.django_db(transaction=True)
def test_dispatchers_at_once_claim_each_task_once(settings: Settings, jobs: list[str]) -> None:
    settings.MAX_CONCURRENT_CALLS = 1000
    organization = make_organization(max_concurrent_calls=1000)
    for first in (0, 50):
        make_campaign(*(f"+1202555{first + n:04d}" for n in range(TASKS // 2)), user=make_user(organization))
    start = threading.Barrier(DISPATCHERS)
    counts: list[int] = []

    def dispatch() -> None:
        try:
            start.wait(10)
            counts.append(dispatch_due(NOW))
        finally:
            connection.close()

    threads = [threading.Thread(target=dispatch) for _ in range(DISPATCHERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(counts) == DISPATCHERS, "a dispatcher broke off"
    rest = dispatch_due(NOW)  # what both left to each other
    assert sum(counts) + rest == TASKS
    assert Counter(Task.objects.values_list("status", "attempts")) == {("in_progress", 1): TASKS}
    assert Call.objects.values("origin").distinct().count() == Call.objects.count() == TASKS
