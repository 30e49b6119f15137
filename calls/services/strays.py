"""Channels at a PBX, under an id of our kind, that must not be there. They are hung up, and operators see them."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F

from calls.models import Call, CallEvent, StrayChannel
from calls.states import AT_THE_PBX, NOT_YET_DIALLED

STRAY = "stray_channel"
"""The kind of the event that the call of such a channel gets, once."""
KEPT_AT_MOST = 1_000
"""A PBX that goes mad must not fill the database; the latest are kept."""


def note(call_id: UUID, channel: str, *, pbx: str, at: datetime) -> bool:
    """Writes down that this channel is about to be hung up. False for one whose call was asked to end: it has to go."""
    with transaction.atomic():
        call = Call.objects.filter(id=call_id).first()
        if call is not None and call.state in AT_THE_PBX and call.pbx == pbx:
            return False
        seen = StrayChannel.objects.filter(channel_id=call_id)
        if seen.update(last_seen_at=at, sightings=F("sightings") + 1):
            return True
        times = {"first_seen_at": at, "last_seen_at": at}
        row = {"channel": channel[:120], "pbx": pbx, "call": call, "why": _why(call)}
        StrayChannel.objects.get_or_create(channel_id=call_id, defaults=row | times)  # another may see it, too
        if call is not None:
            detail = {"channel": channel[:120], "pbx": pbx, "why": _why(call)}
            event = {"at": at, "kind": STRAY, "source": "pbx", "detail": detail}
            CallEvent.objects.get_or_create(call=call, command_id=STRAY, defaults=event)
        _forget_the_oldest()
    return True


def _why(call: Call | None) -> str:
    if call is None:
        return "Nobody knows a call with this id."
    if call.state in NOT_YET_DIALLED:
        return "The call was not dialled yet."
    return f"The call was over: {call.outcome}."


def _forget_the_oldest() -> None:
    too_many = StrayChannel.objects.order_by("-last_seen_at").values_list("pk", flat=True)[KEPT_AT_MOST:]
    StrayChannel.objects.filter(pk__in=list(too_many)).delete()
