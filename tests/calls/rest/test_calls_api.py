import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from calls.models import Call, DoNotCall
from calls.services.talk import record_event
from calls.states import State
from tests.api_client import Api
from tests.factories import NOW, NUMBER, make_call, make_turns


@pytest.fixture
def call(api: Api) -> Call:
    call = make_call(State.ENDED, organization=api.organization)
    make_turns(call, ("agent", "Hello?"), ("callee", "Yes."))
    record_event(call.pk, kind="hung_up", source="pbx", detail={"cause": 16}, at=NOW)
    return call


def test_calls_are_listed_without_their_briefs(api: Api, call: Call) -> None:
    status, page = api.get("calls/")
    (shown,) = page["results"]
    assert (status, shown["id"], shown["outcome"]) == (200, str(call.pk), "completed")
    assert "brief" not in shown


def test_the_list_costs_the_same_however_long_it_is(api: Api, call: Call) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            api.get("calls/")
        return len(captured)

    api.get("calls/")  # the first use of a token is noted
    before = queries()
    for _ in range(5):
        make_call(State.ENDED, organization=api.organization)
    assert queries() == before


def test_one_call_shows_what_the_agent_was_told(api: Api, call: Call) -> None:
    assert api.get(f"calls/{call.pk}/")[1]["brief"]["goal"] == call.brief["goal"]


def test_the_transcript_comes_in_order(api: Api, call: Call) -> None:
    turns = api.get(f"calls/{call.pk}/transcript/")[1]["turns"]
    assert [(turn["turn"], turn["speaker"], turn["text"]) for turn in turns] == [
        (1, "agent", "Hello?"),
        (2, "callee", "Yes."),
    ]


def test_events_come_in_order(api: Api, call: Call) -> None:
    (event,) = api.get(f"calls/{call.pk}/events/")[1]["events"]
    assert (event["kind"], event["detail"]) == ("hung_up", {"cause": 16})


def test_hanging_up_cancels_a_call_that_is_not_dialled_yet(api: Api) -> None:
    call = make_call(organization=api.organization)
    status, shown = api.post(f"calls/{call.pk}/hangup/")
    assert (status, shown["state"], shown["outcome"]) == (202, "ended", "cancelled")


def test_hanging_up_a_call_that_has_ended_changes_nothing(api: Api, call: Call) -> None:
    assert api.post(f"calls/{call.pk}/hangup/")[1]["outcome"] == "completed"


def test_a_number_is_put_on_the_list_once(api: Api) -> None:
    body = {"number": "+1 202 555 0105", "reason": "asked by mail"}
    status, row = api.post("do-not-call/", body)
    assert (status, row["number"], row["source"], row["everybody"]) == (201, "+12025550105", "owner", False)
    assert api.post("do-not-call/", body)[0] == 200
    assert DoNotCall.objects.get().organization == api.organization


@pytest.mark.parametrize(
    ("body", "code"), [({"number": "soon"}, "bad_number"), ({}, "invalid"), ({"number": ""}, "invalid")]
)
def test_what_is_no_number_is_refused(api: Api, body: dict[str, str], code: str) -> None:
    status, error = api.post("do-not-call/", body)
    assert (status, error["error"]["code"]) == (400, code)


def test_the_list_holds_ones_own_numbers_and_everybodys(api: Api, stranger: Api) -> None:
    for organization, number in (
        (api.organization, "+12025550101"),
        (stranger.organization, "+12025550102"),
        (None, "+12025550103"),
    ):
        DoNotCall.objects.create(organization=organization, number=number, source="import", created_at=NOW)
    rows = api.get("do-not-call/")[1]["results"]
    assert {(row["number"], row["everybody"]) for row in rows} == {("+12025550101", False), ("+12025550103", True)}


def test_another_organization_sees_and_ends_nothing(api: Api, stranger: Api) -> None:
    call = make_call(organization=api.organization)
    assert stranger.get("calls/")[1]["results"] == []
    for path in ("", "transcript/", "events/"):
        assert stranger.get(f"calls/{call.pk}/{path}")[0] == 404
    assert stranger.post(f"calls/{call.pk}/hangup/")[0] == 404
    call.refresh_from_db()
    assert call.state == State.QUEUED


@pytest.mark.parametrize("limit", [501, 10**30])
def test_no_page_is_longer_than_500(api: Api, limit: int) -> None:
    make_call(organization=api.organization)
    Call.objects.bulk_create(
        Call(organization=api.organization, origin=f"o:{n}", number=NUMBER, brief={}, not_before=NOW, created_at=NOW)
        for n in range(500)
    )
    status, page = api.get("calls/", limit=limit)
    assert (status, page["count"], len(page["results"])) == (200, 501, 500)
