"""What the pages about calls show: rows read for one organization, said in words."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from calls.models import Call, CallEvent, DoNotCall, Recording, Turn
from calls.selectors import do_not_call_list
from calls.services.readiness import standstill
from calls.states import State
from calls.web.costs import CostLine, cost_lines
from calls.web.event_words import event_words
from calls.web.questions import QuestionLine, line
from calls.web.sound import Replies, measures, replies, warnings
from calls.web.words import SPEAKERS, call_pill, callee_words, decision_words, heard_and_unheard
from opendeep.core import words
from opendeep.core.errors import NotFound
from opendeep.core.paging import Page, page_of
from opendeep.core.phone import spoken_format
from opendeep.core.words import Pill

CALLS_PER_PAGE = 50
NUMBERS_PER_PAGE = 100
EVENTS_SHOWN = 300
OTHERS_SHOWN = 20
JUDGED_WITHIN = timedelta(minutes=5)
"""After this an open page no longer looks by itself whether an ended call was judged."""
DECISIONS = ("gate", "waits")
"""Kinds of events that explain why a call is or is not dialled."""
NORMAL_CLEARING = 16  # Q.850
LIST_COLUMNS = (
    "id",
    "contact_name",
    "number",
    "state",
    "outcome",
    "end_reason",
    "created_at",
    "dialing_at",
    "ended_at",
    "talking_at",
    "talk_ms",
    "not_before",
)


@dataclass(frozen=True, slots=True)
class CallRow:
    """A line of the list of calls. `at` is when it was dialled, or else when it will be."""

    id: UUID
    name: str
    number: str
    pill: Pill
    what: str
    at: datetime
    talk_ms: int
    talking_for_ms: int | None


@dataclass(frozen=True, slots=True)
class TurnLine:
    turn: int
    speaker: str
    name: str
    started_ms: int
    heard: str
    unheard: str
    still_speaking: bool


@dataclass(frozen=True, slots=True)
class EventLine:
    """`kind` is the code, `said` the same in words."""

    at: datetime
    kind: str
    said: str
    source: str
    change: str
    detail: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class CallPage:
    call: Call
    title: str
    pill: Pill
    which: str
    is_over: bool
    is_busy: bool
    talking_for_ms: int | None
    turns: Sequence[TurnLine]
    events: Sequence[EventLine]
    facts: Sequence[tuple[str, str]]
    goal: str
    instructions: str
    waits_because: str
    standstill: str
    their_time: str
    others: Sequence[tuple[UUID, str]]
    is_recorded: bool
    replies: Replies | None
    warnings: Sequence[str]
    costs: Sequence[CostLine]
    questions: Sequence[QuestionLine]


def calls_page(organization_id: UUID, number: int, now: datetime) -> Page[CallRow]:
    """The youngest calls of the organization first."""
    page = page_of(Call.objects.filter(organization_id=organization_id).only(*LIST_COLUMNS), number, CALLS_PER_PAGE)
    return Page([_row(call, now) for call in page.rows], page.number, page.has_next)


def _row(call: Call, now: datetime) -> CallRow:
    return CallRow(
        id=call.id,
        name=call.contact_name,
        number=call.number,
        pill=call_pill(call.state, call.outcome),
        what=call.end_reason,
        at=call.dialing_at or call.ended_at or call.not_before,
        talk_ms=call.talk_ms,
        talking_for_ms=_talking_for_ms(call, now),
    )


def _talking_for_ms(call: Call, now: datetime) -> int | None:
    if call.state != State.TALKING or call.talking_at is None:
        return None
    return max(int((now - call.talking_at).total_seconds() * 1000), 0)


def call_page(organization_id: UUID, call_id: UUID, *, now: datetime, viewer: ZoneInfo) -> CallPage:
    """Everything that is known of one call. Raises NotFound for other tenants."""
    call = Call.objects.filter(id=call_id, organization_id=organization_id).first()
    if call is None:
        raise NotFound("There is no such call.")
    events = list(call.events.order_by("-id")[:EVENTS_SHOWN])[::-1]
    is_over = call.state == State.ENDED
    moment_shown = call.dialing_at or call.not_before
    their_time = words.elsewhere(moment_shown, now=now, viewer=viewer, theirs=ZoneInfo(call.time_zone))
    return CallPage(
        call=call,
        title=call.contact_name or spoken_format(call.number),
        pill=call_pill(call.state, call.outcome),
        which=_which(call.attempt),
        is_over=is_over,
        is_busy=call.ended_at is None or now - call.ended_at < JUDGED_WITHIN,
        talking_for_ms=_talking_for_ms(call, now),
        turns=[_turn_line(place, turn, is_over) for place, turn in enumerate(call.turns.as_heard(), start=1)],
        events=[_event_line(event, now, viewer) for event in events],
        facts=_facts(call, their_time if call.dialing_at else ""),
        goal=str(call.brief.get("goal", "")),
        instructions=str(call.brief.get("instructions", "")),
        waits_because=_waits_because(call, events),
        standstill=standstill() if call.state in (State.QUEUED, State.PREPARING) else "",
        their_time=their_time,
        others=_other_calls(call),
        is_recorded=is_over and Recording.objects.filter(call=call).exists(),
        replies=replies(call.figures),
        warnings=warnings(call.figures),
        costs=cost_lines(call.usage.all()),
        questions=[line(row) for row in call.questions.select_related("call", "answered_by").order_by("asked_at")],
    )


def _which(attempt: int) -> str:
    return f"{words.ordinal(attempt)} call"


def _other_calls(call: Call) -> list[tuple[UUID, str]]:
    """The calls before and after this one for the same task."""
    same = Call.objects.filter(organization_id=call.organization_id, origin=call.origin).exclude(pk=call.pk)
    return [(other.pk, _which(other.attempt)) for other in same.only("attempt").order_by("created_at")[:OTHERS_SHOWN]]


def _turn_line(place: int, turn: Turn, is_over: bool) -> TurnLine:
    heard, unheard = heard_and_unheard(turn.text, turn.heard_text) if turn.speaker == "agent" else (turn.text, "")
    return TurnLine(
        turn=place,
        speaker=turn.speaker,
        name=SPEAKERS[turn.speaker],
        started_ms=turn.started_ms,
        heard=heard,
        unheard=unheard,
        still_speaking=turn.ended_ms is None and not is_over,
    )


def _event_line(event: CallEvent, now: datetime, viewer: ZoneInfo) -> EventLine:
    if event.kind in DECISIONS:
        return _decision_line(event, now, viewer)
    return EventLine(
        at=event.at,
        kind=event.kind,
        said=event_words(event.kind),
        source=event.source,
        change=" → ".join(dict.fromkeys(state for state in (event.from_state, event.to_state) if state)),
        detail=[
            (key.replace("_", " "), _said(value, now, viewer))
            for key, value in event.detail.items()
            if value not in (None, "")
        ],
    )


def _said(value: Any, now: datetime, viewer: ZoneInfo) -> str:
    """A value out of an event's detail; moments are told on the viewer's clock."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    with suppress(TypeError, ValueError):
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is not None:
            return words.moment(moment, now=now, zone=viewer)
    return str(value)


