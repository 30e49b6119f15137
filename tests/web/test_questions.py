from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client

from calls.models import Call
from calls.questions.models import Question
from calls.states import State
from calls.web.event_words import EVENT_WORDS
from campaigns.keys import task_origin
from campaigns.services.advance import note_call_judged
from opendeep.accounts.models import Organization, User
from opendeep.core.clock import now
from tests.factories import make_call, make_called_task, make_campaign, make_question, make_verdict
from tests.web.conftest import Browser, words_of

pytestmark = pytest.mark.django_db

HOSTILE = "<script>alert(1)</script>"
SCRIPT = {"X-Questions": "some"}


@pytest.fixture
def call(acme: Organization) -> Call:
    return make_call(State.TALKING, organization=acme, contact_name="Anna")


def ask(call: Call, **fields: object) -> Question:
    at = now()
    return make_question(call, asked_at=at, deadline=at + timedelta(seconds=45), **fields)


def part(client_user: User, question: Question | None = None, path: str = "waiting", **data: str) -> tuple[int, str]:
    """What static/js/questions.js gets."""
    client = Client()
    client.force_login(client_user)
    if question is None:
        answer = client.get("/questions/waiting/", headers=SCRIPT)
    else:
        answer = client.post(f"/questions/{question.pk}/{path}/", data, headers=SCRIPT)
    return answer.status_code, answer.content.decode()


@pytest.mark.parametrize("path", ["/", "/campaigns/", "/calls/", "/questions/", "/do-not-call/"])
def test_an_open_question_stands_on_every_page_with_its_countdown(page: Browser, call: Call, path: str) -> None:
    ask(call)
    html = page.get(path)
    seen = words_of(html)
    assert "The agent is on the phone with Anna and asks you" in seen
    assert "May she bring her dog?" in seen
    left = int(html.split('data-left="')[1].split('"')[0])
    assert 40_000 < left <= 45_000


def test_the_list_of_questions_is_read_again_when_one_of_them_changes(page: Browser) -> None:
    html = page.get("/questions/?page=1")
    assert 'data-live="/ws/me/" hx-get="/questions/?page=1" hx-trigger="refresh"' in html


def test_without_a_question_nothing_stands_there(page: Browser, call: Call) -> None:
    make_question(call, status="answered", answer="Yes.")
    html = page.get("/campaigns/")
    assert 'data-count="0"' in html
    assert "data-question=" not in html


def test_after_the_deadline_it_can_still_be_answered(page: Browser, acme: Organization) -> None:
    make_question(make_call(State.ENDED, organization=acme), status="withdrawn")
    make_question(make_call(State.TALKING, organization=acme, number="+12025550177"), status="expired")
    seen = words_of(page.get("/calls/"))
    assert "The call is over. Answer anyway and we call back." in seen
    assert "The callee could not wait longer. Answer anyway and we call back." in seen


def test_many_late_ones_do_not_flood_every_page(page: Browser, acme: Organization) -> None:
    call = make_call(State.ENDED, organization=acme)
    for number in range(6):
        make_question(call, status="expired", text=f"Question {number}?")
    html = page.get("/campaigns/")
    assert html.count("data-question=") == 3
    assert "3 more from calls that are over" in html
    assert page.get("/questions/").count("data-question=") == 6


def test_an_answer_is_taken_and_said_so(alice: User, call: Call) -> None:
    question = ask(call)
    status, html = part(alice, question, "answer", answer="Yes, gladly.")
    assert status == 200
    assert "The agent says it now." in html
    assert "data-question=" not in html
    question.refresh_from_db()
    assert (question.status, question.answer, question.answered_by) == ("answered", "Yes, gladly.", alice)


def test_a_late_answer_promises_another_call(alice: User, acme: Organization) -> None:
    question = make_question(make_call(State.ENDED, organization=acme), status="expired")
    assert "We call again and say it." in part(alice, question, "answer", answer="Yes.")[1]


def test_an_empty_answer_is_refused_beside_its_field(alice: User, call: Call) -> None:
    question = ask(call)
    status, html = part(alice, question, "answer", answer="  ")
    assert status == 422
    assert "Write an answer first." in html
    assert 'aria-invalid="true"' in html


def test_whoever_comes_second_reads_the_first_answer(alice: User, call: Call) -> None:
    question = ask(call)
    part(alice, question, "answer", answer="Yes.")
    status, html = part(alice, question, "answer", answer="No.")
    assert status == 409
    assert "Alice has answered this already: Yes." in html


def test_going_on_without_closes_the_question(alice: User, call: Call) -> None:
    question = ask(call)
    assert "goes on without an answer" in part(alice, question, "dismiss")[1]
    question.refresh_from_db()
    assert question.status == "dismissed"


def test_without_scripts_the_answer_is_a_page_with_words(page: Browser, call: Call) -> None:
    question = ask(call)
    assert "Write an answer first." in words_of(page.post(f"/questions/{question.pk}/answer/", {"answer": ""}))
    assert "The agent says it now." in words_of(page.post(f"/questions/{question.pk}/answer/", {"answer": "Yes."}))
    assert "Alice has answered" in words_of(page.post(f"/questions/{question.pk}/answer/", {"answer": "No."}))


def test_other_tenants_see_and_change_nothing(mallory: User, strange_page: Browser, call: Call) -> None:
    question = ask(call)
    assert "May she bring" not in strange_page.get("/questions/")
    assert "May she bring" not in part(mallory)[1]
    assert part(mallory, question, "answer", answer="Mine.")[0] == 404
    assert part(mallory, question, "dismiss")[0] == 404
    strange_page.post(f"/questions/{uuid4()}/answer/", {"answer": "Yes."}, status=404)
    question.refresh_from_db()
    assert question.status == "open"


def test_strangers_are_sent_to_sign_in(call: Call) -> None:
    assert Client().get("/questions/waiting/").status_code == 302


def test_what_a_callee_says_cannot_become_a_script(page: Browser, acme: Organization) -> None:
    call = make_call(State.TALKING, organization=acme, contact_name=HOSTILE)
    ask(call, text=HOSTILE)
    make_question(call, text=HOSTILE, status="answered", answer=HOSTILE)
    for path in ("/questions/", f"/calls/{call.pk}/"):
        assert HOSTILE not in page.get(path)


def test_the_list_shows_what_was_asked_and_answered(page: Browser, alice: User, call: Call) -> None:
    make_question(call, status="answered_late", answer="Yes.", answered_by=alice, answered_at=now())
    seen = words_of(page.get("/questions/"))
    assert "Anna May she bring her dog? Yes. answered after the call, Alice" in seen


def test_the_page_of_the_call_shows_its_questions_and_events_in_words(page: Browser, alice: User, call: Call) -> None:
    question = ask(call)
    part(alice, question, "answer", answer="Yes.")
    seen = words_of(page.get(f"/calls/{call.pk}/"))
    assert "Asked of you May she bring her dog? Yes. answered in time, Alice" in seen
    assert EVENT_WORDS["question_answered"] in seen


def test_the_page_of_the_campaign_says_what_is_waited_for(page: Browser, alice: User) -> None:
    task = make_called_task(campaign=make_campaign(user=alice))
    assert task.current_call_id is not None
    make_question(Call.objects.get(pk=task.current_call_id), status="expired")
    make_verdict(task.current_call_id)
    note_call_judged(task.current_call_id, task_origin(task.pk), now())
    seen = words_of(page.get(f"/campaigns/{task.campaign_id}/"))
    assert "Waits for you Waits for your answer: May she bring her dog?" in seen
    assert "1 waiting for you" in seen
