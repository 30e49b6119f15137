"""What happens at once: threads with connections of their own, on a database file or a server."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

import pytest
from django.db import connection
from pytest_django.fixtures import Settings

from calls.contracts import CallEnded, CallRequest
from calls.facade import request_calls
from calls.models import Call
from campaigns.keys import task_origin
from campaigns.models import Campaign, Report, Task
from campaigns.services import claims, control, launch
from campaigns.services.advance import note_call_judged, note_calls_ended
from campaigns.services.claims import claim_due
from campaigns.services.dispatch import dispatch_due
from campaigns.services.finishing import finish_if_done
from campaigns.services.transitions import move_tasks
from opendeep.core.errors import Conflict
from tests.factories import (
    NOW,
    make_called_task,
    make_campaign,
    make_conversation,
    make_organization,
    make_user,
    make_verdict,
    plan_data,
)
from tests.openai_server import OpenAIServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("jobs")]

T = TypeVar("T")
TASKS = 30


def at_once(*acts: Callable[[], T]) -> list[T]:
    """Runs all of `acts` in threads that start together; what one of them raises is raised here."""
    start = threading.Barrier(len(acts))
    results: list[T] = []
    errors: list[BaseException] = []

    def run(act: Callable[[], T]) -> None:
        try:
            connection.ensure_connection()  # or the threads would start one after the other
            start.wait(10)
            results.append(act())
        except BaseException as error:  # noqa: BLE001 - handed to the test
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if errors:
        raise errors[0]
    assert len(results) == len(acts)
    return results


def numbers(count: int, first: int = 0) -> list[str]:
    return [f"+1202555{first + n:04d}" for n in range(count)]


@pytest.fixture
def many_lines(settings: Settings) -> None:
    settings.MAX_CONCURRENT_CALLS = settings.TRUNK_LINES = 1000


@pytest.mark.usefixtures("many_lines")
def test_dispatchers_at_once_claim_each_task_once() -> None:
    organization = make_organization(max_concurrent_calls=1000)
    for first in (0, 50):
        make_campaign(*numbers(TASKS // 2, first), user=make_user(organization))
    counts = at_once(*[lambda: dispatch_due(NOW)] * 3)
    rest = dispatch_due(NOW)  # what they left to each other
    assert sum(counts) + rest == TASKS
    assert Counter(Task.objects.values_list("status", "attempts")) == {("in_progress", 1): TASKS}
    assert Call.objects.values("origin").distinct().count() == Call.objects.count() == TASKS


def test_a_dispatcher_leaves_a_campaign_to_another_one_who_is_at_it(monkeypatch: pytest.MonkeyPatch) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    campaign = make_campaign(*numbers(3))
    is_at_it, has_left = threading.Event(), threading.Event()

    def slowly(requests: Sequence[CallRequest], *, at: datetime) -> list[UUID]:
        is_at_it.set()
        assert has_left.wait(10)
        return request_calls(requests, at=at)

    def another() -> int:
        assert is_at_it.wait(10)
        claimed = claim_due({campaign.pk: 3}, NOW)[campaign.pk].claimed
        has_left.set()
        return claimed

    monkeypatch.setattr(claims, "request_calls", slowly)
    counts = at_once(lambda: claim_due({campaign.pk: 3}, NOW)[campaign.pk].claimed, another)
    assert sorted(counts) == [0, 3]


@pytest.mark.usefixtures("many_lines")
def test_a_campaign_that_is_cancelled_while_claims_run_leaves_no_call_behind() -> None:
    organization = make_organization(max_concurrent_calls=1000)
    campaign = make_campaign(*numbers(TASKS), user=make_user(organization))
    at_once(lambda: dispatch_due(NOW), lambda: control.cancel(campaign.pk, at=NOW))
    assert dispatch_due(NOW) == 0
    assert set(Task.objects.values_list("status", flat=True)) <= {"in_progress", "cancelled"}
    claimed = Task.objects.filter(status="in_progress").values_list("current_call_id", flat=True)
    assert set(Call.objects.values_list("pk", flat=True)) == set(claimed)
    assert set(Call.objects.values_list("state", "outcome")) <= {("ended", "cancelled")}


def test_the_last_two_tasks_at_once_finish_the_campaign_once(monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = make_campaign(*numbers(2))
    Task.objects.update(status="on_hold")
    judged = []
    for task_id in Task.objects.values_list("pk", flat=True):
        Task.objects.filter(pk=task_id).update(status="pending")
        task = make_called_task(campaign=campaign)
        assert task.current_call_id is not None
        make_verdict(task.current_call_id, task_completed=True)
        judged.append(partial(note_call_judged, task.current_call_id, task_origin(task.pk), NOW))
    both_looked = threading.Barrier(2)

    def look_before_the_other_commits(campaign: Campaign, at: datetime) -> bool:
        done = finish_if_done(campaign, at)
        with suppress(threading.BrokenBarrierError):  # good: the other one may not even look yet
            both_looked.wait(0.3)
        return done

    monkeypatch.setattr("campaigns.services.advance.finish_if_done", look_before_the_other_commits)
    at_once(*judged)
    campaign.refresh_from_db()
    assert campaign.status == "finished"
    assert Report.objects.count() == 1


def test_the_end_of_a_call_that_is_told_twice_at_once_is_one_event(monkeypatch: pytest.MonkeyPatch) -> None:
    task = make_called_task(status="in_progress")
    assert task.current_call_id is not None
    fact = CallEnded(task.current_call_id, task.organization_id, task_origin(task.pk), "busy", NOW)
    both_looked = threading.Barrier(2)

    def look_before_the_other_commits(*args: Any, **details: Any) -> None:
        with suppress(threading.BrokenBarrierError):  # good: the other one may not even look yet
            both_looked.wait(0.3)
        move_tasks(*args, **details)

    monkeypatch.setattr("campaigns.services.advance.move_tasks", look_before_the_other_commits)
    at_once(*[lambda: note_calls_ended([fact], NOW)] * 2)
    assert [event.kind for event in task.events.all()] == ["call_ended"]


def test_confirming_twice_at_once_makes_one_campaign(openai_server: OpenAIServer) -> None:
    user, plan = make_user(), plan_data(*numbers(3))
    conversation = make_conversation(user, plan)
    results = at_once(*[lambda: launch.execute(conversation, plan, user, at=NOW)] * 3)
    assert len({result.campaign_id for result in results}) == 1
    assert sorted(result.created for result in results) == [False, False, True]
    assert {result.task_count for result in results} == {3}
    assert Campaign.objects.count() == 1
    assert Task.objects.count() == 3


def test_cancelling_twice_at_once_is_one_end() -> None:
    campaign = make_campaign(*numbers(2))

    def cancel() -> str:
        try:
            return control.cancel(campaign.pk, at=NOW).status
        except Conflict as error:
            return error.code

    assert at_once(cancel, cancel) == ["cancelled", "cancelled"]
    assert Report.objects.count() == 1
    assert Task.objects.filter(events__kind="cancel").count() == 2
