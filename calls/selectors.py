"""Reads for other apps, pages and the API. What belongs to a tenant is read for one organization."""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Q, QuerySet, Sum

from calls.compliance.callee_clock import clock_of
from calls.compliance.facts import hours_of
from calls.compliance.hours import DEFAULT_HOURS
from calls.contracts import Brief, CallView, DecisionView, EventView, GroupFigures, TalkOrder, TurnView
from calls.models import Call, CallEvent, DoNotCall
from calls.services import transfers
from calls.states import State
from opendeep.accounts.models import Organization
from opendeep.core.errors import NotFound


def calls_of_organization(organization_id: UUID) -> QuerySet[Call]:
    """The organization's calls, youngest first; pages and the API take slices of it."""
    return Call.objects.filter(organization=organization_id).order_by("-created_at")


def active_call_count() -> int:
    """Calls that hold a line, of all organizations."""
    return Call.objects.live().count()


def call_view(call_id: UUID) -> CallView:
    """Raises NotFound."""
    call = Call.objects.filter(id=call_id).first()
    if call is None:
        raise NotFound("There is no such call.")
    return to_view(call)


def calls_of_origin(origin: str) -> list[CallView]:
    """All attempts for one origin, oldest first."""
    return [to_view(call) for call in Call.objects.filter(origin=origin).order_by("attempt", "created_at")]


def latest_calls(origins: Iterable[str]) -> dict[str, CallView]:
    """The youngest call of each origin, in one query; origins without a call are missing."""
    calls = Call.objects.filter(origin__in=list(origins)).order_by("origin", "attempt", "created_at")
    return {call.origin: to_view(call) for call in calls}


def figures_of_group(key: str) -> GroupFigures:
    """What all calls of the group came to, in one query."""
    rows = Call.objects.filter(group=key).order_by().values_list("outcome")
    counted = list(rows.annotate(count=Count("pk"), talk_ms=Sum("talk_ms"), cost=Sum("cost_microcents")))
    return GroupFigures(
        calls=sum(count for _, count, _, _ in counted),
        talk_ms=sum(talk_ms for _, _, talk_ms, _ in counted),
        cost_microcents=sum(cost for _, _, _, cost in counted),
        outcomes={outcome: count for outcome, count, _, _ in counted if outcome},
    )


def next_calling_time(organization_id: UUID, time_zone: str, at: datetime, *, number: str = "") -> datetime | None:
    """The first moment from `at` on at which the organization may ring by the callee's clock and calendar.

    `number` tells the country and all time zones that it may be in; `time_zone` is the contact's own, empty when
    nobody told it. None when that moment never comes. The gate decides in the end; this saves callers from asking
    too early.
    """
    return CallingTimes([organization_id]).next(organization_id, time_zone, at, number=number)


class CallingTimes:
    """The calling hours of some organizations, read once."""

    def __init__(self, organizations: Collection[UUID]) -> None:
        found = Organization.objects.filter(id__in=organizations).values_list("id", "calls_on_holidays")
        self._on_holidays = dict(found)
        self._hours = hours_of(organizations)

    def next(self, organization_id: UUID, time_zone: str, at: datetime, *, number: str = "") -> datetime | None:
        """See next_calling_time()."""
        hours = self._hours.get(organization_id) or DEFAULT_HOURS
        clock = clock_of(number, time_zone, hours, calls_on_holidays=self._on_holidays[organization_id])
        return at if clock.is_within_hours(at) and not clock.holiday(at) else clock.next_opening(at)


def do_not_call_list(organization_id: UUID) -> QuerySet[DoNotCall]:
    """Whom the organization must not call: its own list and everybody's, the latest first."""
    own_or_global = Q(organization=organization_id) | Q(organization=None)
    return DoNotCall.objects.filter(own_or_global).order_by("-created_at", "-pk")


def transcript_of(call_id: UUID) -> tuple[TurnView, ...]:
    """What was said, in the order in which it was heard."""
    call = Call(id=call_id)
    return tuple(
        TurnView(
            turn=number,
            speaker=turn.speaker,
            text=turn.text,
            heard_text=turn.heard_text,
            started_ms=turn.started_ms,
            ended_ms=turn.ended_ms,
            interrupted=turn.interrupted,
        )
        for number, turn in enumerate(call.turns.as_heard(), start=1)
    )


def events_of(call_id: UUID) -> tuple[EventView, ...]:
    """What happened to the call, in order."""
    return tuple(
        EventView(
            at=event.at,
            kind=event.kind,
            source=event.source,
            from_state=event.from_state,
            to_state=event.to_state,
            detail=event.detail,
        )
        for event in Call(id=call_id).events.order_by("id")
    )


def decision_of(call_id: UUID) -> DecisionView | None:
    """Why the call is or is not dialled, as the gate or the engine said last; None before anybody looked."""
    event = CallEvent.objects.filter(call=call_id, kind__in=("gate", "waits")).select_related("call").last()
    if event is None:
        return None
    detail = event.detail
    decision = detail.get("decision") or "wait"
    until = datetime.fromisoformat(detail["until"]) if detail.get("until") else None
    return DecisionView(
        decision=decision,
        rule=detail.get("rule") or detail.get("for") or "",
        why=detail.get("why") or "",
        # Rules that say "in a moment" again and again are kept once; the call knows the latest moment.
        until=event.call.not_before if until is not None and event.call.state == State.QUEUED else until,
        at=event.at,
    )


def talk_order(call_id: UUID) -> TalkOrder | None:
    """What a gateway needs to hold this call; None when it is unknown or over."""
    unfinished = Call.objects.exclude(state=State.ENDED).select_related("organization", "trunk")
    call = unfinished.filter(id=call_id).first()
    if call is None:
        return None
    return TalkOrder(
        call_id=call.id,
        organization_id=call.organization_id,
        organization_name=call.organization.name,
        discloses_ai=call.organization.discloses_ai,
        contact_name=call.contact_name,
        time_zone=call.time_zone,
        brief=Brief.from_json(call.brief),
        max_seconds=settings.MAX_CALL_SECONDS,
        transcript=transcript_of(call_id),
        records=settings.RECORDINGS and call.organization.records_calls,
        transfer_ring_seconds=0 if transfers.problem_of(call.organization) else settings.TRANSFER_RING_SECONDS,
        wide_band=call.trunk is not None and call.trunk.wide_band,
    )


def to_view(call: Call) -> CallView:
    return CallView(
        id=call.id,
        organization_id=call.organization_id,
        origin=call.origin,
        attempt=call.attempt,
        number=call.number,
        contact_name=call.contact_name,
        time_zone=call.time_zone,
        state=call.state,
        outcome=call.outcome,
        end_reason=call.end_reason,
        not_before=call.not_before,
        created_at=call.created_at,
        answered_at=call.answered_at,
        ended_at=call.ended_at,
        hangup_cause=call.hangup_cause,
        hangup_cause_text=call.hangup_cause_text,
        sip_cause=call.sip_cause,
        talk_ms=call.talk_ms,
        cost_microcents=call.cost_microcents,
        figures=call.figures,
        brief=Brief.from_json(call.brief),
        callee_kind=call.callee_kind,
        message_left=call.message_left,
        trunk_fault=call.trunk_fault,
    )
