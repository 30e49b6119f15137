"""What the gateway tells of a talk: its voice, its audio, its turns, its cost, its end."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F

from calls import prices
from calls.contracts import TurnRecord, UsageRecord
from calls.models import Call, CallEvent, Turn, Usage
from calls.services import endings, transfers, waiting
from calls.services.transitions import apply
from calls.states import Signal, State
from opendeep.core.errors import DomainError, NotFound
from opendeep.core.jobs import kick_on_commit
from opendeep.core.live import call_group, hint_on_commit


def voice_ready(call_id: UUID, *, gateway_id: str, at: datetime) -> bool:
    """The Realtime session of this call is open and configured. False when the call needs no such voice (any more)."""
    with transaction.atomic():
        call = Call.objects.filter(id=call_id, state=State.PREPARING, gateway=gateway_id)
        if call.filter(voice_ready_at=None).update(voice_ready_at=at):
            _note(call_id, "voice_ready", "gateway", {"gateway": gateway_id}, at)
            kick_on_commit("calls.place_ready")
            return True
        return call.exists()


def voice_failed(call_id: UUID, *, gateway_id: str, reason: str, at: datetime) -> bool:
    """No voice could be opened: the call goes back to the queue, and its attempt is not used up."""
    with transaction.atomic():
        call = Call.objects.filter(id=call_id, state=State.PREPARING, gateway=gateway_id).first()
        return call is not None and waiting.without_voice(call, reason=reason, source="gateway", at=at)


def media_up(call_id: UUID, *, gateway_id: str, at: datetime) -> bool:
    """The PBX has connected the audio. False: unknown, over, used before or somebody else's: close the connection."""
    with transaction.atomic():
        if not Call.objects.filter(id=call_id, gateway=gateway_id).exists():
            return False
        return apply(call_id, Signal.MEDIA_UP, at=at, source="gateway") is not None


def talk_over(call_id: UUID, *, gateway_id: str, cause: str, at: datetime) -> None:
    """The talk is over and everything of it is written. Idempotent; the first cause counts.

    `cause` is agent_ended, callee_hung_up, connection_lost, max_duration, stopped, voicemail, fax, on_hold, silence,
    transferred, or any other word.
    """
    with transaction.atomic():
        call = Call.objects.filter(id=call_id, gateway=gateway_id).first()
        if call is None or call.talk_over_at is not None:
            return
        _note(call_id, "talk_over", "gateway", {"cause": cause}, at)
        if cause == "transferred":
            transfers.answered(call_id, at=at, source="gateway")  # if it is known to nobody else
        endings.talk_is_over(call_id, cause=cause, at=at)


def record_turns(call_id: UUID, turns: Sequence[TurnRecord]) -> None:
    """Writes each turn, or writes it again when its item_id is known. Idempotent."""
    if not turns:
        return
    rows = {turn.item_id: _turn(call_id, turn) for turn in turns}  # the last word on an item counts
    with transaction.atomic():
        _require(call_id)
        Turn.objects.bulk_create(
            rows.values(),
            update_conflicts=True,
            unique_fields=["call", "item_id"],
            update_fields=[
                "position",
                "speaker",
                "text",
                "heard_text",
                "started_ms",
                "ended_ms",
                "heard_ms",
                "interrupted",
            ],
        )
        hint_on_commit(call_group(call_id), "turns")


def _turn(call_id: UUID, turn: TurnRecord) -> Turn:
    return Turn(
        call_id=call_id,
        position=turn.position,
        item_id=turn.item_id,
        speaker=turn.speaker,
        text=turn.text,
        heard_text=turn.heard_text,
        started_ms=turn.started_ms,
        ended_ms=turn.ended_ms,
        heard_ms=turn.heard_ms,
        interrupted=turn.interrupted,
    )


def record_event(
    call_id: UUID,
    *,
    kind: str,
    source: str,
    detail: Mapping[str, Any],
    at: datetime,
    command_id: str | None = None,
) -> bool:
    """Writes down what happened. False when `command_id` was recorded for this call before."""
    try:
        with transaction.atomic():
            _require(call_id)
            _note(call_id, kind, source, detail, at, command_id)
    except IntegrityError:
        if command_id is None:
            raise
        return False
    return True


def record_usage(call_id: UUID, usage: Sequence[UsageRecord], *, at: datetime) -> None:
    """Bills each use once, however often it is told, and adds its cost to the call."""
    with transaction.atomic():
        _require(call_id)
        cost = sum(_bill(call_id, record, at) for record in usage)
        if cost:
            Call.objects.filter(id=call_id).update(cost_microcents=F("cost_microcents") + cost)


def _bill(call_id: UUID, record: UsageRecord, at: datetime) -> int:
    _, created = Usage.objects.get_or_create(
        call_id=call_id,
        source=record.source,
        item_id=record.item_id,
        defaults={"model": record.model, "tokens": dict(record.tokens), "seconds": record.seconds, "at": at},
    )
    return prices.cost_microcents(record.model, record.tokens, record.seconds, at) if created else 0


def record_figures(call_id: UUID, figures: Mapping[str, Any]) -> None:
    """Adds the gateway's measurements to those that are there; the same name is overwritten."""
    with transaction.atomic():
        call = Call.objects.select_for_update().filter(id=call_id).first()
        if call is None:
            raise NotFound("There is no such call.")
        call.figures = {**call.figures, **figures}
        call.save(update_fields=["figures"])


def request_reschedule(
    call_id: UUID, *, when: datetime, reason: str, at: datetime, command_id: str | None = None
) -> None:
    """The callee wants to be called at `when` (aware). Written down for whoever judges the call."""
    if when.tzinfo is None:
        raise DomainError("bad_time", "The time to call again needs a time zone.")
    record_event(
        call_id,
        kind="reschedule_requested",
        source="agent",
        detail={"when": when.isoformat(), "reason": reason[:500]},
        at=at,
        command_id=command_id,
    )


def _require(call_id: UUID) -> None:
    if not Call.objects.filter(id=call_id).exists():
        raise NotFound("There is no such call.")


def _note(
    call_id: UUID, kind: str, source: str, detail: Mapping[str, Any], at: datetime, command_id: str | None = None
) -> None:
    CallEvent.objects.create(
        call_id=call_id, at=at, kind=kind, source=source, detail=dict(detail), command_id=command_id
    )
    hint_on_commit(call_group(call_id), "event")