def _decision_line(event: CallEvent, now: datetime, viewer: ZoneInfo) -> EventLine:
    """Why a call is or is not dialled, and when it is looked at again on the viewer's clock."""
    why, until = event.detail.get("why") or "", event.detail.get("until")
    detail = [("why", why)] if why else []
    if until:
        detail.append(("until", words.moment(datetime.fromisoformat(until), now=now, zone=viewer)))
    return EventLine(event.at, event.kind, decision_words(event.detail), event.source, "", detail)


def _facts(call: Call, their_time: str) -> list[tuple[str, str]]:
    """How it went, for the panel beside the transcript."""
    facts = measures(call.figures)
    if who := callee_words(call.callee_kind, message_left=call.message_left):
        facts.insert(0, ("Who answered", who))
    if their_time:
        facts.insert(0, ("Callee's clock", their_time))
    if call.talk_ms:
        facts.insert(0, ("Talked for", words.clock(call.talk_ms)))
    if call.cost_microcents:
        facts.append(("Cost", words.money(call.cost_microcents)))
    if call.hangup_cause is not None:
        facts.append(("Ended", _cause(call)))
    return facts


def _cause(call: Call) -> str:
    said = "normal" if call.hangup_cause == NORMAL_CLEARING else call.hangup_cause_text.lower()
    parts = [said, f"cause {call.hangup_cause}", f"SIP {call.sip_cause}" if call.sip_cause else ""]
    return ", ".join(part for part in parts if part)


def _waits_because(call: Call, events: Sequence[CallEvent]) -> str:
    """Why a queued call is not dialled yet, as the gate or the engine said last."""
    if call.state != State.QUEUED:
        return ""
    reasons = (event.detail.get("why") or event.detail.get("reason") for event in reversed(events))
    return str(next((reason for reason in reasons if reason), ""))


def do_not_call_page(organization_id: UUID, number: int, containing: str = "") -> Page[DoNotCall]:
    """Whom the organization must not call: its own list and everybody's, the latest first."""
    rows = do_not_call_list(organization_id)
    digits = "".join(character for character in containing if character.isdigit())
    if digits:
        rows = rows.filter(number__contains=digits)
    return page_of(rows, number, NUMBERS_PER_PAGE)
