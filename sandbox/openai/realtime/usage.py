"""Token figures as the API counts them: text by length, heard audio 10 a second, spoken audio 20 a second.

Input is counted anew for every response; what the response before had read already is `cached`, a part of it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sandbox.openai.realtime.conversation import Item
from sandbox.openai.realtime.schema import FunctionTool

HEARD_MS_PER_TOKEN = 100
SPOKEN_MS_PER_TOKEN = 50
_LETTERS_PER_TOKEN = 4


@dataclass(frozen=True)
class Tokens:
    text: int = 0
    audio: int = 0

    def __add__(self, other: Tokens) -> Tokens:
        return Tokens(self.text + other.text, self.audio + other.audio)

    @property
    def total(self) -> int:
        return self.text + self.audio


def of_text(text: str) -> Tokens:
    return Tokens(text=math.ceil(len(text) / _LETTERS_PER_TOKEN))


def of_item(item: Item) -> Tokens:
    heard = math.ceil(item.heard_ms / HEARD_MS_PER_TOKEN)
    spoken = math.ceil(item.spoken_ms / SPOKEN_MS_PER_TOKEN)
    told = of_text("".join(str(item.wire.get(key, "")) for key in ("name", "arguments", "output")))
    written = Tokens() if item.heard_ms else of_text(item.words or "")
    return Tokens(audio=heard + spoken) + told + written


def of_input(instructions: str, tools: Iterable[FunctionTool], items: Iterable[Item]) -> Tokens:
    told = of_text(instructions) + of_text("".join(json.dumps(tool.model_dump()) for tool in tools))
    return sum((of_item(item) for item in items), told)


class CacheLedger:
    """What of the next response's input was read before."""

    def __init__(self) -> None:
        self._before = Tokens()
        self._instructions = ""

    def read(self, instructions: str, now: Tokens) -> Tokens:
        """The cached part of `now`; changed instructions empty the cache, because they come first."""
        same = instructions == self._instructions
        before = self._before if same else Tokens()
        self._before, self._instructions = now, instructions
        return Tokens(min(before.text, now.text), min(before.audio, now.audio))


def as_json(read: Tokens, cached: Tokens, written: Tokens) -> dict[str, Any]:
    """The `usage` of a response."""
    return {
        "total_tokens": read.total + written.total,
        "input_tokens": read.total,
        "output_tokens": written.total,
        "input_token_details": {
            "text_tokens": read.text,
            "audio_tokens": read.audio,
            "image_tokens": 0,
            "cached_tokens": cached.total,
            "cached_tokens_details": {
                "text_tokens": cached.text,
                "audio_tokens": cached.audio,
                "image_tokens": 0,
            },
        },
        "output_token_details": {"text_tokens": written.text, "audio_tokens": written.audio},
    }
