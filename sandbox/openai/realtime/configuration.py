"""The session's settings: defaults, the merge of `session.update`, and the two things that cannot change."""

from __future__ import annotations

from typing import Any

from sandbox.openai.realtime.audio import AudioFormat
from sandbox.openai.realtime.errors import ClientEventError
from sandbox.openai.realtime.schema import FunctionTool, SemanticVad, ServerVad, Session, Voice

DEFAULT_INSTRUCTIONS = "You are a helpful assistant that speaks with people by voice. Be brief and friendly."

_SEMANTIC_SILENCE_MS = {"low": 900, "medium": 500, "auto": 500, "high": 300}


class Configuration:
    """What `session.created` tells, changed by `session.update`."""

    def __init__(self, session_id: str, model: str, expires_at: int) -> None:
        self._fixed = {"id": session_id, "object": "realtime.session", "expires_at": expires_at}
        self._session = Session(type="realtime", model=model, instructions=DEFAULT_INSTRUCTIONS)

    def update(self, patch: Session, *, voice_is_frozen: bool) -> None:
        """Only the keys that the client sent change. Raises ClientEventError, and nothing has changed then."""
        sent = patch.model_dump(exclude_unset=True)
        if sent.get("model", self._session.model) != self._session.model:
            raise ClientEventError(
                "cannot_update_model", "The model of a session cannot be changed.", param="session.model"
            )
        merged = Session.model_validate(_merge(self._session.model_dump(), sent))
        if voice_is_frozen and merged.audio.output.voice != self._session.audio.output.voice:
            raise ClientEventError(
                "cannot_update_voice",
                "Cannot update a conversation's voice if assistant audio is present.",
                param="session.audio.output.voice",
            )
        self._session = merged

    def as_json(self) -> dict[str, Any]:
        session = self._session.model_dump(exclude={"audio"})
        output = self._session.audio.output
        audio = {
            "input": self._session.audio.input.model_dump() | {"format": self.input_format.as_json()},
            "output": output.model_dump() | {"format": self.output_format.as_json()},
        }
        return self._fixed | session | {"audio": audio}

    @property
    def instructions(self) -> str:
        return self._session.instructions

    @property
    def tools(self) -> list[FunctionTool]:
        return self._session.tools

    @property
    def session(self) -> Session:
        return self._session

    @property
    def input_format(self) -> AudioFormat:
        return AudioFormat(self._session.audio.input.format.type)

    @property
    def output_format(self) -> AudioFormat:
        return AudioFormat(self._session.audio.output.format.type)

    @property
    def voice(self) -> Voice:
        return self._session.audio.output.voice

    @property
    def transcribes(self) -> bool:
        return self._session.audio.input.transcription is not None

    @property
    def turn_detection(self) -> ServerVad | None:
        """Semantic VAD is treated as server VAD with a patience that depends on its eagerness."""
        wanted = self._session.audio.input.turn_detection
        if isinstance(wanted, SemanticVad):
            return ServerVad(
                type="server_vad",
                silence_duration_ms=_SEMANTIC_SILENCE_MS[wanted.eagerness],
                create_response=wanted.create_response,
                interrupt_response=wanted.interrupt_response,
            )
        return wanted


def _merge(current: dict[str, Any], sent: dict[str, Any]) -> dict[str, Any]:
    """Objects are merged key by key unless their `type` changes; everything else is replaced."""
    merged = dict(current)
    for key, value in sent.items():
        known = current.get(key)
        if isinstance(known, dict) and isinstance(value, dict) and _same_type(known, value):
            merged[key] = _merge(known, value)
        else:
            merged[key] = value
    return merged


def _same_type(known: dict[str, Any], sent: dict[str, Any]) -> bool:
    return "type" not in sent or known.get("type") == sent["type"]
