"""The default conversation: items in order, what was said in them, and the rules of truncation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sandbox.openai.realtime.audio import AudioFormat, Samples
from sandbox.openai.realtime.errors import ClientEventError
from sandbox.openai.realtime.events import new_id

ROOT = "root"


def _no_samples() -> Samples:
    return np.zeros(0, np.int16)


@dataclass
class Item:
    """One item. `wire` is its public form without audio; `words` is what the model knows of its contents.

    `words` is None while a callee's audio is still being recognised, and "" when nothing was understood.
    """

    wire: dict[str, Any]
    words: str | None = ""
    heard: Samples = field(default_factory=_no_samples)
    spoken: bytes = b""
    spoken_format: AudioFormat | None = None
    truncated: bool = False

    @property
    def id(self) -> str:
        return str(self.wire["id"])

    @property
    def kind(self) -> str:
        """`message`, `function_call` or `function_call_output`."""
        return str(self.wire["type"])

    @property
    def role(self) -> str | None:
        return self.wire.get("role")

    @property
    def heard_ms(self) -> int:
        return len(self.heard) // 8

    @property
    def spoken_ms(self) -> int:
        return self.spoken_format.ms_of_bytes(len(self.spoken)) if self.spoken_format else 0

    def public(self) -> dict[str, Any]:
        """A copy for an event: later changes do not reach what was sent."""
        return (
            self.wire | {"content": [dict(part) for part in self.wire["content"]]}
            if self.is_message
            else dict(self.wire)
        )

    @property
    def is_message(self) -> bool:
        return self.kind == "message"


def message_item(
    role: str, content: list[dict[str, Any]], *, item_id: str | None = None, status: str = "completed"
) -> Item:
    wire = {
        "id": item_id or new_id("item"),
        "object": "realtime.item",
        "type": "message",
        "status": status,
        "role": role,
        "content": content,
    }
    return Item(wire, words=" ".join(part["text"] for part in content if part.get("text")))


def audio_item(item_id: str, heard: Samples) -> Item:
    """What the callee said, not yet recognised."""
    item = message_item("user", [{"type": "input_audio", "transcript": None}], item_id=item_id)
    item.heard, item.words = heard, None
    return item


class Conversation:
    """Items by order and by id."""

    def __init__(self) -> None:
        self.id = new_id("conv")
        self._items: list[Item] = []

    def __iter__(self) -> Iterator[Item]:
        return iter(self._items)

    def __contains__(self, item_id: str) -> bool:
        return any(item.id == item_id for item in self._items)

    def get(self, item_id: str, doing: str) -> Item:
        """Raises ClientEventError; `doing` is retrieve, delete or truncate."""
        for item in self._items:
            if item.id == item_id:
                return item
        raise ClientEventError(
            f"item_{doing}_invalid_item_id",
            f"Error with item {doing}: the item with id '{item_id}' does not exist.",
            param="item_id",
        )

    def add(self, item: Item, after: str | None = None) -> str | None:
        """Insert at the end, or after an item, or first (`root`); returns the id before it. Raises ClientEventError."""
        if item.id in self:
            raise ClientEventError(
                "item_create_duplicate_item_id",
                f"Error creating item: an item with id '{item.id}' exists already.",
                param="item.id",
            )
        index = self._index_after(after)
        self._items.insert(index, item)
        return self._items[index - 1].id if index else None

    def delete(self, item_id: str) -> None:
        self._items.remove(self.get(item_id, "delete"))

    def previous_id(self, item_id: str) -> str | None:
        index = next(i for i, item in enumerate(self._items) if item.id == item_id)
        return self._items[index - 1].id if index else None

    def truncate(self, item_id: str, content_index: int, audio_end_ms: int) -> None:
        """Cut the agent's audio at what was played; its transcript is gone with it. Raises ClientEventError."""
        item = self.get(item_id, "truncate")
        if item.role != "assistant" or not item.spoken:
            raise ClientEventError("unsupported_content_type", "Only model output audio messages can be truncated")
        if content_index != 0:
            raise ClientEventError(
                "invalid_value",
                f"Error truncating item: content_index {content_index} does not exist.",
                param="content_index",
            )
        if audio_end_ms > item.spoken_ms:
            raise ClientEventError(
                "invalid_value",
                f"Audio content of {item.spoken_ms}ms is already shorter than {audio_end_ms}ms",
                param="audio_end_ms",
            )
        _cut(item, audio_end_ms)

    def _index_after(self, after: str | None) -> int:
        if after is None:
            return len(self._items)
        if after == ROOT:
            return 0
        for index, item in enumerate(self._items):
            if item.id == after:
                return index + 1
        raise ClientEventError(
            "item_create_invalid_previous_item_id",
            f"Error creating item: the previous item with id '{after}' does not exist.",
            param="previous_item_id",
        )


def _cut(item: Item, audio_end_ms: int) -> None:
    """The model keeps the audio up to the cut, and so the words up to it; a cut word was not heard."""
    assert item.spoken_format is not None
    text = item.words or ""
    share = audio_end_ms / item.spoken_ms if item.spoken_ms else 0
    if share < 1:
        item.words = text[: int(len(text) * share)].rpartition(" ")[0]
    item.spoken = item.spoken[: item.spoken_format.bytes_of_ms(audio_end_ms)]
    item.truncated = True
    item.wire["content"] = [{"type": "output_audio", "transcript": ""}]
