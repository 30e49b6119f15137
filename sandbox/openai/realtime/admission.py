"""Who is let in: the checks that the real server makes on the upgraded connection, before `session.created`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.openai.realtime import events
from sandbox.openai.realtime.events import Event

CLOSE_REFUSED = 4000
CLOSE_UNAUTHORIZED = 4001
_MODEL_FAMILIES = ("gpt-realtime", "gpt-4o-realtime", "gpt-4o-mini-realtime", "gpt-audio")
_KIND = "invalid_request_error"


@dataclass(frozen=True)
class Refusal:
    """One `error` event, then the close."""

    event: Event
    close_code: int
    close_reason: str


def refusal(query: Mapping[str, str], headers: Mapping[str, str]) -> Refusal | None:
    """Why this connection gets no session; None when it gets one."""
    named = {name.lower(): value for name, value in headers.items()}
    scheme, _, key = named.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        return _refusal("invalid_api_key", "Missing bearer authentication in header", CLOSE_UNAUTHORIZED)
    if "realtime=v1" in named.get("openai-beta", ""):
        return _refusal(
            "beta_api_shape_disabled",
            "The Realtime Beta API is no longer supported. Please use /v1/realtime for the GA API.",
        )
    if query.get("intent") == "transcription" or "call_id" in query:
        return _refusal("unsupported_session", "This stand-in offers conversations over WebSocket only.")
    model = query.get("model", "")
    if not model:
        return _refusal("missing_model", "You must provide a model parameter.")
    if not model.startswith(_MODEL_FAMILIES):
        return _refusal("model_not_found", f"The model `{model}` does not exist or you do not have access to it.")
    return None


def _refusal(code: str, message: str, close_code: int = CLOSE_REFUSED) -> Refusal:
    return Refusal(events.error(code, message), close_code, f"{_KIND}.{code}")
