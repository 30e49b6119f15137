"""How a call ended: from what the PBX and the gateway said to an outcome. Pure.

Endings are told from the cause of the Hangup (Q.850, with the SIP status where it says more) and never from the
Reason of OriginateResponse, which is 0 for busy, rejected and unknown numbers alike on PJSIP trunks.
"""

from dataclasses import dataclass
from typing import Literal

from calls.states import Outcome

TalkOverCause = Literal[
    "agent_ended",
    "callee_hung_up",
    "connection_lost",
    "max_duration",
    "stopped",
    "voicemail",
    "fax",
    "on_hold",
    "silence",
    "transferred",
    "line_error",
    "voice_lost",
    "voice_refused",
    "voice_unknown",
    "voice_failed",
    "",
]


@dataclass(frozen=True, slots=True)
class Ending:
    outcome: Outcome
    reason: str  # in words
    trunk_fault: bool = False  # the trunk failed, and not the callee


@dataclass(frozen=True, slots=True)
class EndFacts:
    """What is known of a call that is over. `cause` is None when the PBX never told of a hangup.

    `rang`: the far end was heard of before any answer, by ringing or by early media.
    """

    answered: bool
    talked: bool
    rang: bool
    ring_timed_out: bool
    hang_up_requested: bool
    talk_over_cause: str = ""
    cause: int | None = None
    sip_status: int | None = None
    transferred: bool = False


BEFORE_THE_ANSWER: dict[int, Ending] = {
    1: Ending(Outcome.UNREACHABLE, "The number is not assigned."),
    2: Ending(Outcome.UNREACHABLE, "There is no route to the network of this number.", trunk_fault=True),
    3: Ending(Outcome.UNREACHABLE, "There is no route to this number."),
    17: Ending(Outcome.BUSY, "The line was busy."),
    18: Ending(Outcome.NO_ANSWER, "The telephone did not respond."),
    19: Ending(Outcome.NO_ANSWER, "Nobody answered."),
    20: Ending(Outcome.UNREACHABLE, "The telephone is switched off or out of reach."),
    21: Ending(Outcome.REJECTED, "The call was rejected."),
    22: Ending(Outcome.UNREACHABLE, "The number has changed."),
    27: Ending(Outcome.UNREACHABLE, "The destination is out of order."),
    28: Ending(Outcome.UNREACHABLE, "The number is incomplete or has a wrong format."),
    34: Ending(Outcome.UNREACHABLE, "No line was free.", trunk_fault=True),
    38: Ending(Outcome.UNREACHABLE, "The network is out of order.", trunk_fault=True),
    41: Ending(Outcome.UNREACHABLE, "The network had a temporary failure.", trunk_fault=True),
    42: Ending(Outcome.UNREACHABLE, "The network was congested.", trunk_fault=True),
    44: Ending(Outcome.UNREACHABLE, "The requested line was not available.", trunk_fault=True),
    47: Ending(Outcome.UNREACHABLE, "The network had no resources left.", trunk_fault=True),
    102: Ending(Outcome.UNREACHABLE, "The network did not answer in time.", trunk_fault=True),
}

UNTELLING = frozenset({0, 16, 26, 31, 127})
"""Causes that say only that the call is over; the SIP status or the circumstances tell more."""

SIP_TO_Q850: dict[int, int] = {
    401: 21,
    403: 21,
    404: 1,
    407: 21,
    408: 18,
    410: 22,
    480: 19,
    483: 19,
    484: 28,
    485: 1,
    486: 17,
    500: 38,
    502: 27,
    503: 34,
    504: 102,
    600: 17,
    603: 21,
    604: 1,
}

AFTER_THE_TALK: dict[str, Ending] = {
    "agent_ended": Ending(Outcome.COMPLETED, "The agent ended the call."),
    "callee_hung_up": Ending(Outcome.COMPLETED, "The callee hung up."),
    "max_duration": Ending(Outcome.COMPLETED, "The call reached its maximum length."),
    "voicemail": Ending(Outcome.VOICEMAIL, "A voicemail answered."),
    "fax": Ending(Outcome.UNREACHABLE, "A fax machine answered."),
    "on_hold": Ending(Outcome.NO_ANSWER, "Nobody came to the telephone: the call was on hold for too long."),
    "silence": Ending(Outcome.COMPLETED, "Nobody spoke any more."),
    "stopped": Ending(Outcome.COMPLETED, "The call was ended on request."),
    "connection_lost": Ending(Outcome.DROPPED, "The connection was lost during the talk."),
    "voice_lost": Ending(Outcome.DROPPED, "The connection to the model was lost and could not be had again."),
    "voice_unknown": Ending(Outcome.DROPPED, "The model's sound came in a format that cannot be played."),
    "voice_refused": Ending(Outcome.DROPPED, "The model refused to go on: check the account and its key."),
    "voice_failed": Ending(Outcome.DROPPED, "The model failed to answer again and again."),
    "line_error": Ending(Outcome.DROPPED, "What the PBX sent was no sound of a call."),
    "transferred": Ending(Outcome.COMPLETED, "The callee was put through to a person."),
}


