from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from calls.compliance.decisions import ALLOW, Defer, Deny
from calls.compliance.rules import RULES
from calls.contracts import CalleeKind
from calls.models import Call, CallEvent, DoNotCall, Turn
from calls.services import decisions
from calls.services.callee import note_callee, note_message_left
from calls.states import State
from calls.web.words import RULE_WORDS
from campaigns.keys import task_origin
from opendeep.accounts.models import Organization, User
from opendeep.core.clock import now
from tests.factories import NOW, make_brief, make_call, make_campaign, make_organization, make_turns, make_verdict
from tests.web.conftest import Browser, words_of

pytestmark = pytest.mark.django_db

HOSTILE = "<script>alert(1)</script>"
RESULT_FIELDS = ({"name": "keeps_it", "label": "Keeps the appointment", "type": "yes_no", "options": []},)


def url(call: Call, part: str = "") -> str:
    return f"/calls/{call.pk}/{part}"


def talked(organization: Organization, **fields: object) -> Call:
    values = {"contact_name": "Anna", "talk_ms": 34_000, "end_reason": "The agent ended the call."}
    brief = make_brief(result_fields=RESULT_FIELDS).to_json()
    call = make_call(State.ENDED, organization=organization, brief=brief, **(values | fields))
    make_turns(call, ("agent", "Do you keep your appointment?"), ("callee", "Yes, I do."), ("agent", "Goodbye."))
    return call


# --- One call ---------------------------------------------------------------------------------------


def test_the_transcript_stands_in_order_with_times(page: Browser, acme: Organization) -> None:
    seen = words_of(page.get(url(talked(acme))))
    said = "0:00 Agent Do you keep your appointment? 0:05 Callee Yes, I do. 0:10 Agent Goodbye."
    assert said in seen
    assert "First call" in seen


def test_other_calls_for_the_same_task_are_linked(page: Browser, acme: Organization) -> None:
    first, second, other = talked(acme), talked(acme, attempt=2), talked(acme)
    foreign = talked(make_organization())
    Call.objects.filter(pk__in=[first.pk, second.pk, foreign.pk]).update(origin=task_origin(uuid4()))
    Call.objects.filter(pk=other.pk).update(origin=task_origin(uuid4()))
    html = page.get(url(second))
    assert f'href="{url(first)}">First call</a>' in html
    assert url(other) not in html
    assert url(foreign) not in html


def test_moments_in_events_are_told_on_the_clock_of_the_viewer(page: Browser, acme: Organization) -> None:
    call = talked(acme)
    detail = {"deadline": "2026-11-20T23:08:46.978535+00:00", "leave_message": False}
    CallEvent.objects.create(call=call, kind="question_asked", source="agent", detail=detail, at=NOW)
    assert "deadline: Sat 21 Nov 00:08 · leave message: no" in words_of(page.get(url(call)))


def test_a_call_that_waits_says_when_a_part_is_away_and_one_that_is_over_does_not(
    page: Browser, acme: Organization
) -> None:
    waits, over = make_call(organization=acme, number="+12025550123"), talked(acme)
    assert "No calls go out right now. The message broker (Redis)" in words_of(page.get(url(waits)))
    assert "right now" not in words_of(page.get(url(over)))


def test_words_that_nobody_heard_are_struck_through(page: Browser, acme: Organization) -> None:
    call = talked(acme)
    Turn.objects.filter(call=call, position=0).update(heard_text="Do you keep", interrupted=True)
    assert "Do you keep <s>" in page.get(url(call))
    assert "your appointment?</s>" in page.get(url(call))


def test_the_verdict_links_to_the_words_it_rests_on(page: Browser, acme: Organization) -> None:
    call = talked(acme)
    results = [
        {"field": "keeps_it", "value": "yes", "evidence_turns": [2], "verified": True},
        {"field": "other", "value": "red", "evidence_turns": [], "verified": False},
    ]
    make_verdict(call.pk, task_completed=True, summary="Anna comes.", results=results)
    html = page.get(url(call))
    seen = words_of(html)
    assert "Goal reached. Anna comes." in seen
    assert "Keeps the appointment yes 2" in seen
    assert "Other red unverified" in seen
    assert 'href="#turn-2"' in html
    assert 'id="turn-2"' in html


def test_an_ended_call_without_verdict_is_being_judged(page: Browser, acme: Organization) -> None:
    assert "being judged" in page.get(url(talked(acme)))


def test_the_page_says_how_it_went(page: Browser, acme: Organization) -> None:
    figures = {
        "first_audio_ms": 64, "voice_to_voice_ms": [700, 812, 950], "interruptions": 1, "late_frames": 0, "underruns": 2
    }  # fmt: skip
    call = talked(acme, figures=figures, cost_microcents=11_000_000, hangup_cause=16)
    seen = words_of(page.get(url(call)))
    for part in ("64 ms", "0.8 s median", "1 time", "2 gaps", "$0.11", "normal, cause 16"):
        assert part in seen


