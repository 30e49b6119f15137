"""The do-not-call list over HTTP: import, export, and what a call says of the gate's decision."""

from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from rest_framework.test import APIClient

from calls.compliance.decisions import ALLOW, Defer
from calls.models import DoNotCall
from calls.services import decisions
from calls.states import State
from opendeep.accounts.models import ApiToken
from tests.api_client import Api
from tests.factories import NOW, NUMBER, make_call


def client_of(api: Api) -> APIClient:
    return APIClient(headers={"Authorization": f"Token {ApiToken.issue(api.user, api.organization)[1]}"})


def upload(api: Api, content: bytes, path: str = "/api/do-not-call/import/") -> tuple[int, Any]:
    file = BytesIO(content)
    file.name = "list.csv"
    response = client_of(api).post(path, {"file": file}, format="multipart")
    return response.status_code, response.json()


def test_a_file_is_imported_and_its_mistakes_named(api: Api) -> None:
    call = make_call(organization=api.organization)
    status, body = upload(api, b"number,reason\n(202) 555-0100,by mail\nsoon\n")
    assert (status, body["added"], body["known"], body["refused"]) == (200, 1, 0, 1)
    assert body["problems"][0]["line"] == 3
    row = DoNotCall.objects.get()
    assert (row.organization, row.number, row.reason, row.source) == (api.organization, NUMBER, "by mail", "import")
    call.refresh_from_db()
    assert call.outcome == "blocked"


@pytest.mark.parametrize(("content", "code"), [(b"\xff\x00", "bad_file"), (b"name\nAda", "bad_file"), (b"", "invalid")])
def test_what_is_no_list_changes_nothing(api: Api, content: bytes, code: str) -> None:
    status, body = upload(api, content)
    assert (status, body["error"]["code"]) == (400, code)
    assert not DoNotCall.objects.exists()


def test_a_request_without_a_file_is_refused(api: Api) -> None:
    assert client_of(api).post("/api/do-not-call/import/", {}, format="multipart").status_code == 400


def test_the_export_holds_ones_own_numbers_and_everybodys(api: Api, stranger: Api) -> None:
    for organization, number in (
        (api.organization, "+12025550101"),
        (stranger.organization, "+12025550102"),
        (None, "+12025550103"),
    ):
        DoNotCall.objects.create(organization=organization, number=number, source="import", created_at=NOW)
    answer: Any = client_of(api).get("/api/do-not-call/export.csv")
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert lines[0] == "number,reason,source,since,everybody"
    assert {(line.split(",")[0], line.split(",")[-1]) for line in lines[1:]} == {
        ("+12025550101", "no"),
        ("+12025550103", "yes"),
    }


def test_what_was_noted_for_everybody_is_shown_to_nobody(api: Api) -> None:
    call = make_call()
    DoNotCall.objects.create(
        organization=None, number=NUMBER, source="call", reason="Secret.", call=call, created_at=NOW
    )
    (row,) = api.get("do-not-call/")[1]["results"]
    assert (row["reason"], row["source"], row["call_id"]) == ("", "", None)
    answer: Any = client_of(api).get("/api/do-not-call/export.csv")
    assert b"Secret." not in b"".join(answer.streaming_content)


def test_a_call_says_why_it_waits_and_until_when(api: Api) -> None:
    until = NOW + timedelta(hours=3)
    call = make_call(organization=api.organization, not_before=until)
    assert api.get(f"calls/{call.pk}/")[1]["decision"] is None
    decisions.keep(call.pk, Defer(until, "calling_hours", "It is night there."), NOW)
    shown = api.get(f"calls/{call.pk}/")[1]["decision"]
    assert (shown["decision"], shown["rule"], shown["why"]) == ("defer", "calling_hours", "It is night there.")
    assert shown["until"].startswith("2026-11-24T18:00")


def test_the_latest_decision_counts(api: Api) -> None:
    call = make_call(State.DIALING, organization=api.organization)
    decisions.keep(call.pk, Defer(NOW, "line", "Wait."), NOW)
    decisions.keep(call.pk, ALLOW, NOW)
    shown = api.get(f"calls/{call.pk}/")[1]["decision"]
    assert (shown["decision"], shown["until"]) == ("allow", None)