UNHEARD = Ending(Outcome.UNREACHABLE, "Neither the trunk nor the telephone replied.", trunk_fault=True)
GAVE_UP = UNTELLING | {18, 19}
"""Causes with which the PBX ends a call of which it heard nothing; its own SIP status (480) says no more."""

LINE_FAILURES = frozenset({27, 38, 41, 44})
"""Causes after which a talk was cut off, although the gateway saw an orderly end of the audio."""


def classify(facts: EndFacts) -> Ending:
    """The outcome of a call that is over, and why in words."""
    if facts.talked:
        return _after_talk(facts)
    if facts.answered:
        return _answered_without_talk(facts)
    return _before_answer(facts)


def _after_talk(facts: EndFacts) -> Ending:
    if facts.transferred:
        return AFTER_THE_TALK["transferred"]
    if facts.talk_over_cause == "callee_hung_up" and facts.cause in LINE_FAILURES:
        return AFTER_THE_TALK["connection_lost"]
    known = AFTER_THE_TALK.get(facts.talk_over_cause)
    if known:
        return known
    if facts.talk_over_cause:
        return Ending(Outcome.DROPPED, f"The talk ended: {facts.talk_over_cause}.")
    return Ending(Outcome.DROPPED, "The voice was lost during the talk.")


def _answered_without_talk(facts: EndFacts) -> Ending:
    if facts.hang_up_requested:
        return Ending(Outcome.CANCELLED, "The call was ended on request before the talk began.")
    if facts.cause is None:
        return Ending(Outcome.LOST, "The call was lost after the answer, before the talk began.")
    if facts.cause in UNTELLING:
        return Ending(Outcome.DROPPED, "The callee hung up before the talk began.")
    return Ending(Outcome.FAILED, f"The voice could not be connected after the answer (cause {facts.cause}).")


OUR_ACCOUNT = frozenset({401, 407})
"""SIP statuses that speak of us, and not of the callee."""
FORBIDDEN = 403
"""By a telephone that rang: declined. Before that by a network on the way; of which one it is not told, so that it is
no fault of the trunk, which others use as well. Who declines without ringing says 603.
"""


def _before_answer(facts: EndFacts) -> Ending:
    if facts.cause is None:
        return Ending(Outcome.LOST, "The PBX does not know the call any more.")
    cause = facts.cause
    if facts.sip_status in OUR_ACCOUNT and not facts.rang and not facts.hang_up_requested:
        return Ending(Outcome.FAILED, "The trunk refused our account.", trunk_fault=True)
    if facts.sip_status == FORBIDDEN and not facts.rang and not facts.hang_up_requested:
        why = "The network refused the call before it rang: our caller id, our account or this number is not allowed."
        return Ending(Outcome.FAILED, why)
    if cause in GAVE_UP and facts.ring_timed_out and not facts.rang and not facts.hang_up_requested:
        return UNHEARD
    if cause in UNTELLING:
        cause = SIP_TO_Q850.get(facts.sip_status or 0, cause)
    if cause in BEFORE_THE_ANSWER:
        return BEFORE_THE_ANSWER[cause]
    return _untold(cause, facts)


def _untold(cause: int, facts: EndFacts) -> Ending:
    if facts.hang_up_requested:
        return Ending(Outcome.CANCELLED, "The call was ended on request before it was answered.")
    if cause in UNTELLING and facts.rang:
        return Ending(Outcome.NO_ANSWER, "Nobody answered.")
    return Ending(Outcome.FAILED, f"The call could not be placed (cause {cause}).")


ORIGINATE_REASONS: dict[int, Ending] = {
    3: BEFORE_THE_ANSWER[19],
    5: BEFORE_THE_ANSWER[17],
    8: BEFORE_THE_ANSWER[34],
}


def classify_unplaced(reason: int) -> Ending:
    """For a failed Originate that never made a channel: then its Reason is all there is."""
    return ORIGINATE_REASONS.get(reason, Ending(Outcome.FAILED, "The PBX could not place the call.", trunk_fault=True))
