"""What other apps exchange with `calls`: frozen values, no Django.

Facts that `calls` publishes by outbox: CALL_ENDED with the payload of CallEnded.to_payload(); those of the
questions to the owner are in calls/questions/contracts.py.
The in-call command bus (Redis Pub/Sub) carries Command on `command_channel(call_id)` and Ack on `ack_channel(call_id)`.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

CALL_ENDED = "calls.ended"


class CalleeKind(StrEnum):
    """Who or what is at the other end, as far as it is known. It may change during a call."""

    UNKNOWN = "unknown"
    PERSON = "person"
    VOICEMAIL = "voicemail"
    MENU = "menu"
    FAX = "fax"
    SILENCE = "silence"  # the line is open, and nobody has said a word


VoicemailPolicy = Literal["as_instructed", "hang_up", "leave_message", "try_again"]
"""What to do when a voicemail answers; hang_up and try_again differ in what becomes of the task."""


@dataclass(frozen=True, slots=True)
class Brief:
    """What the agent is told about one call. Everything in it is data to the model."""

    goal: str
    instructions: str
    opening: str
    on_behalf_of: str
    language: str = "en"
    result_fields: tuple[Mapping[str, Any], ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    first_speaker: Literal["agent", "callee"] = "agent"
    earlier: str = ""  # what was learned in earlier attempts
    voicemail: VoicemailPolicy = "as_instructed"

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "result_fields": [dict(f) for f in self.result_fields]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Brief":
        return cls(**{**data, "result_fields": tuple(data.get("result_fields", ()))})


@dataclass(frozen=True, slots=True)
class CallRequest:
    """A wish for one call attempt. `origin` may have one unfinished call at a time.

    `time_zone` counts alone only when it was told (`time_zone_told`); else all zones of the number do. `consent` says
    where and when the contact agreed to be called, empty when that is unknown.
    """

    organization_id: UUID
    origin: str
    group: str | None
    attempt: int
    number: str
    contact_name: str
    time_zone: str
    brief: Brief
    not_before: datetime
    time_zone_told: bool = False
    consent: str = ""


@dataclass(frozen=True, slots=True)
class CallGroupSpec:
    """The dialing policy of a batch; see calls.models.CallGroup."""

    key: str
    organization_id: UUID
    paused: bool = False
    not_before: datetime | None = None
    not_after: datetime | None = None
    max_concurrent_calls: int | None = None
    requires_consent: bool = False


@dataclass(frozen=True, slots=True)
class Callee:
    """Somebody who shall be called; `time_zone` and `consent` are empty when nobody told them."""

    number: str
    time_zone: str = ""
    consent: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why somebody can never be called: the gate's rule ("calling_hours": a matter of time), and words for people."""

    rule: str
    why: str


@dataclass(frozen=True, slots=True)
class TalkOrder:
    """What a gateway needs to hold one call."""

    call_id: UUID
    organization_id: UUID
    organization_name: str
    discloses_ai: bool
    contact_name: str
    time_zone: str
    brief: Brief
    max_seconds: int
    transcript: tuple["TurnView", ...] = ()
    records: bool = False
    transfer_ring_seconds: int = 0  # how long it may ring at the person callees are put through to; 0: there is none
    wide_band: bool = False  # 24 kHz sound on the line, else 8 kHz


@dataclass(frozen=True, slots=True)
class RecordingRecord:
    """A recording as the gateway knows it; written when it begins and again when its file is finished.

    `path` is below settings.RECORDINGS_ROOT; `dropped_ms` of `duration_ms` were lost to a slow disk or a fast clock.
    """

    path: str
    duration_ms: int = 0
    bytes: int = 0
    dropped_ms: int = 0


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """A turn as the gateway knows it; written again (by item_id) when it learns more.

    `started_ms`, `ended_ms` count from the answer; `heard_ms` is how much of an agent's item was played.
    """

    item_id: str
    position: int
    speaker: Literal["callee", "agent", "system"]
    text: str
    heard_text: str
    started_ms: int
    ended_ms: int | None = None
    heard_ms: int | None = None
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class TurnView:
    """A turn as others see it. `turn` is its place in the transcript, from 1."""

    turn: int
    speaker: str
    text: str
    heard_text: str
    started_ms: int
    ended_ms: int | None
    interrupted: bool


@dataclass(frozen=True, slots=True)
class EventView:
    at: datetime
    kind: str
    source: str
    from_state: str
    to_state: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DecisionView:
    """The latest word on whether and when a call is dialled.

    `decision` is allow, defer, deny (by a `rule` of the gate) or wait (for what `rule` names: line, gateway ...).
    `until` is when it is looked at again, for defer and wait.
    """

    decision: str
    rule: str
    why: str
    until: datetime | None
    at: datetime