def test_a_call_that_waits_says_why_and_until_when(page: Browser, acme: Organization) -> None:
    call = make_call(organization=acme, not_before=now() + timedelta(days=1))
    CallEvent.objects.create(call=call, at=NOW, kind="waits", source="engine", detail={"why": "It is night there."})
    seen = words_of(page.get(url(call)))
    assert "Not dialled yet. It is night there. Next look tomorrow" in seen


def test_a_live_call_listens_for_hints_and_counts_its_seconds(page: Browser, acme: Organization) -> None:
    call = make_call(State.TALKING, organization=acme, talking_at=now() - timedelta(seconds=42))
    html = page.get(url(call))
    assert f'data-live="/ws/calls/{call.pk}/" data-live-busy' in html
    assert 'data-elapsed="42' in html
    assert "End call" in html


def test_a_call_links_to_its_campaign_and_to_nobody_elses(page: Browser, alice: User, mallory: User) -> None:
    ours, theirs = make_campaign(user=alice, title="Ours"), make_campaign(user=mallory, title="Theirs")
    for campaign, shown in ((ours, True), (theirs, False)):
        origin = task_origin(campaign.tasks.get().pk)
        call = make_call(State.ENDED, organization=ours.organization, origin=origin)
        assert (f"/campaigns/{campaign.pk}/" in page.get(url(call))) is shown


def test_hostile_words_stay_text(page: Browser, acme: Organization) -> None:
    call = talked(acme, contact_name=HOSTILE, end_reason=HOSTILE)
    Turn.objects.filter(call=call).update(text=HOSTILE * 2, heard_text=HOSTILE)
    CallEvent.objects.create(call=call, at=NOW, kind="note", source="agent", detail={HOSTILE: HOSTILE})
    make_verdict(
        call.pk, summary=HOSTILE, results=[{"field": "x", "value": HOSTILE, "evidence_turns": [1], "verified": True}]
    )
    assert HOSTILE not in page.get(url(call))
    assert HOSTILE not in page.get("/calls/")


def test_a_waiting_call_can_be_called_off(page: Browser, acme: Organization) -> None:
    call = make_call(organization=acme)
    assert "Cancelled" in words_of(page.post(url(call, "end/")))
    call.refresh_from_db()
    assert (call.state, call.outcome) == ("ended", "cancelled")


# --- Lists ------------------------------------------------------------------------------------------


def test_the_list_says_what_came_of_each_call(page: Browser, acme: Organization) -> None:
    judged, busy = (
        talked(acme),
        make_call(State.ENDED, organization=acme, outcome="busy", end_reason="The line was busy."),
    )
    make_verdict(judged.pk, summary="Anna comes.")
    seen = words_of(page.get("/calls/"))
    assert "Talked Anna comes." in seen
    assert "Busy The line was busy." in seen
    assert busy.number


def test_a_list_of_calls_costs_the_same_however_many_there_are(page: Browser, acme: Organization) -> None:
    costs = set()
    for count in (1, 20):
        for _ in range(count):
            make_verdict(talked(acme).pk)
        with CaptureQueriesContext(connection) as queries:
            page.get("/calls/")
        costs.add(len(queries))
    assert len(costs) == 1


def test_the_list_has_pages(page: Browser, acme: Organization) -> None:
    for _ in range(51):
        make_call(State.ENDED, organization=acme)
    assert 'href="?page=2"' in page.get("/calls/")
    assert 'href="?page=3"' not in page.get("/calls/?page=2")


def test_a_number_is_put_on_the_do_not_call_list_however_it_is_written(page: Browser, acme: Organization) -> None:
    html = page.post("/do-not-call/", {"number": "+1 (202) 555-0100", "reason": "Asked by mail"})
    assert "is on the list now" in html
    row = DoNotCall.objects.get()
    assert (row.organization, row.number, row.reason) == (acme, "+12025550100", "Asked by mail")
    assert "was on the list already" in page.post("/do-not-call/", {"number": "+12025550100"})


def test_an_unusable_number_is_refused_beside_its_field(page: Browser) -> None:
    html = page.post("/do-not-call/", {"number": "twelve", "reason": "x"}, status=422)
    assert "is not a telephone number" in html
    assert 'value="twelve"' in html
    assert not DoNotCall.objects.exists()


