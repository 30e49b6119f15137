"""What a Realtime session tells, in neutral words: the rest of the gateway knows only these."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SessionCreated:
    """`expires_at` is in seconds since the epoch, by the server's clock; 0 when it does not say."""

    expires_at: int = 0


@dataclass(frozen=True, slots=True)
class SessionUpdated:
    """The configuration is in force; the formats are those that the other side will really use."""

    input_format: str
    output_format: str


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """`audio_start_ms` counts the audio that was sent to the session, padding included."""

    item_id: str
    audio_start_ms: int


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """`audio_end_ms` counts the audio that was sent to the session, the silence that ended the turn included."""

    item_id: str
    audio_end_ms: int


@dataclass(frozen=True, slots=True)
class AudioCommitted:
    item_id: str
    previous_item_id: str | None


@dataclass(frozen=True, slots=True)
class ItemAdded:
    """`role` is user, assistant, system, or "" for an item that nobody says (a tool call or its output)."""

    item_id: str
    previous_item_id: str | None
    role: str


@dataclass(frozen=True, slots=True)
class CalleeTranscript:
    """What the callee said, whole. `tokens` or `seconds` are what the transcription is billed by."""

    item_id: str
    text: str
    tokens: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class CalleeTranscriptFailed:
    item_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class ResponseCreated:
    response_id: str


@dataclass(frozen=True, slots=True)
class ResponseDone:
    """`status` is completed, cancelled, failed or incomplete; `tokens` see openai_codec.token_counts."""

    response_id: str
    status: str
    reason: str
    error_code: str
    tokens: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AgentAudio:
    response_id: str
    item_id: str
    audio: bytes


@dataclass(frozen=True, slots=True)
class AgentAudioDone:
    response_id: str
    item_id: str


@dataclass(frozen=True, slots=True)
class AgentWords:
    """A piece of what the agent is saying."""

    item_id: str
    delta: str


@dataclass(frozen=True, slots=True)
class AgentTranscript:
    """All that the agent said or was going to say in an item."""

    item_id: str
    text: str


@dataclass(frozen=True, slots=True)
class ToolCalled:
    """`arguments` is text as the model wrote it: it may be no JSON at all."""

    response_id: str
    item_id: str
    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ServerError:
    """`event_id` is that of the client event that was wrong, or "" where none is named."""

    code: str
    message: str
    event_id: str = ""


@dataclass(frozen=True, slots=True)
class ProtocolProblem:
    """A message that does not have the shape that its type promises."""

    what: str


Event = (
    SessionCreated
    | SessionUpdated
    | SpeechStarted
    | SpeechStopped
    | AudioCommitted
    | ItemAdded
    | CalleeTranscript
    | CalleeTranscriptFailed
    | ResponseCreated
    | ResponseDone
    | AgentAudio
    | AgentAudioDone
    | AgentWords
    | AgentTranscript
    | ToolCalled
    | ServerError
    | ProtocolProblem
)
