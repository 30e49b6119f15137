"""What an AMI event says about a call of ours: a pure table.

Ours are the channels whose Uniqueid is a UUID, because the id of a call is also its ChannelId. All else is ignored.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from calls.asterisk.ami_codec import AmiMessage

CANONICAL_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

TRANSFER_CONTEXT = "opendeep-transfer"
"""Of the dialplan: puts the callee through to a person."""

STATE_RINGING = "5"
STATE_UP = "6"


@dataclass(frozen=True, slots=True)
class Appeared:
    call_id: UUID
    channel: str


@dataclass(frozen=True, slots=True)
class Ringing:
    call_id: UUID


@dataclass(frozen=True, slots=True)
class EarlyMedia:
    """Sound before any answer: an announcement, or the ringing tone of a foreign network."""

    call_id: UUID


@dataclass(frozen=True, slots=True)
class Answered:
    call_id: UUID


@dataclass(frozen=True, slots=True)
class HungUp:
    call_id: UUID
    cause: int
    text: str
    sip: str


@dataclass(frozen=True, slots=True)
class NotPlaced:
    """Originate failed. When it had made a channel, its HungUp says more."""

    call_id: UUID
    reason: int


@dataclass(frozen=True, slots=True)
class Vanished:
    """The PBX does not list the call, and never told of its end. Found by reconciliation, in no event."""

    call_id: UUID


@dataclass(frozen=True, slots=True)
class PersonAnswered:
    """The callee was put through to a person, and the two talk."""

    call_id: UUID


@dataclass(frozen=True, slots=True)
class PersonNotReached:
    """The callee goes back to the voice. `reason` is in words; `started_before` is set when it was seen afterwards."""

    call_id: UUID
    reason: str
    started_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Guessed:
    """Asterisk's answering machine detection has listened. `status` and `cause` are AMDSTATUS and AMDCAUSE."""

    call_id: UUID
    status: str
    cause: str


PbxNews = (
    Appeared
    | Ringing
    | EarlyMedia
    | Answered
    | HungUp
    | NotPlaced
    | Vanished
    | PersonAnswered
    | PersonNotReached
    | Guessed
)


def call_id_of(unique_id: str) -> UUID | None:
    return UUID(unique_id) if CANONICAL_UUID.fullmatch(unique_id) else None


def read(event: AmiMessage) -> PbxNews | None:
    """The news in `event`, or None when it has none for us."""
    reader = READERS.get(event.event)
    return reader(event) if reader else None


def _new_channel(event: AmiMessage) -> PbxNews | None:
    call_id = call_id_of(event.get("Uniqueid"))
    return Appeared(call_id, event.get("Channel")[:120]) if call_id else None


def state_of(channel: AmiMessage) -> PbxNews | None:
    """The news in an item of CoreShowChannels."""
    return _new_state(channel)


def _new_state(event: AmiMessage) -> PbxNews | None:
    call_id = call_id_of(event.get("Uniqueid"))
    if call_id is None:
        return None
    state = event.get("ChannelState")
    if state == STATE_RINGING:
        return Ringing(call_id)
    return Answered(call_id) if state == STATE_UP else None


def _dial_state(event: AmiMessage) -> PbxNews | None:
    call_id = call_id_of(event.get("DestUniqueid"))
    if call_id is None:
        return None
    match event.get("DialStatus"):
        case "RINGING":
            return Ringing(call_id)
        case "PROGRESS":
            return EarlyMedia(call_id)
    return None


def _dial_end(event: AmiMessage) -> PbxNews | None:
    if event.get("DialStatus") != "ANSWER":
        return None  # of the failures it tells only some apart; they are told by Hangup
    if caller := call_id_of(event.get("Uniqueid")):
        return PersonAnswered(caller)
    call_id = call_id_of(event.get("DestUniqueid"))
    return Answered(call_id) if call_id else None


def _user_event(event: AmiMessage) -> PbxNews | None:
    """What deploy/asterisk/extensions.conf tells."""
    reader = USER_EVENTS.get(event.get("UserEvent"))
    call_id = call_id_of(event.get("Uniqueid"))
    return reader(call_id, event) if reader and call_id else None


def _not_put_through(call_id: UUID, event: AmiMessage) -> PbxNews:
    return PersonNotReached(call_id, DIAL_STATUS_WORDS.get(event.get("Status"), "They could not be reached."))


def _guessed(call_id: UUID, event: AmiMessage) -> PbxNews | None:
    status = event.get("Status")
    return Guessed(call_id, status, event.get("Cause")[:40]) if status in AMD_STATUSES else None


def whereabouts_of(channel: AmiMessage, *, asked_at: datetime) -> PbxNews | None:
    """What an item of CoreShowChannels says about a callee who is being put through to a person."""
    call_id = call_id_of(channel.get("Uniqueid"))
    if call_id is None:
        return None
    if channel.get("Context") == TRANSFER_CONTEXT:
        return PersonAnswered(call_id) if channel.get("BridgeId") else None
    return PersonNotReached(call_id, "They could not be reached.", started_before=asked_at)


def _originate_response(event: AmiMessage) -> PbxNews | None:
    call_id = call_id_of(event.get("Uniqueid"))
    if call_id is None or event.get("Response") != "Failure":
        return None
    return NotPlaced(call_id, _number(event.get("Reason")))


def _hangup(event: AmiMessage) -> PbxNews | None:
    call_id = call_id_of(event.get("Uniqueid"))
    if call_id is None:
        return None
    return HungUp(call_id, _number(event.get("Cause")), event.get("Cause-txt"), event.get("TechCause"))


def _number(text: str) -> int:
    """A cause is at most 127; 0 stands for one that cannot be read."""
    return int(text) if re.fullmatch(r"[0-9]{1,3}", text) else 0


DIAL_STATUS_WORDS = {
    "BUSY": "Their line was busy.",
    "NOANSWER": "They did not answer.",
    "CONGESTION": "No line was free.",
    "CHANUNAVAIL": "The number could not be dialled.",
}

AMD_STATUSES = frozenset({"MACHINE", "HUMAN", "NOTSURE", "HANGUP"})

USER_EVENTS: dict[str, Callable[[UUID, AmiMessage], PbxNews | None]] = {
    "OpenDeepTransfer": _not_put_through,
    "OpenDeepAMD": _guessed,
}

READERS: dict[str, Callable[[AmiMessage], PbxNews | None]] = {
    "Newchannel": _new_channel,
    "Newstate": _new_state,
    "DialState": _dial_state,
    "DialEnd": _dial_end,
    "OriginateResponse": _originate_response,
    "Hangup": _hangup,
    "UserEvent": _user_event,
}