@dataclass(frozen=True, slots=True)
class CallView:
    """A call as other apps see it."""

    id: UUID
    organization_id: UUID
    origin: str
    attempt: int
    number: str
    contact_name: str
    time_zone: str
    state: str
    outcome: str
    end_reason: str
    not_before: datetime
    created_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    hangup_cause: int | None
    hangup_cause_text: str
    sip_cause: str
    talk_ms: int
    cost_microcents: int
    figures: Mapping[str, Any]
    brief: Brief
    callee_kind: str = CalleeKind.UNKNOWN
    message_left: bool = False  # on a voicemail
    trunk_fault: bool = False  # it failed by the trunk, not by the callee


@dataclass(frozen=True, slots=True)
class LineOutage:
    """No call goes out, because every trunk is out of order. At `until` a few calls try again; `reason` in words."""

    since: datetime
    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """What the calls of a group came to. `outcomes` counts the ended ones."""

    calls: int
    talk_ms: int
    cost_microcents: int
    outcomes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class UsageRecord:
    """`source` is realtime or transcription; `item_id` the response or item that was billed, once.

    Kinds of `tokens`, none counted twice: input_text, input_audio (both without what was cached), cached_text,
    cached_audio, output_text, output_audio. `seconds` is for models that are billed by time.
    """

    source: Literal["realtime", "transcription"]
    item_id: str
    model: str
    tokens: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class CallEnded:
    call_id: UUID
    organization_id: UUID
    origin: str
    outcome: str
    ended_at: datetime

    def to_payload(self) -> dict[str, Any]:
        return {
            "call_id": str(self.call_id),
            "organization_id": str(self.organization_id),
            "origin": self.origin,
            "outcome": self.outcome,
            "ended_at": self.ended_at.isoformat(),
        }

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> "CallEnded":
        return cls(
            call_id=UUID(payload["call_id"]),
            organization_id=UUID(payload["organization_id"]),
            origin=payload["origin"],
            outcome=payload["outcome"],
            ended_at=datetime.fromisoformat(payload["ended_at"]),
        )


# --- The in-call command bus ----------------------------------------------------------------------


class CommandName(StrEnum):
    SEND_DTMF = "send_dtmf"  # args: digits
    END_CALL = "end_call"  # args: reason
    TRANSFER_CALL = "transfer_call"  # args: reason
    RESCHEDULE = "reschedule_call_trigger_analysis"  # args: when (ISO, aware), reason


COMMAND_PATTERN = "call_commands:*"
ACK_PATTERN = "call_acks:*"


def command_channel(call_id: UUID) -> str:
    return f"call_commands:{call_id}"


def ack_channel(call_id: UUID) -> str:
    return f"call_acks:{call_id}"


@dataclass(frozen=True, slots=True)
class Command:
    """An order of the agent. The same command_id is executed once, however often it is sent."""

    call_id: UUID
    name: CommandName
    args: Mapping[str, str]
    command_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def encode(self) -> str:
        return json.dumps(
            {
                "command_id": self.command_id,
                "call_id": str(self.call_id),
                "command": self.name,
                "args": dict(self.args),
            }
        )

    @classmethod
    def decode(cls, text: str) -> "Command":
        """Raises ValueError when `text` is no command."""
        try:
            data = json.loads(text)
            args = data["args"]
            if not all(isinstance(k, str) and isinstance(v, str) for k, v in args.items()):
                raise ValueError("args must be texts")
            return cls(UUID(data["call_id"]), CommandName(data["command"]), args, str(data["command_id"])[:64])
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a command: {error}") from error


@dataclass(frozen=True, slots=True)
class Ack:
    """callcontrol's answer. `error` says in words why a command was refused or failed."""

    command_id: str
    ok: bool
    error: str = ""

    def encode(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def decode(cls, text: str) -> "Ack":
        try:
            data = json.loads(text)
            return cls(str(data["command_id"]), bool(data["ok"]), str(data.get("error", "")))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not an acknowledgement: {error}") from error


# --- Gateways ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GatewayInfo:
    """A gateway's sign of life in Redis, key `opendeep:gateway:<id>`, JSON, expiring after GATEWAY_EXPIRES_SECONDS."""

    id: str
    address: str  # host:port for the PBX
    channel: str  # its channel-layer channel
    capacity: int
    load: int
    lags: bool = False  # its clock is late, so it offers no room

    def encode(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def decode(cls, text: str) -> "GatewayInfo":
        data = json.loads(text)
        return cls(
            str(data["id"]),
            str(data["address"]),
            str(data["channel"]),
            int(data["capacity"]),
            int(data["load"]),
            bool(data.get("lags")),
        )


GATEWAY_KEY_PREFIX = "opendeep:gateway:"
GATEWAY_EXPIRES_SECONDS = 6
# Messages to a gateway's channel: {"type": "voice.prepare", "calls": [str, ...]},
# {"type": "voice.release", "call_id": str}, {"type": "talk.stop", "call_id": str, "reason": str}; while a callee is
# being put through to a person, {"type": "transfer.answered", "call_id": str} when the two talk,
# {"type": "transfer.hung_up", "call_id": str} when the callee did not wait for that; and, as hints,
# {"type": "question.closed", "call_id": str} and the guess of the PBX, {"type": "callee.machine", "call_id": str} or
# {"type": "callee.human", "call_id": str}.
