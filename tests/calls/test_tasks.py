"""Celery's entry points."""

import uuid
from datetime import timedelta

import pytest
from celery import current_app

from calls import tasks
from calls.states import State
from opendeep.core.clock import now
from tests.factories import make_call

pytestmark = pytest.mark.django_db


def test_the_names_are_those_that_beat_and_others_use() -> None:
    names = {"calls.dial_call", "calls.dial_due", "calls.end_overdue", "calls.delete_old_recordings"}
    assert names <= set(current_app.tasks)
    scheduled = {entry["task"] for entry in current_app.conf.beat_schedule.values()}
    assert {"calls.dial_due", "calls.end_overdue", "calls.delete_old_recordings"} <= scheduled


def test_a_job_for_an_unknown_call_does_nothing() -> None:
    tasks.dial_call(str(uuid.uuid4()))


def test_a_due_call_is_found(jobs: list[tuple[str, ...]]) -> None:
    past = now() - timedelta(minutes=1)
    call = make_call(not_before=past, created_at=past)
    tasks.dial_due()
    assert jobs == [("calls.dial_call", str(call.id))]


def test_an_overdue_call_is_found() -> None:
    call = make_call(State.PREPARING, deadline_at=now())
    tasks.end_overdue()
    call.refresh_from_db()
    assert call.state == State.QUEUED
