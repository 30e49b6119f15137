"""Somebody said no. The row and everything that must know of it are one transaction."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Q

from calls.compliance.numbers import look_up
from calls.compliance.rules import ASKED_NOT_TO_BE_CALLED, ON_EVERYBODYS_LIST
from calls.endings import Ending
from calls.models import Call, CallEvent, DoNotCall
from calls.selectors import do_not_call_list
from calls.services import decisions
from calls.services.capacity import lock_lines
from calls.services.do_not_call_file import BYTES_AT_MOST, Entry, Problem, read_list, too_large, write_list
from calls.services.endings import end
from calls.services.hangup import hang_up
from calls.states import NOT_YET_ANSWERED, NOT_YET_DIALLED, Outcome
from opendeep.accounts.models import Organization
from opendeep.core.errors import NotFound
from opendeep.core.live import call_group, hint_on_commit

IMPORT_BATCH = 500


def add_do_not_call(
    organization_id: UUID | None,
    number: str,
    *,
    source: str,
    reason: str,
    at: datetime,
    call_id: UUID | None = None,
) -> bool:
    """Adds `number` (E.164) to the list of the organization, or of everybody. False when it is on it already.

    Takes the dialing lock: every dial that comes after this commit sees the row. Calls of the number that wait or are
    being prepared end in the same transaction; those that ring are hung up, those that were answered go on.
    """
    with transaction.atomic():
        lock_lines()
        owner = {"organization": organization_id} if organization_id else {"organization__isnull": True}
        if DoNotCall.objects.filter(**owner, number=number).exists():
            return False
        DoNotCall.objects.create(
            organization_id=organization_id,
            number=number,
            source=source[:40],
            reason=reason[:200],
            created_at=at,
            call_id=call_id,
        )
        _block_waiting(organization_id, [number], at)
    return True


@dataclass(frozen=True, slots=True)
class Imported:
    """How many numbers were added, and how many were on the list already."""

    added: int
    known: int


def import_do_not_call(
    organization_id: UUID | None, entries: Sequence[Entry], *, source: str, at: datetime
) -> Imported:
    """Adds many numbers, in transactions of IMPORT_BATCH so that dialing goes on. Idempotent."""
    added = 0
    for start in range(0, len(entries), IMPORT_BATCH):
        added += _import_batch(organization_id, entries[start : start + IMPORT_BATCH], source, at)
    return Imported(added, len(entries) - added)


def import_do_not_call_file(
    organization: Organization, file: "UploadedFile[Any]", *, at: datetime
) -> tuple[Imported, list[Problem]]:
    """Adds the numbers of a CSV file to the organization's list. Raises DomainError "bad_file".

    Numbers without a country code are of the country of the organization's own number.
    """
    if (file.size or 0) > BYTES_AT_MOST:
        raise too_large()
    region = look_up(organization.caller_id).region or None
    entries, problems = read_list(file.read(), region)
    return import_do_not_call(organization.pk, entries, source="import", at=at), problems


def export_do_not_call(organization_id: UUID) -> Iterator[str]:
    """The organization's list and everybody's, the latest first, as the lines of a CSV file.

    What was noted of a number that counts for everybody is the operators' business.
    """
    return write_list(_exported(row) for row in do_not_call_list(organization_id).iterator(chunk_size=2000))


def _exported(row: DoNotCall) -> tuple[str, ...]:
    since = row.created_at.isoformat()
    return (
        (row.number, row.reason, row.source, since, "no") if row.organization_id else (row.number, "", "", since, "yes")
    )


def _import_batch(organization_id: UUID | None, entries: Sequence[Entry], source: str, at: datetime) -> int:
    numbers = [entry.number for entry in entries]
    with transaction.atomic():
        lock_lines()
        known = set(
            DoNotCall.objects.filter(organization=organization_id, number__in=numbers).values_list("number", flat=True)
        )
        rows = [
            DoNotCall(
                organization_id=organization_id,
                number=entry.number,
                source=source[:40],
                reason=entry.reason[:200],
                created_at=at,
            )
            for entry in entries
            if entry.number not in known
        ]
        DoNotCall.objects.bulk_create(rows)
        _block_waiting(organization_id, numbers, at)
    return len(rows)


def _block_waiting(organization_id: UUID | None, numbers: Sequence[str], at: datetime) -> None:
    """Calls that are not dialled yet end at once, with the gate's words. Call it under lock_lines()."""
    calls = Call.objects.filter(number__in=numbers, state__in=NOT_YET_DIALLED | NOT_YET_ANSWERED).order_by("id")
    if organization_id is not None:
        calls = calls.filter(organization=organization_id)
    refusal = ASKED_NOT_TO_BE_CALLED if organization_id else ON_EVERYBODYS_LIST
    for call_id, state in calls.values_list("id", "state"):
        if state in NOT_YET_ANSWERED:
            hang_up(call_id, reason=refusal.why, at=at)
            continue
        decisions.keep(call_id, refusal, at)
        end(call_id, Ending(Outcome.BLOCKED, refusal.why), at=at, source="engine", only_from=NOT_YET_DIALLED)


def is_do_not_call(organization_id: UUID, number: str) -> bool:
    """Whether the organization must not call `number`, by its own list or by everybody's."""
    return DoNotCall.objects.filter(Q(organization=organization_id) | Q(organization=None), number=number).exists()


def mark_do_not_call(call_id: UUID, *, reason: str, source: str, at: datetime) -> None:
    """The callee of this call does not want to be called again by the organization. Idempotent."""
    with transaction.atomic():
        call = Call.objects.filter(id=call_id).first()
        if call is None:
            raise NotFound("There is no such call.")
        added = add_do_not_call(call.organization_id, call.number, source=source, reason=reason, at=at, call_id=call.id)
        if added:
            CallEvent.objects.create(
                call=call, at=at, kind="do_not_call", source=source[:24], detail={"reason": reason[:200]}
            )
            hint_on_commit(call_group(call.id), "event")
