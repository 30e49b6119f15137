"""A call whose job was lost is judged all the same: the sweep finds it."""

import pytest

from analysis.models import Verdict
from analysis.services.judge import note_calls_ended
from analysis.tasks import judge_call, judge_due
from calls.contracts import CallEnded
from calls.states import Outcome, State
from opendeep.celery import app
from opendeep.core.clock import now
from tests.factories import make_call

pytestmark = pytest.mark.django_db


def test_the_sweep_queues_whom_nobody_has_judged_and_nobody_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    queued: list[tuple[object, ...]] = []
    monkeypatch.setattr("analysis.tasks.enqueue", lambda *job, **_: queued.append(job))
    call = make_call(State.ENDED, outcome=Outcome.BUSY)
    note_calls_ended([CallEnded(call.pk, call.organization_id, call.origin, Outcome.BUSY, now())], now())
    judge_due()
    assert queued == [("analysis.judge_call", str(call.pk))]
    judge_call(str(call.pk))
    assert Verdict.objects.get().status == Verdict.Status.JUDGED
    judge_due()
    assert len(queued) == 1


def test_beat_sweeps_for_it() -> None:
    assert "analysis.judge_due" in {entry["task"] for entry in app.conf.beat_schedule.values()}
