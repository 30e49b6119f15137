"""What a transcript says by itself, without a model. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from calls.contracts import CalleeKind, CallView, EventView, TurnView

WORD = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class TalkFacts:
    """`callee_turns` are the numbers of the turns in which the callee said words: only they are evidence."""

    callee_turns: frozenset[int]
    callee_words: int
    callee_talk_ms: int

    @property
    def callee_spoke(self) -> bool:
        return bool(self.callee_turns)


def measure(transcript: Sequence[TurnView]) -> TalkFacts:
    spoken = [turn for turn in transcript if turn.speaker == "callee" and WORD.search(turn.text)]
    return TalkFacts(
        callee_turns=frozenset(turn.turn for turn in spoken),
        callee_words=sum(len(turn.text.split()) for turn in spoken),
        callee_talk_ms=sum(max(turn.ended_ms - turn.started_ms, 0) for turn in spoken if turn.ended_ms is not None),
    )


def machine_alone(call: CallView, events: Sequence[EventView]) -> str:
    """The kind of the machine that answered, when nobody else was there and the plan says what to do; else empty."""
    seen = {str(event.detail.get("kind")) for event in events if event.kind == "callee_kind"}
    if CalleeKind.PERSON in seen:
        return ""
    if call.callee_kind == CalleeKind.FAX:
        return call.callee_kind
    is_settled = call.outcome == "voicemail" and call.brief.voicemail != "as_instructed"
    return CalleeKind.VOICEMAIL if is_settled else ""


def evidence(turns: Iterable[int], facts: TalkFacts) -> tuple[int, ...]:
    """Those of the cited `turns` that are the callee's, in order and once each."""
    return tuple(sorted(set(turns) & facts.callee_turns))
