"""Celery's entry points."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from celery import current_app

from calls import tasks
from calls.states import State
from opendeep.core.clock import now
from tests.calls.conftest import make_gateway
from tests.factories import make_call, make_organization, open_at_any_hour

pytestmark = pytest.mark.django_db


def test_the_names_are_those_that_beat_and_others_use() -> None:
    names = {
        "calls.prepare_due",
        "calls.place_ready",
        "calls.place_ready_by",
        "calls.dial_due",
        "calls.end_overdue",
        "calls.delete_old_recordings",
    }
    assert names <= set(current_app.tasks)
    scheduled = {entry["task"] for entry in current_app.conf.beat_schedule.values()}
    assert {"calls.dial_due", "calls.end_overdue", "calls.delete_old_recordings"} <= scheduled


@pytest.mark.parametrize("sweep", [tasks.dial_due, tasks.prepare_due])
def test_a_due_call_is_found(sweep: Callable[[], None], redis_url: str) -> None:
    make_gateway()
    organization = make_organization()
    open_at_any_hour(organization)
    past = now() - timedelta(minutes=1)
    call = make_call(not_before=past, created_at=past, organization=organization)
    sweep()
    call.refresh_from_db()
    assert call.state == State.PREPARING


def test_an_overdue_call_is_found() -> None:
    call = make_call(State.PREPARING, deadline_at=now())
    tasks.end_overdue()
    call.refresh_from_db()
    assert call.state == State.QUEUED
