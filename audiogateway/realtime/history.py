"""What was heard so far, as the items of a new session: it knows the talk as if it had been there from the beginning.

Agent's turns go as far as they were heard. Items keep their ids, so that what comes after them is placed after them
in the transcript too. Tool calls keep theirs, so that the output of one that is still running can be given later.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from audiogateway.realtime.openai_codec import append_audio, commit_audio, create_item, delete_item

MAX_ITEMS = 200
MAX_CHARS = 24_000
"""Half an hour of talk, some 6,000 tokens. Of a longer one the newest part is told."""
MAX_ID_CHARS = 32
"""A longer id cannot be given to an item of ours."""
CUT = "…"
"""Marks where a turn was interrupted."""
_SHORTER = "_cut"

GO_ON = (
    "The connection was interrupted for a moment. What stands above was heard, and nothing else. Go on exactly where"
    " you were, in the middle of your sentence if it was cut off (…). Do not repeat what was heard, do not greet again,"
    " do not mention the interruption, and do now what you were about to do."
)


@dataclass(frozen=True, slots=True)
class Said:
    """A turn, as far as it was heard. `is_cut`: there should have been more of it."""

    item_id: str
    speaker: Literal["callee", "agent"]
    text: str
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A tool call, with its output as JSON; None while it is running."""

    item_id: str
    call_id: str
    name: str
    arguments: str
    output: str | None


@dataclass(frozen=True, slots=True)
class Unwritten:
    """Words of the callee that nobody has written down yet, as sound in the session's input format."""

    item_id: str
    audio: bytes


Heard = Said | ToolUse | Unwritten


def retell(heard: Sequence[Heard]) -> list[bytes]:
    """Client events for a session that has no turn detection yet, in the order of the conversation."""
    return [event for item in newest(heard) for event in _events(item)]


def go_on() -> bytes:
    """Tells the model that it was in the middle of something."""
    return create_item({"type": "message", "role": "system", "content": [{"type": "input_text", "text": GO_ON}]})


def newest(heard: Sequence[Heard]) -> list[Heard]:
    """As much of the end as fits."""
    kept: list[Heard] = []
    size = 0
    for item in reversed(heard[-MAX_ITEMS:]):
        size += _size(item)
        if size > MAX_CHARS:
            break
        kept.append(item)
    return kept[::-1]


def cut_retold(item_id: str, heard_text: str) -> list[bytes]:
    """An agent's turn that was told as heard to its end, and was interrupted then: text cannot be truncated."""
    shorter = Said(f"{item_id[: MAX_ID_CHARS - len(_SHORTER)]}{_SHORTER}", "agent", heard_text, is_cut=True)
    return [_retold(shorter, after=item_id), delete_item(item_id)] if heard_text else [delete_item(item_id)]


def _retold(said: Said, *, after: str = "") -> bytes:
    kind = "input_text" if said.speaker == "callee" else "output_text"
    role = "user" if said.speaker == "callee" else "assistant"
    text = f"{said.text} {CUT}" if said.is_cut else said.text
    item = {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}
    return create_item(item | _id(said.item_id), after=after)


def _events(item: Heard) -> Iterator[bytes]:
    match item:
        case Said():
            yield _retold(item)
        case ToolUse(item_id, call_id, name, arguments, output):
            call = {"type": "function_call", "call_id": call_id, "name": name, "arguments": arguments}
            yield create_item(call | _id(item_id))
            if output is not None:
                yield create_item({"type": "function_call_output", "call_id": call_id, "output": output})
        case Unwritten(_, audio):
            yield append_audio(audio)
            yield commit_audio()


def _id(item_id: str) -> dict[str, Any]:
    return {"id": item_id} if 0 < len(item_id) <= MAX_ID_CHARS else {}


def _size(item: Heard) -> int:
    match item:
        case Said():
            return len(item.text)
        case ToolUse():
            return len(item.arguments) + len(item.output or "")
        case Unwritten():
            return 0
