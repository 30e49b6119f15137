"""Rows and files of recordings, and the end of both."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.test import override_settings

from calls.contracts import RecordingRecord
from calls.facade import record_recording, talk_order
from calls.models import Call, Recording
from calls.services.recordings import delete_old_recordings, file_of_recording
from calls.states import State
from opendeep.accounts.models import Organization
from opendeep.core.errors import NotFound
from tests.factories import NOW, make_call, make_organization

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def root(tmp_path: Path) -> Iterator[Path]:
    with override_settings(RECORDINGS_ROOT=tmp_path):
        yield tmp_path


def recorded(root: Path, organization: Organization, at: datetime = NOW) -> tuple[Call, Path]:
    call = make_call(State.ENDED, organization=organization)
    path = f"{organization.pk}/{at:%Y-%m}/{call.pk}.wav"
    record_recording(call.pk, RecordingRecord(path, 2000, 32058, 0), at=at)
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"sound")
    return call, file


def test_a_recording_is_one_row_from_its_begin_to_its_end() -> None:
    call = make_call(State.TALKING)
    record_recording(call.pk, RecordingRecord("a/b.wav"), at=NOW)
    record_recording(call.pk, RecordingRecord("a/b.wav", 2000, 32058, 40), at=NOW + timedelta(seconds=2))
    row = Recording.objects.get(call=call)
    assert (row.path, row.duration_ms, row.bytes, row.dropped_ms, row.created_at) == ("a/b.wav", 2000, 32058, 40, NOW)
    call.refresh_from_db()
    assert call.figures == {"recording_dropped_ms": 40}


def test_a_recording_of_no_call_is_refused() -> None:
    with pytest.raises(NotFound):
        record_recording(make_organization().pk, RecordingRecord("a/b.wav"), at=NOW)


@pytest.mark.parametrize(
    ("chosen", "allowed", "records"), [(True, True, True), (True, False, False), (False, True, False)]
)
def test_only_who_has_chosen_it_is_recorded_and_the_setting_forbids_it_to_all(
    chosen: bool, allowed: bool, records: bool
) -> None:
    call = make_call(State.PREPARING, organization=make_organization(records_calls=chosen))
    with override_settings(RECORDINGS=allowed):
        order = talk_order(call.pk)
    assert order is not None and order.records is records


def test_by_default_nobody_is_recorded() -> None:
    assert make_organization().records_calls is False


def test_files_are_found_for_their_organization_only(root: Path) -> None:
    acme = make_organization()
    call, file = recorded(root, acme)
    assert file_of_recording(acme.pk, call.pk) == file
    with pytest.raises(NotFound):
        file_of_recording(make_organization().pk, call.pk)
    file.unlink()
    with pytest.raises(NotFound):
        file_of_recording(acme.pk, call.pk)


def test_what_is_older_than_the_retention_is_deleted_file_and_row(root: Path) -> None:
    acme = make_organization(retention_days=30)
    _, old = recorded(root, acme, NOW - timedelta(days=31))
    kept_call, kept = recorded(root, acme, NOW - timedelta(days=29))
    _, of_others = recorded(root, make_organization(retention_days=90), NOW - timedelta(days=31))
    assert delete_old_recordings(NOW) == 1
    assert (old.exists(), kept.exists(), of_others.exists()) == (False, True, True)
    assert Recording.objects.filter(call=kept_call).exists()
    assert delete_old_recordings(NOW) == 0


def test_a_file_that_cannot_be_deleted_keeps_its_row_and_is_tried_again(root: Path) -> None:
    acme = make_organization(retention_days=30)
    call, file = recorded(root, acme, NOW - timedelta(days=31))
    file.unlink()
    file.mkdir()
    assert delete_old_recordings(NOW) == 0
    assert Recording.objects.filter(call=call).exists()
    file.rmdir()
    assert delete_old_recordings(NOW) == 1


def test_files_without_a_row_go_with_their_month_or_their_organization(root: Path) -> None:
    acme, gone = make_organization(retention_days=30), make_organization()
    _, old = recorded(root, acme, NOW - timedelta(days=80))
    _, young = recorded(root, acme)
    _, of_nobody = recorded(root, gone)
    Recording.objects.all().delete()
    gone.delete()
    (root / "notes").mkdir()
    delete_old_recordings(NOW)
    assert (old.exists(), young.exists(), of_nobody.exists()) == (False, True, False)
    assert (root / "notes").is_dir()
