from hypothesis import given
from hypothesis import strategies as st

from campaigns.states import (
    CAMPAIGN_TRANSITIONS,
    FINAL,
    TASK_TRANSITIONS,
    CampaignSignal,
    CampaignStatus,
    TaskSignal,
    TaskStatus,
    next_campaign_state,
    next_task_state,
)


@given(st.lists(st.sampled_from(list(TaskSignal)), max_size=30))
def test_no_order_of_signals_leads_out_of_a_final_status(signals: list[TaskSignal]) -> None:
    status = TaskStatus.PENDING
    for signal in signals:
        after = next_task_state(status, signal)
        if status in FINAL:
            assert after is None
        status = after or status


def test_every_task_can_come_to_an_end() -> None:
    reaches_end = set(FINAL)
    while True:
        more = {status for status, edges in TASK_TRANSITIONS.items() if reaches_end & set(edges.values())} - reaches_end
        if not more:
            break
        reaches_end |= more
    assert reaches_end == set(TaskStatus)


def test_a_call_starts_only_from_pending() -> None:
    assert [s for s in TaskStatus if next_task_state(s, TaskSignal.CLAIM)] == [TaskStatus.PENDING]


@given(st.lists(st.sampled_from(list(CampaignSignal)), max_size=10))
def test_an_ended_campaign_stays_ended(signals: list[CampaignSignal]) -> None:
    status = CampaignStatus.RUNNING
    ended: CampaignStatus | None = None
    for signal in signals:
        status = next_campaign_state(status, signal) or status
        if ended is None and not CAMPAIGN_TRANSITIONS[status]:
            ended = status
    assert ended is None or status == ended
