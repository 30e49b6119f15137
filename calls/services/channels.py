"""What the PBX's channels say about calls, and which channels must not be there."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from calls.asterisk.pbx import DEFAULT_PBX
from calls.endings import classify_unplaced
from calls.models import EARLY_MEDIA, Call, CallEvent
from calls.services.endings import end
from calls.states import AT_THE_PBX, State


def is_of(call_id: UUID, pbx: str) -> bool:
    """Whether the call was dialled through `pbx`. An unknown one counts for the default PBX."""
    known = Call.objects.filter(id=call_id).values_list("pbx", flat=True).first()
    return (known or DEFAULT_PBX) == pbx


def appeared(call_id: UUID, name: str, *, pbx: str = DEFAULT_PBX) -> bool:
    """`pbx` has a channel for this call. False when it must not: it is over, unknown, not dialled, or shall end."""
    wanted = Call.objects.filter(id=call_id, pbx=pbx, state__in=AT_THE_PBX, hang_up_requested_at=None)
    if wanted.update(channel=name):
        return True
    return Call.objects.filter(_of_another(pbx), id=call_id).exists()


def _of_another(pbx: str) -> Q:
    """Calls that were dialled through another PBX. Should two names lead to one PBX, nobody ends the other's calls."""
    return ~Q(pbx=pbx) & Q(dialing_at__isnull=False)


def early_media(call_id: UUID, *, at: datetime) -> None:
    """The line is heard before any answer. Written down once; it is no state, because it promises nothing."""
    call = Call.objects.filter(id=call_id, state__in=AT_THE_PBX).first()
    if call is not None:
        defaults = {"at": at, "kind": EARLY_MEDIA, "source": "pbx"}
        CallEvent.objects.get_or_create(call=call, command_id=EARLY_MEDIA, defaults=defaults)


def not_placed(call_id: UUID, reason: int, *, at: datetime) -> None:
    """Originate failed without ever making a channel, so no Hangup will come."""
    if Call.objects.filter(id=call_id, state=State.DIALING, channel="", hung_up_at=None).exists():
        end(call_id, classify_unplaced(reason), at=at, source="pbx", only_from={State.DIALING})


def gone(present: Collection[UUID], *, dialled_before: datetime, pbx: str = DEFAULT_PBX) -> list[UUID]:
    """Calls that were dialled through `pbx` long enough ago and should be there, but are not among its channels."""
    at_this_pbx = Call.objects.unfinished().filter(pbx=pbx, state__in=AT_THE_PBX)
    expected = at_this_pbx.filter(hung_up_at=None, dialing_at__lt=dialled_before)
    return [call_id for call_id in expected.values_list("id", flat=True) if call_id not in set(present)]


def unwanted(present: Collection[UUID], *, pbx: str = DEFAULT_PBX) -> list[UUID]:
    """Channels of `pbx` whose call is over, unknown or was not dialled, or shall be hung up."""
    goes_on = Q(state__in=AT_THE_PBX, hang_up_requested_at=None)
    wanted = Call.objects.filter(goes_on | _of_another(pbx), id__in=list(present))
    kept = set(wanted.values_list("id", flat=True))
    return [call_id for call_id in present if call_id not in kept]
