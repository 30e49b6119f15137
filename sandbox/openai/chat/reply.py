"""The answers of Chat Completions on the wire: one object, or chunks of a stream."""

import math
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from sandbox.openai.chat.request import ChatRequest

FINGERPRINT = "fp_sandbox_1"
CHARS_PER_TOKEN = 4
TOKENS_PER_MESSAGE = 4
TOKENS_PER_CHUNK = 5


@dataclass(frozen=True)
class ToolCall:
    """`arguments` is JSON text."""

    name: str
    arguments: str
    id: str = field(default_factory=lambda: f"call_{secrets.token_hex(12)}")


@dataclass(frozen=True)
class Answer:
    """What the model says: a text, a refusal, or tool calls. `cut` means that it ran out of tokens."""

    content: str | None = None
    refusal: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    cut: bool = False

    @property
    def finish_reason(self) -> str:
        return "length" if self.cut else "tool_calls" if self.tool_calls else "stop"

    def texts(self) -> list[str]:
        arguments = [part for call in self.tool_calls for part in (call.name, call.arguments)]
        return [text for text in (self.content, self.refusal, *arguments) if text]

    def cut_to(self, max_tokens: int) -> "Answer":
        """The beginning of this answer, of about `max_tokens`."""
        size = max_tokens * CHARS_PER_TOKEN
        calls = tuple(replace(call, arguments=call.arguments[:size]) for call in self.tool_calls)
        return replace(self, content=self.content and self.content[:size], tool_calls=calls, cut=True)


@dataclass(frozen=True)
class Completion:
    """One answered request; the two wire forms are made from it."""

    request: ChatRequest
    answer: Answer
    id: str = field(default_factory=lambda: f"chatcmpl-{secrets.token_hex(15)}")
    created: int = field(default_factory=lambda: int(time.time()))

    def as_object(self) -> dict[str, Any]:
        choices = [
            {
                "index": index,
                "message": self._message(),
                "logprobs": None,
                "finish_reason": self.answer.finish_reason,
            }
            for index in range(self.request.choices)
        ]
        return self._envelope("chat.completion", choices) | {"usage": self.usage()}

    def chunks(self) -> Iterator[dict[str, Any]]:
        """The stream: role first, then pieces, then the reason of the end, then usage if it was asked for."""
        with_usage = {"usage": None} if self.request.include_usage else {}
        for index in range(self.request.choices):
            for delta in self._deltas():
                yield self._chunk(index, delta, None) | with_usage
            yield self._chunk(index, {}, self.answer.finish_reason) | with_usage
        if self.request.include_usage:
            yield self._envelope("chat.completion.chunk", []) | {"usage": self.usage()}

    def usage(self) -> dict[str, Any]:
        """An estimate: four characters are a token."""
        prompt = sum(TOKENS_PER_MESSAGE + count_tokens(message.text) for message in self.request.messages)
        answer = self.request.choices * sum(count_tokens(text) for text in self.answer.texts())
        return {
            "prompt_tokens": prompt,
            "completion_tokens": answer,
            "total_tokens": prompt + answer,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": 0,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        }

    def _message(self) -> dict[str, Any]:
        answer = self.answer
        message: dict[str, Any] = {
            "role": "assistant",
            "content": answer.content,
            "refusal": answer.refusal,
            "annotations": [],
        }
        if answer.tool_calls:
            message["tool_calls"] = [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {"name": call.name, "arguments": call.arguments},
                }
                for call in answer.tool_calls
            ]
        return message

    def _deltas(self) -> Iterator[dict[str, Any]]:
        answer = self.answer
        content = "" if answer.content is not None else None
        yield {"role": "assistant", "content": content, "refusal": None}
        for key, text in (("content", answer.content), ("refusal", answer.refusal)):
            for piece in _pieces(text or ""):
                yield {key: piece}
        for index, call in enumerate(answer.tool_calls):
            start = {"name": call.name, "arguments": ""}
            yield {"tool_calls": [{"index": index, "id": call.id, "type": "function", "function": start}]}
            for piece in _pieces(call.arguments):
                yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}

    def _chunk(self, index: int, delta: dict[str, Any], reason: str | None) -> dict[str, Any]:
        choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": reason}
        return self._envelope("chat.completion.chunk", [choice])

    def _envelope(self, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.request.model,
            "choices": choices,
            "service_tier": "default",
            "system_fingerprint": FINGERPRINT,
        }


def count_tokens(text: str) -> int:
    return math.ceil(len(text) / CHARS_PER_TOKEN)


def _pieces(text: str) -> Iterator[str]:
    size = TOKENS_PER_CHUNK * CHARS_PER_TOKEN
    for start in range(0, len(text), size):
        yield text[start : start + size]
