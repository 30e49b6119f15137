"""The jobs by the names under which beat, the outbox and other apps queue them."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from celery import current_app

import analysis.tasks
import campaigns.tasks
from analysis.models import Verdict
from calls.states import Outcome, State
from campaigns.models import Report, Task
from opendeep.core.clock import now
from tests.factories import make_call, make_campaign, open_at_any_hour

pytestmark = pytest.mark.django_db

JOBS: list[Any] = [
    campaigns.tasks.dispatch_due,
    campaigns.tasks.write_report,
    campaigns.tasks.reports_due,
    analysis.tasks.judge_call,
    analysis.tasks.judge_due,
]


def test_jobs_have_the_names_by_which_they_are_queued() -> None:
    assert [job.name for job in JOBS] == [
        "campaigns.dispatch_due",
        "campaigns.write_report",
        "campaigns.reports_due",
        "analysis.judge_call",
        "analysis.judge_due",
    ]


def test_every_job_of_beat_exists() -> None:
    current_app.loader.import_default_modules()
    queued = {entry["task"] for entry in current_app.conf.beat_schedule.values()}
    assert queued <= set(current_app.tasks)


def test_what_is_due_is_dispatched() -> None:
    open_at_any_hour(make_campaign().organization)
    Task.objects.update(next_action_at=now())
    campaigns.tasks.dispatch_due()
    assert Task.objects.get().status == "in_progress"


@pytest.mark.parametrize("job", [campaigns.tasks.write_report, analysis.tasks.judge_call])
def test_jobs_about_what_is_gone_end_quietly(job: Callable[[str], Any]) -> None:
    job(str(uuid4()))


def test_sweeps_queue_what_has_no_job(monkeypatch: pytest.MonkeyPatch) -> None:
    queued: list[tuple[str, str]] = []
    for module in (campaigns.tasks, analysis.tasks):
        monkeypatch.setattr(module, "enqueue", lambda name, subject, expires_seconds: queued.append((name, subject)))
    at = now()
    report = Report.objects.create(campaign=make_campaign(), kind="so_far", created_at=at, next_try_at=at)
    call = make_call(State.ENDED, outcome=Outcome.BUSY)
    Verdict.objects.create(call=call, organization=call.organization, origin=call.origin, created_at=at, next_try_at=at)
    campaigns.tasks.reports_due()
    analysis.tasks.judge_due()
    assert queued == [("campaigns.write_report", str(report.pk)), ("analysis.judge_call", str(call.pk))]
