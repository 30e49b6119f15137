"""The shapes a client may send, as pydantic models: strict, and closed against unknown keys.

Only what a WebSocket client of a telephone agent may say is modelled: realtime sessions (not transcription
or translation ones), message and function items. Everything else is refused by name, as the API refuses it.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

ItemId = Annotated[str, StringConstraints(min_length=1, max_length=32)]


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


# Session


class Pcm(Shape):
    type: Literal["audio/pcm"]
    rate: Literal[24000] = 24000


class Pcmu(Shape):
    type: Literal["audio/pcmu"]


class Pcma(Shape):
    type: Literal["audio/pcma"]


AudioFormat = Annotated[Pcm | Pcmu | Pcma, Field(discriminator="type")]


class ServerVad(Shape):
    type: Literal["server_vad"]
    threshold: float = Field(default=0.5, ge=0, le=1)
    prefix_padding_ms: int = Field(default=300, ge=0)
    silence_duration_ms: int = Field(default=500, ge=0)
    idle_timeout_ms: int | None = Field(default=None, ge=5000, le=30000)
    create_response: bool = True
    interrupt_response: bool = True


class SemanticVad(Shape):
    type: Literal["semantic_vad"]
    eagerness: Literal["low", "medium", "high", "auto"] = "auto"
    create_response: bool = True
    interrupt_response: bool = True


TurnDetection = Annotated[ServerVad | SemanticVad, Field(discriminator="type")]


class Transcription(Shape):
    model: str = "gpt-transcribe"
    language: str | None = None
    languages: list[str] | None = None
    keywords: list[str] | None = None
    prompt: str | None = None
    delay: Literal["minimal", "low", "medium", "high", "xhigh"] | None = None


class NoiseReduction(Shape):
    type: Literal["near_field", "far_field"]
    strength: float = 1.0


class AudioInput(Shape):
    format: AudioFormat = Pcm(type="audio/pcm")
    transcription: Transcription | None = None
    noise_reduction: NoiseReduction | None = None
    turn_detection: TurnDetection | None = ServerVad(type="server_vad")


class CustomVoice(Shape):
    id: str


VoiceName = Literal["alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar"]
Voice = VoiceName | CustomVoice


class AudioOutput(Shape):
    format: AudioFormat = Pcm(type="audio/pcm")
    voice: Voice = "marin"
    speed: float = Field(default=1.0, ge=0.25, le=1.5)


class Audio(Shape):
    input: AudioInput = AudioInput()
    output: AudioOutput = AudioOutput()


class FunctionTool(Shape):
    type: Literal["function"]
    name: str
    description: str | None = None
    parameters: dict[str, Any] = Field(default_factory=dict)


class ForcedFunction(Shape):
    type: Literal["function"]
    name: str


ToolChoice = Literal["none", "auto", "required"] | ForcedFunction
MaxTokens = Literal["inf"] | Annotated[int, Field(ge=1, le=4096)]
Modalities = Annotated[list[Literal["audio", "text"]], Field(min_length=1, max_length=1)]


class Reasoning(Shape):
    effort: Literal["minimal", "low", "medium", "high", "xhigh"] | None = None


class TokenLimits(Shape):
    post_instructions: int | None = Field(default=None, ge=0)


class RetentionRatio(Shape):
    type: Literal["retention_ratio"]
    retention_ratio: float = Field(ge=0, le=1)
    token_limits: TokenLimits | None = None


class Tracing(Shape):
    workflow_name: str | None = None
    group_id: str | None = None
    metadata: dict[str, Any] | None = None


class Session(Shape):
    """A `session.update`'s session; every key may be missing but `type`."""

    type: Literal["realtime"]
    model: str | None = None
    output_modalities: Modalities = ["audio"]
    instructions: str = ""
    audio: Audio = Audio()
    tools: list[FunctionTool] = []
    tool_choice: ToolChoice = "auto"
    parallel_tool_calls: bool | None = None
    reasoning: Reasoning | None = None
    max_output_tokens: MaxTokens = "inf"
    truncation: Literal["auto", "disabled"] | RetentionRatio = "auto"
    tracing: Literal["auto"] | Tracing | None = None
    include: list[Literal["item.input_audio_transcription.logprobs"]] | None = None


