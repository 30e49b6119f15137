"""The lifecycles of a task and of a campaign: the whole truth in two pure tables.

campaigns.services.transitions asks `next_task_state` and `next_campaign_state`, and is the only writer of both columns.
"""

from enum import StrEnum


class TaskStatus(StrEnum):
    PENDING = "pending"  # due at next_action_at
    IN_PROGRESS = "in_progress"  # has an unfinished call
    PENDING_ANALYSIS = "pending_analysis"  # its call ended and is being judged
    PENDING_USER_INFO = "pending_user_info"  # waits for its owner
    ON_HOLD = "on_hold"
    COMPLETED = "completed"
    FAILED_CONCLUSIVE = "failed_conclusive"
    CANCELLED = "cancelled"


class TaskSignal(StrEnum):
    CLAIM = "claim"
    CALL_ENDED = "call_ended"
    COMPLETE = "complete"
    FAIL = "fail"
    TRY_AGAIN = "try_again"
    ASK_OWNER = "ask_owner"
    OWNER_ANSWERED = "owner_answered"
    HOLD = "hold"
    RELEASE = "release"
    CANCEL = "cancel"


T, S = TaskStatus, TaskSignal

TASK_TRANSITIONS: dict[TaskStatus, dict[TaskSignal, TaskStatus]] = {
    T.PENDING: {
        S.CLAIM: T.IN_PROGRESS,
        S.HOLD: T.ON_HOLD,
        S.FAIL: T.FAILED_CONCLUSIVE,
        S.CANCEL: T.CANCELLED,
    },
    T.IN_PROGRESS: {S.CALL_ENDED: T.PENDING_ANALYSIS},
    T.PENDING_ANALYSIS: {
        S.COMPLETE: T.COMPLETED,
        S.FAIL: T.FAILED_CONCLUSIVE,
        S.TRY_AGAIN: T.PENDING,
        S.ASK_OWNER: T.PENDING_USER_INFO,
        S.CANCEL: T.CANCELLED,
    },
    T.PENDING_USER_INFO: {S.OWNER_ANSWERED: T.PENDING, S.FAIL: T.FAILED_CONCLUSIVE, S.CANCEL: T.CANCELLED},
    T.ON_HOLD: {S.RELEASE: T.PENDING, S.FAIL: T.FAILED_CONCLUSIVE, S.CANCEL: T.CANCELLED},
    T.COMPLETED: {},
    T.FAILED_CONCLUSIVE: {},
    T.CANCELLED: {},
}

FINAL = frozenset(status for status, edges in TASK_TRANSITIONS.items() if not edges)


class CampaignStatus(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"  # every task is final
    CANCELLED = "cancelled"


class CampaignSignal(StrEnum):
    PAUSE = "pause"
    RESUME = "resume"
    FINISH = "finish"
    CANCEL = "cancel"


C, K = CampaignStatus, CampaignSignal

CAMPAIGN_TRANSITIONS: dict[CampaignStatus, dict[CampaignSignal, CampaignStatus]] = {
    C.RUNNING: {K.PAUSE: C.PAUSED, K.FINISH: C.FINISHED, K.CANCEL: C.CANCELLED},
    C.PAUSED: {K.RESUME: C.RUNNING, K.FINISH: C.FINISHED, K.CANCEL: C.CANCELLED},
    C.FINISHED: {},
    C.CANCELLED: {},
}


def next_task_state(status: TaskStatus, signal: TaskSignal) -> TaskStatus | None:
    """The status after `signal`, or None when the signal is late or out of place and must be ignored."""
    return TASK_TRANSITIONS[status].get(signal)


def next_campaign_state(status: CampaignStatus, signal: CampaignSignal) -> CampaignStatus | None:
    return CAMPAIGN_TRANSITIONS[status].get(signal)
