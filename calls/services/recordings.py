"""Recordings of calls: their rows, and the end of their files when the organization's retention is over."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from shutil import rmtree
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction

from calls.contracts import RecordingRecord
from calls.models import Call, Recording
from calls.services.talk import record_figures
from opendeep.accounts.models import Organization
from opendeep.core.errors import NotFound
from opendeep.core.live import call_group, hint_on_commit

log = structlog.get_logger(__name__)

_ORGANIZATION = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


def record_recording(call_id: UUID, recording: RecordingRecord, *, at: datetime) -> None:
    """Writes down a recording that begins, or that is finished. Idempotent."""
    values = {"duration_ms": recording.duration_ms, "bytes": recording.bytes, "dropped_ms": recording.dropped_ms}
    with transaction.atomic():
        if not Call.objects.filter(id=call_id).exists():
            raise NotFound("There is no such call.")
        Recording.objects.update_or_create(
            call_id=call_id,
            defaults=values | {"path": recording.path},
            create_defaults=values | {"path": recording.path, "created_at": at},
        )
        if recording.dropped_ms:
            record_figures(call_id, {"recording_dropped_ms": recording.dropped_ms})
        hint_on_commit(call_group(call_id), "recording")


def file_of_recording(organization_id: UUID, call_id: UUID) -> Path:
    """Raises NotFound when there is none, also for a call of another organization."""
    row = Recording.objects.filter(call=call_id, call__organization=organization_id).first()
    file = Path(settings.RECORDINGS_ROOT) / row.path if row is not None else None
    if file is None or not file.is_file():
        raise NotFound("There is no recording of this call.")
    return file


def delete_old_recordings(now: datetime) -> int:
    """Deletes what is older than its organization's retention, each file before its row. Returns the rows deleted.

    A file without a row (its gateway was killed, its call or its organization deleted) goes with its whole month.
    """
    deleted = 0
    retention = dict(Organization.objects.values_list("id", "retention_days"))
    for organization_id, days in retention.items():
        old = Recording.objects.filter(call__organization=organization_id, created_at__lt=now - timedelta(days=days))
        for row in old.iterator():
            if _delete_file(Path(settings.RECORDINGS_ROOT) / row.path):
                row.delete()
                deleted += 1
    for folder, organization_id, month_over in _months():
        if organization_id not in retention or month_over < now - timedelta(days=retention[organization_id]):
            rmtree(folder, ignore_errors=True)
    return deleted


def _delete_file(file: Path) -> bool:
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        log.error("recording_not_deleted", path=file.name, error=str(error))
        return False
    return True


def _months() -> Iterator[tuple[Path, UUID, datetime]]:
    """The folders organization/yyyy-mm, whose they are, and a moment when that month was over."""
    for folder in Path(settings.RECORDINGS_ROOT).glob("*/*/"):
        if _ORGANIZATION.fullmatch(folder.parent.name) and _MONTH.fullmatch(folder.name):
            first = datetime.fromisoformat(f"{folder.name}-01T00:00:00+00:00")
            yield folder, UUID(folder.parent.name), first + timedelta(days=32)