# Items


class Content(Shape):
    type: Literal["input_text", "input_audio", "input_image", "output_text", "output_audio"]
    text: str | None = None
    audio: str | None = None
    transcript: str | None = None
    image_url: str | None = None
    detail: Literal["auto", "low", "high"] | None = None


class NewItem(Shape):
    id: ItemId | None = None
    object: Literal["realtime.item"] | None = None
    status: Literal["completed", "incomplete", "in_progress"] | None = None


class NewMessage(NewItem):
    type: Literal["message"]
    role: Literal["system", "user", "assistant"]
    content: list[Content]


class NewFunctionCall(NewItem):
    type: Literal["function_call"]
    name: str
    arguments: str
    call_id: str | None = None


class NewFunctionCallOutput(NewItem):
    type: Literal["function_call_output"]
    call_id: str
    output: str


class ItemReference(Shape):
    type: Literal["item_reference"]
    id: str


AnyNewItem = Annotated[NewMessage | NewFunctionCall | NewFunctionCallOutput, Field(discriminator="type")]
AnyInput = Annotated[NewMessage | NewFunctionCall | NewFunctionCallOutput | ItemReference, Field(discriminator="type")]


# Client events


class ClientEvent(Shape):
    event_id: Annotated[str, StringConstraints(max_length=512)] | None = None


class SessionUpdate(ClientEvent):
    type: Literal["session.update"]
    session: Session


class AudioAppend(ClientEvent):
    type: Literal["input_audio_buffer.append"]
    audio: str


class AudioCommit(ClientEvent):
    type: Literal["input_audio_buffer.commit"]


class AudioClear(ClientEvent):
    type: Literal["input_audio_buffer.clear"]


class ItemCreate(ClientEvent):
    type: Literal["conversation.item.create"]
    item: AnyNewItem
    previous_item_id: str | None = None


class ItemRetrieve(ClientEvent):
    type: Literal["conversation.item.retrieve"]
    item_id: str


class ItemDelete(ClientEvent):
    type: Literal["conversation.item.delete"]
    item_id: str


class ItemTruncate(ClientEvent):
    type: Literal["conversation.item.truncate"]
    item_id: str
    content_index: int
    audio_end_ms: int = Field(ge=0)


class ResponseOutput(Shape):
    format: AudioFormat | None = None
    voice: Voice | None = None


class ResponseAudio(Shape):
    output: ResponseOutput | None = None


Metadata = Annotated[
    dict[
        Annotated[str, StringConstraints(max_length=64)],
        Annotated[str, StringConstraints(max_length=512)],
    ],
    Field(max_length=16),
]


class ResponseParams(Shape):
    audio: ResponseAudio | None = None
    conversation: Literal["auto", "none"] | None = None
    input: list[AnyInput] | None = None
    instructions: str | None = None
    max_output_tokens: MaxTokens | None = None
    metadata: Metadata | None = None
    output_modalities: Modalities | None = None
    parallel_tool_calls: bool | None = None
    reasoning: Reasoning | None = None
    tool_choice: ToolChoice | None = None
    tools: list[FunctionTool] | None = None


class ResponseCreate(ClientEvent):
    type: Literal["response.create"]
    response: ResponseParams | None = None


class ResponseCancel(ClientEvent):
    type: Literal["response.cancel"]
    response_id: str | None = None


CLIENT_EVENTS: dict[str, type[ClientEvent]] = {
    "session.update": SessionUpdate,
    "input_audio_buffer.append": AudioAppend,
    "input_audio_buffer.commit": AudioCommit,
    "input_audio_buffer.clear": AudioClear,
    "conversation.item.create": ItemCreate,
    "conversation.item.retrieve": ItemRetrieve,
    "conversation.item.delete": ItemDelete,
    "conversation.item.truncate": ItemTruncate,
    "response.create": ResponseCreate,
    "response.cancel": ResponseCancel,
}
