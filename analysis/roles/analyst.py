"""The analyst: judges an ended call by its transcript, with evidence."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from analysis.facts import TalkFacts, evidence
from analysis.rules import Judgement
from calls.contracts import CallView, EventView, TurnView
from opendeep.core.llm.roles import Role

PROMPT = Path(__file__).resolve().parent.parent / "prompts" / "analyst" / "v1.md"
EVENTS_AT_MOST = 60
UNVERIFIED = "Unverified: "
CALLBACK_WITHIN = timedelta(days=366)
"""A later time was misheard, and a task would wait for it for ever."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4000)]


class Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ResultAnswer(Answer):
    field: str
    value: Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)]
    evidence_turns: tuple[int, ...]


class VerdictAnswer(Answer):
    task_completed: bool
    reason: Text
    next_call_needed: bool
    next_call_at: str | None
    next_instructions: str | None
    summary: Text
    do_not_call_requested: bool
    results: Annotated[tuple[ResultAnswer, ...], Field(max_length=40)]
    evidence_turns: tuple[int, ...]


ANALYST = Role(name="verdict", prompt=PROMPT, answer=VerdictAnswer)


def case_data(
    call: CallView, transcript: Sequence[TurnView], events: Sequence[EventView], at: datetime
) -> Mapping[str, Any]:
    """The case as the analyst gets it. Everything in it is data."""
    brief = call.brief
    return {
        "objective": f"{brief.goal}\n{brief.instructions}".strip(),
        "result_fields": [dict(field) for field in brief.result_fields],
        "outcome": call.outcome,
        "callee_kind": call.callee_kind,
        "message_left": call.message_left,
        "events": [
            {"kind": event.kind, "at_ms": _since_answer(event, call), "detail": dict(event.detail)}
            for event in events[-EVENTS_AT_MOST:]
        ],
        "now_local": at.astimezone(ZoneInfo(call.time_zone)).strftime("%Y-%m-%dT%H:%M"),
        "time_zone": call.time_zone,
        "transcript": [
            {
                "turn": turn.turn,
                "speaker": turn.speaker,
                "text": turn.text if turn.speaker == "callee" else turn.heard_text,
                "at_ms": turn.started_ms,
            }
            for turn in transcript
            if turn.speaker in ("agent", "callee")
        ],
    }


def _since_answer(event: EventView, call: CallView) -> int | None:
    if call.answered_at is None:
        return None
    return int((event.at - call.answered_at).total_seconds() * 1000)


def judgement(
    answer: VerdictAnswer,
    call: CallView,
    facts: TalkFacts,
    *,
    at: datetime,
    callback_at: datetime | None,
    do_not_call_noted: bool,
) -> Judgement:
    """What counts of the answer. A claim holds only with a turn of the callee behind it.

    `callback_at` is what the agent agreed with the callee during the call: it stands in where the analyst gives no
    usable time, and is kept when the analyst has forgotten it. `do_not_call_noted`: the agent heard the no.
    """
    cited = evidence(answer.evidence_turns, facts)
    proven = bool(cited) or not answer.task_completed
    no = answer.do_not_call_requested or do_not_call_noted
    wanted = not no and not answer.task_completed and (answer.next_call_needed or callback_at is not None)
    return Judgement(
        method="model",
        task_completed=answer.task_completed,
        reason=answer.reason if proven else UNVERIFIED + answer.reason,
        summary=answer.summary,
        next_call_needed=wanted,
        next_call_at=(_moment(answer.next_call_at, call.time_zone, at) or callback_at) if wanted else None,
        next_instructions=(answer.next_instructions or "").strip()[:4000] if wanted else "",
        do_not_call_requested=no,
        results=_results(answer, call, facts),
        evidence_turns=cited,
    )


def _results(answer: VerdictAnswer, call: CallView, facts: TalkFacts) -> tuple[Mapping[str, object], ...]:
    """Values for fields that were asked for, the first of each; what is empty says nothing."""
    asked = [str(field["name"]) for field in call.brief.result_fields]
    found: dict[str, Mapping[str, object]] = {}
    for result in answer.results:
        if result.field not in asked or result.field in found or not result.value:
            continue
        turns = evidence(result.evidence_turns, facts)
        found[result.field] = {
            "field": result.field,
            "value": result.value,
            "evidence_turns": list(turns),
            "verified": bool(turns),
        }
    return tuple(found[name] for name in asked if name in found)


def _moment(text: str | None, time_zone: str, at: datetime) -> datetime | None:
    """A time on the callee's clock as an aware moment; None when it cannot be read or cannot be meant."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(time_zone))
    return moment if may_be_callback(moment, at) else None


def may_be_callback(moment: datetime, at: datetime) -> bool:
    """Whether a callback that is agreed on at `at` can take place at `moment`."""
    return at < moment <= at + CALLBACK_WITHIN
