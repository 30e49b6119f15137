"""The recording of a call, over the API and on its page."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client, override_settings
from rest_framework.test import APIClient

from calls.contracts import RecordingRecord
from calls.facade import record_recording
from calls.models import Call
from calls.states import State
from opendeep.accounts.models import ApiToken
from tests.api_client import Api
from tests.factories import NOW, make_call

SOUND = b"RIFF" + bytes(100)


@pytest.fixture
def call(api: Api, tmp_path: Path) -> Iterator[Call]:
    call = make_call(State.ENDED, organization=api.organization)
    (tmp_path / "a.wav").write_bytes(SOUND)
    record_recording(call.pk, RecordingRecord("a.wav", 2000, len(SOUND), 0), at=NOW)
    with override_settings(RECORDINGS_ROOT=tmp_path):
        yield call


def program_of(api: Api) -> APIClient:
    _, token = ApiToken.issue(api.user, api.organization)
    return APIClient(headers={"Authorization": f"Token {token}"})


def browser_of(api: Api) -> Client:
    client = Client()
    client.force_login(api.user)
    return client


@pytest.mark.parametrize("accepted", ["*/*", "audio/wav"])
def test_the_api_sends_the_sound_and_parts_of_it(api: Api, call: Call, accepted: str) -> None:
    path, client = f"/api/calls/{call.pk}/recording/", program_of(api)
    whole = client.get(path, headers={"Accept": accepted})
    assert (whole.status_code, whole["Content-Type"], whole.getvalue()) == (200, "audio/wav", SOUND)
    part = client.get(path, headers={"Accept": accepted, "Range": "bytes=0-3"})
    assert (part.status_code, part.getvalue()) == (206, b"RIFF")


def test_the_call_page_has_a_player_of_it(api: Api, call: Call) -> None:
    client = browser_of(api)
    address = f"/calls/{call.pk}/recording.wav"
    assert f'src="{address}"' in client.get(f"/calls/{call.pk}/").content.decode()
    part = client.get(address, headers={"Range": "bytes=4-"})
    assert (part.status_code, part["Content-Type"], part.getvalue()) == (206, "audio/wav", SOUND[4:])


def test_a_call_that_was_not_recorded_has_no_player_and_no_sound(api: Api) -> None:
    call = make_call(State.ENDED, organization=api.organization)
    client = browser_of(api)
    assert "<audio" not in client.get(f"/calls/{call.pk}/").content.decode()
    assert client.get(f"/calls/{call.pk}/recording.wav").status_code == 404
    assert api.get(f"calls/{call.pk}/recording/")[0] == 404


def test_nobody_hears_the_calls_of_others(call: Call, stranger: Api) -> None:
    assert stranger.get(f"calls/{call.pk}/recording/")[0] == 404
    assert browser_of(stranger).get(f"/calls/{call.pk}/recording.wav").status_code == 404
    assert Client().get(f"/calls/{call.pk}/recording.wav").status_code == 302
    assert APIClient().get(f"/api/calls/{call.pk}/recording/").status_code == 401
