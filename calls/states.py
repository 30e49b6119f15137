"""The lifecycles of one call attempt and of putting it through to a person: the whole truth in two pure tables.

`next_state` is asked by calls.services.transitions, the only writer of Call.state; `next_transfer` by
calls.services.transfers, the only writer of Call.transfer.
"""

from enum import StrEnum


class State(StrEnum):
    QUEUED = "queued"
    PREPARING = "preparing"  # a gateway slot is reserved and opens the voice
    DIALING = "dialing"  # committed before Originate is sent; never sent twice
    RINGING = "ringing"
    ANSWERED = "answered"
    TALKING = "talking"  # AudioSocket is connected
    ENDED = "ended"


class Signal(StrEnum):
    PREPARE = "prepare"
    VOICE_FAILED = "voice_failed"
    POSTPONE = "postpone"  # nothing was sent to the PBX: the gate says later, or the PBX is away
    DIAL = "dial"
    RING = "ring"
    ANSWER = "answer"
    MEDIA_UP = "media_up"
    END = "end"


class Outcome(StrEnum):
    COMPLETED = "completed"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    REJECTED = "rejected"
    UNREACHABLE = "unreachable"
    VOICEMAIL = "voicemail"
    DROPPED = "dropped"
    FAILED = "failed"
    BLOCKED = "blocked"
    CANCELLED = "cancelled"
    LOST = "lost"


TRANSITIONS: dict[State, dict[Signal, State]] = {
    State.QUEUED: {Signal.PREPARE: State.PREPARING, Signal.END: State.ENDED},
    State.PREPARING: {
        Signal.VOICE_FAILED: State.QUEUED,
        Signal.POSTPONE: State.QUEUED,
        Signal.DIAL: State.DIALING,
        Signal.END: State.ENDED,
    },
    State.DIALING: {
        Signal.RING: State.RINGING,
        Signal.ANSWER: State.ANSWERED,
        Signal.MEDIA_UP: State.TALKING,
        Signal.END: State.ENDED,
    },
    State.RINGING: {
        Signal.ANSWER: State.ANSWERED,
        Signal.MEDIA_UP: State.TALKING,
        Signal.END: State.ENDED,
    },
    State.ANSWERED: {Signal.MEDIA_UP: State.TALKING, Signal.END: State.ENDED},
    State.TALKING: {Signal.END: State.ENDED},
    State.ENDED: {},
}

LIVE = frozenset({State.PREPARING, State.DIALING, State.RINGING, State.ANSWERED, State.TALKING})
"""States that hold a line, a gateway slot and the callee's number."""

NOT_YET_DIALLED = frozenset({State.QUEUED, State.PREPARING})
"""States in which nothing was sent to the PBX."""

NOT_YET_ANSWERED = frozenset({State.DIALING, State.RINGING})
"""States in which the telephone rings, or is about to."""

AT_THE_PBX = frozenset({State.DIALING, State.RINGING, State.ANSWERED, State.TALKING})
"""States in which the PBX may know the call."""


def next_state(state: State, signal: Signal) -> State | None:
    """The state after `signal`, or None when the signal is late or out of place and must be ignored."""
    return TRANSITIONS[state].get(signal)


class Transfer(StrEnum):
    """Of a call that is talking: whether the callee is being put through to a person."""

    NONE = ""
    RINGING = "ringing"  # committed before the PBX is told; the person's telephone may ring
    ANSWERED = "answered"  # the two talk with each other, and the agent is out of it for good


class TransferSignal(StrEnum):
    START = "start"
    ANSWER = "answer"
    FAIL = "fail"  # nobody answered: the callee comes back to the agent


TRANSFERS: dict[Transfer, dict[TransferSignal, Transfer]] = {
    # An answer without a start: the PBX did what was taken for failed.
    Transfer.NONE: {TransferSignal.START: Transfer.RINGING, TransferSignal.ANSWER: Transfer.ANSWERED},
    Transfer.RINGING: {TransferSignal.ANSWER: Transfer.ANSWERED, TransferSignal.FAIL: Transfer.NONE},
    Transfer.ANSWERED: {},
}


def next_transfer(transfer: Transfer, signal: TransferSignal) -> Transfer | None:
    """The state after `signal`, or None when the signal is late or out of place and must be ignored."""
    return TRANSFERS[transfer].get(signal)
