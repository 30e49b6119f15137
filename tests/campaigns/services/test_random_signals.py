"""What happens to a campaign in any order, twice and late: through the real services, tasks and campaign stay true."""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from analysis.models import Verdict
from calls.contracts import CallEnded
from calls.endings import Ending
from calls.models import Call
from calls.services.endings import end
from calls.states import Outcome, State
from campaigns.models import Campaign, Report, Task, TaskEvent
from campaigns.planning.next_step import CALLBACKS_BEYOND_MAX_ATTEMPTS
from campaigns.services import control
from campaigns.services.advance import note_call_judged, note_calls_ended
from campaigns.services.dispatch import dispatch_due
from campaigns.states import CAMPAIGN_TRANSITIONS, FINAL, TASK_TRANSITIONS, CampaignStatus, TaskStatus
from opendeep.core.errors import Conflict
from tests.factories import NOW, make_campaign, make_verdict

OUTCOMES = sorted(set(Outcome))
PEOPLE = ("+12025550100", "+12025550104")


class Stage:
    """One campaign of two, and every call that it ever had. Facts may be told of any of them, at any time, again."""

    def __init__(self) -> None:
        self.campaign = make_campaign(*PEOPLE)
        self.at = NOW

    def calls(self) -> list[Call]:
        return list(Call.objects.order_by("created_at", "pk"))

    def act(self, name: str, pick: int, outcome: Outcome, hours: int) -> None:
        self.at += timedelta(hours=hours)
        calls = self.calls()
        call = calls[pick % len(calls)] if calls else None
        match name:
            case "dispatch":
                dispatch_due(self.at)
            case "pause" | "resume" | "cancel":
                with suppress(Conflict):
                    getattr(control, name)(self.campaign.pk, at=self.at)
            case _ if call is not None:
                TELL[name](call, outcome, self.at)


def end_call(call: Call, outcome: Outcome, at: datetime) -> None:
    end(call.pk, Ending(outcome, "It ended."), at=at, source="t")
    note_calls_ended([CallEnded(call.pk, call.organization_id, call.origin, outcome, at)], at)


def judge(call: Call, outcome: Outcome, at: datetime) -> None:
    """Also before the fact of its end has been told."""
    call.refresh_from_db()
    if call.state == State.ENDED and not Verdict.objects.filter(call_id=call.pk).exists():
        done = call.outcome == Outcome.COMPLETED
        make_verdict(call.pk, task_completed=done, next_call_needed=not done)
    note_call_judged(call.pk, call.origin, at)


def tell_the_end_again(call: Call, outcome: Outcome, at: datetime) -> None:
    if call.state == State.ENDED:
        note_calls_ended([CallEnded(call.pk, call.organization_id, call.origin, outcome, at)], at)


TELL: dict[str, Any] = {"end": end_call, "judge": judge, "end_again": tell_the_end_again}
ACTS = ("dispatch", "pause", "resume", "cancel", *TELL)
orders = st.lists(
    st.tuples(
        # Cancelling ends everything, so it must not come too early too often.
        st.sampled_from([*ACTS, "dispatch", "end", "judge", "dispatch", "end", "judge", "resume"]),
        st.integers(0, 5),
        st.sampled_from(OUTCOMES),
        st.sampled_from([0, 0, 1, 26]),
    ),
    max_size=20,
)


class AnyOrder(TestCase):
    @example(order=[(act, 0, Outcome.BUSY, 0) for act in ("dispatch", "end", "end_again", "judge", "judge")])
    @example(order=[(act, 0, Outcome.BUSY, 0) for act in ("dispatch", "cancel", "end", "judge", "resume")])
    @given(order=orders)
    @settings(max_examples=15, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
    def test_tasks_and_campaign_move_along_their_tables_and_end_once(
        self, order: list[tuple[str, int, Outcome, int]]
    ) -> None:
        stage = Stage()
        for step in order:
            before = statuses(stage.campaign.pk)
            stage.act(*step)
            check_step(before, statuses(stage.campaign.pk))
            check_rows(stage.campaign.pk)


Statuses = tuple[str, dict[UUID, str]]


def statuses(campaign_id: UUID) -> Statuses:
    return Campaign.objects.get(pk=campaign_id).status, dict(Task.objects.values_list("pk", "status"))


def check_step(before: Statuses, after: Statuses) -> None:
    moves = CAMPAIGN_TRANSITIONS[CampaignStatus(before[0])].values()
    assert after[0] == before[0] or CampaignStatus(after[0]) in moves
    for task, status in before[1].items():
        if status in FINAL:
            assert after[1][task] == status


def check_rows(campaign_id: UUID) -> None:
    campaign = Campaign.objects.get(pk=campaign_id)
    tasks = list(Task.objects.filter(campaign=campaign))
    all_final = all(task.status in FINAL for task in tasks)
    assert (campaign.status == CampaignStatus.FINISHED) <= all_final
    assert all_final <= (campaign.status in (CampaignStatus.FINISHED, CampaignStatus.CANCELLED))
    assert Report.objects.filter(kind=Report.Kind.FINAL).count() == all_final
    for task in tasks:
        check_task(task)


def check_task(task: Task) -> None:
    """Its events alone tell its path, along the table; it has one unfinished call at most, and not too many calls."""
    path: list[str] = [TaskStatus.PENDING]
    for source, target in (
        TaskEvent.objects.filter(task=task).exclude(to_status="").order_by("id").values_list("from_status", "to_status")
    ):
        assert source == path[-1]
        assert TaskStatus(target) in TASK_TRANSITIONS[TaskStatus(source)].values()
        path.append(target)
    assert path[-1] == task.status
    assert task.attempts == path.count(TaskStatus.IN_PROGRESS) <= task.max_attempts + CALLBACKS_BEYOND_MAX_ATTEMPTS
    mine = Call.objects.filter(origin__endswith=str(task.pk))
    assert mine.count() == task.attempts
    assert mine.exclude(state=State.ENDED).count() <= (task.status == TaskStatus.IN_PROGRESS)
