"""The lifecycle of a question to the owner: the whole truth in one pure table.

`next_status` is asked by calls.questions.service, the only writer of Question.status.
"""

from enum import StrEnum


class QuestionStatus(StrEnum):
    OPEN = "open"  # the agent waits for it, with the callee on the line
    ANSWERED = "answered"  # in time
    EXPIRED = "expired"  # the agent waits no more, and promised to call back
    WITHDRAWN = "withdrawn"  # the call ended first
    ANSWERED_LATE = "answered_late"  # for another call
    DISMISSED = "dismissed"  # the owner goes on without, or nothing hangs on it any more


class QuestionSignal(StrEnum):
    ANSWER = "answer"
    EXPIRE = "expire"
    WITHDRAW = "withdraw"
    DISMISS = "dismiss"


Q, S = QuestionStatus, QuestionSignal

TRANSITIONS: dict[QuestionStatus, dict[QuestionSignal, QuestionStatus]] = {
    Q.OPEN: {S.ANSWER: Q.ANSWERED, S.EXPIRE: Q.EXPIRED, S.WITHDRAW: Q.WITHDRAWN, S.DISMISS: Q.DISMISSED},
    Q.EXPIRED: {S.ANSWER: Q.ANSWERED_LATE, S.DISMISS: Q.DISMISSED},
    Q.WITHDRAWN: {S.ANSWER: Q.ANSWERED_LATE, S.DISMISS: Q.DISMISSED},
    Q.ANSWERED: {},
    Q.ANSWERED_LATE: {},
    Q.DISMISSED: {},
}

UNANSWERED = frozenset({Q.EXPIRED, Q.WITHDRAWN})
"""The call went on or ended without the answer."""

WAITING = frozenset({Q.OPEN}) | UNANSWERED
"""The owner can still answer."""


def next_status(status: QuestionStatus, signal: QuestionSignal) -> QuestionStatus | None:
    """The status after `signal`, or None when the signal is late or out of place and must be ignored."""
    return TRANSITIONS[status].get(signal)
