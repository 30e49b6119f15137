"""The facts of a call, as the product hands them to the analyst."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MAX_DEPTH = 5


@dataclass(frozen=True)
class Utterance:
    """What the callee said at a turn, after what the agent had said last."""

    turn: int
    text: str
    asked: str


@dataclass(frozen=True)
class Call:
    """`goal` is the first line of the objective. `now` is local to the callee, without offset (None: not told)."""

    goal: str
    fields: tuple[Mapping[str, Any], ...]
    outcome: str
    events: tuple[Mapping[str, Any], ...]
    utterances: tuple[Utterance, ...]
    now: datetime | None
    zone: ZoneInfo | None

    def has_event(self, word: str) -> bool:
        return any(_is_about(event, word) for event in self.events)

    def event_value(self, word: str, key: str) -> str | None:
        """The last text under `key` in the details of events about `word`."""
        about = [event for event in self.events if _is_about(event, word)]
        values = [value for event in about for value in _texts_at(event.get("detail"), key, 0)]
        return values[-1] if values else None

    def local(self, moment: datetime) -> datetime:
        """A moment on the callee's clock; one without an offset is taken to be on it already."""
        if moment.tzinfo is not None and self.zone is not None:
            moment = moment.astimezone(self.zone)
        return moment.replace(tzinfo=None)


def read_call(data: Mapping[str, Any]) -> Call:
    transcript = _dicts(data.get("transcript"))
    return Call(
        goal=str(data.get("objective") or "").strip().partition("\n")[0],
        fields=tuple(f for f in _dicts(data.get("result_fields")) if isinstance(f.get("name"), str)),
        outcome=str(data.get("outcome") or ""),
        events=tuple(_dicts(data.get("events"))),
        utterances=tuple(_utterances(transcript)),
        now=_local(data.get("now_local")),
        zone=_zone(data.get("time_zone")),
    )


def _utterances(transcript: list[dict[str, Any]]) -> Iterable[Utterance]:
    asked: list[str] = []
    answered = False
    for position, turn in enumerate(transcript):
        text = str(turn.get("text") or "").strip()
        if turn.get("speaker") == "agent":
            asked = [text] if answered else [*asked, text]
            answered = False
        elif turn.get("speaker") == "callee" and re.search(r"\w", text):
            number = turn.get("turn")
            yield Utterance(number if isinstance(number, int) else position, text, " ".join(asked))
            answered = True  # a "Hello?" into the question leaves it open: the next words may answer it too


def _is_about(event: Mapping[str, Any], word: str) -> bool:
    """By the kind of the event, or by the tool or command that its details name."""
    named = [event.get("kind")]
    for key in ("name", "tool", "command"):
        named += _texts_at(event.get("detail"), key, 0)
    return any(word in str(name) for name in named)


def _texts_at(value: object, key: str, depth: int) -> list[str]:
    if not isinstance(value, dict) or depth > MAX_DEPTH:
        return []
    own = [value[key]] if isinstance(value.get(key), str) else []
    return own + [text for child in value.values() for text in _texts_at(child, key, depth + 1)]


def _dicts(value: object) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _zone(value: object) -> ZoneInfo | None:
    try:
        return ZoneInfo(str(value)) if value else None
    except (ZoneInfoNotFoundError, ValueError):
        return None


def _local(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(value)).replace(tzinfo=None)
    except ValueError:
        return None