def test_the_list_shows_own_and_global_numbers_but_no_reasons_of_others(
    page: Browser, strange_page: Browser, acme: Organization
) -> None:
    DoNotCall.objects.create(organization=acme, number="+12025550100", reason="Ours.", source="owner", created_at=NOW)
    DoNotCall.objects.create(organization=None, number="+12025550101", reason="Secret.", source="call", created_at=NOW)
    ours, theirs = page.get("/do-not-call/"), strange_page.get("/do-not-call/")
    assert ("Ours." in ours, "Ours." in theirs) == (True, False)
    assert ("+1 202-555-0101" in ours, "+1 202-555-0101" in theirs) == (True, True)
    assert "Secret." not in ours + theirs


def test_a_number_can_be_found_in_the_list(page: Browser, acme: Organization) -> None:
    for number in ("+12025550188", "+12025550177"):
        DoNotCall.objects.create(organization=acme, number=number, source="owner", created_at=NOW)
    html = page.get("/do-not-call/?search=0177")
    assert ("+1 202-555-0177" in html, "+1 202-555-0188" in html) == (True, False)


# --- Strangers --------------------------------------------------------------------------------------


def test_strangers_see_no_calls(strange_page: Browser, acme: Organization) -> None:
    call = talked(acme)
    strange_page.get(url(call), status=404)
    assert "No calls yet." in strange_page.get("/calls/")


def test_strangers_end_no_calls(strange_page: Browser, acme: Organization) -> None:
    call = make_call(organization=acme)
    strange_page.post(url(call, "end/"), status=404)
    call.refresh_from_db()
    assert call.state == "queued"


def csv_file(content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("list.csv", content, "text/csv")


def test_many_numbers_come_from_a_file(page: Browser, acme: Organization) -> None:
    html = page.post("/do-not-call/import/", {"file": csv_file(b"number\n+12025550100\n+12025550101\n")})
    assert "2 numbers added." in html
    assert DoNotCall.objects.filter(organization=acme, source="import").count() == 2
    assert "0 numbers added. 1 on the list already." in page.post(
        "/do-not-call/import/", {"file": csv_file(b"+12025550100")}
    )


def test_lines_of_a_file_that_are_no_numbers_are_named(page: Browser) -> None:
    html = page.post("/do-not-call/import/", {"file": csv_file(f"+12025550100\n{HOSTILE}1\n".encode())})
    assert "1 number added." in html
    assert "1 line could not be taken" in html
    assert "Line 2:" in html
    assert HOSTILE not in html


@pytest.mark.parametrize(
    ("data", "words"), [({}, "Choose a CSV file"), ({"file": b"name\nAda"}, "no column named number")]
)
def test_a_file_that_is_no_list_is_refused_beside_its_field(page: Browser, data: dict[str, bytes], words: str) -> None:
    files = {name: csv_file(content) for name, content in data.items()}
    assert words in page.post("/do-not-call/import/", files, status=422)
    assert not DoNotCall.objects.exists()


def test_the_gates_decisions_are_told_in_words(page: Browser, acme: Organization) -> None:
    call = make_call(organization=acme)
    until = now() + timedelta(days=1)
    decisions.keep(call.pk, Defer(until, "calling_hours", "It is night there."), NOW)
    decisions.keep(call.pk, Deny("consent", "No consent is noted."), NOW)
    decisions.keep(call.pk, ALLOW, NOW)
    seen = words_of(page.get(url(call)))
    assert "Waits: calling hours engine why: It is night there. · until: tomorrow" in seen
    assert "May not be dialled: consent engine why: No consent is noted." in seen
    assert "May be dialled: every rule allows it" in seen


def test_every_rule_of_the_gate_has_words() -> None:
    assert {rule.__name__ for rule in RULES} <= set(RULE_WORDS)


def test_the_page_says_who_answered(page: Browser, acme: Organization) -> None:
    machine = talked(acme, callee_kind="voicemail", message_left=True)
    assert "Who answered a voicemail, a message was left" in words_of(page.get(url(machine)))
    assert "Who answered" not in words_of(page.get(url(talked(acme))))


def test_what_became_known_of_the_callee_stands_among_the_events(page: Browser, acme: Organization) -> None:
    call = talked(acme)
    note_callee(call.pk, kind=CalleeKind.VOICEMAIL, why="asks for a message", at=NOW)
    note_message_left(call.pk, at=NOW)
    seen = words_of(page.get(url(call)))
    for part in ("Who is there", "asks for a message", "A message was left"):
        assert part in seen


@pytest.mark.parametrize("path", ["/calls/", "/campaigns/", "/questions/", "/do-not-call/"])
def test_a_page_behind_the_end_of_a_list_leads_back(page: Browser, path: str) -> None:
    html = page.get(f"{path}?page=7")
    assert "The list ends before this page." in words_of(html)
    assert 'href="?"' in html
