import pytest

from calls.models import Call
from calls.questions.models import ANSWER_AT_MOST, Question
from calls.states import State
from tests.api_client import Api
from tests.factories import NOW, make_call, make_question


@pytest.fixture
def call(api: Api) -> Call:
    return make_call(State.ENDED, organization=api.organization, contact_name="Anna")


@pytest.fixture
def question(call: Call) -> Question:
    return make_question(call, status="expired")


def test_questions_are_listed_with_whom_the_agent_talks_to(api: Api, question: Question) -> None:
    status, page = api.get("questions/")
    (shown,) = page["results"]
    assert (status, shown["text"], shown["contact_name"]) == (200, "May she bring her dog?", "Anna")
    assert shown["deadline"] == "2026-11-24T15:01:00Z"


def test_those_that_wait_can_be_asked_for(api: Api, call: Call, question: Question) -> None:
    make_question(call, status="answered", answer="Yes.", answered_at=NOW)
    shown = api.get("questions/", waiting="true")[1]["results"]
    assert [one["id"] for one in shown] == [str(question.pk)]
    assert len(api.get("questions/")[1]["results"]) == 2
    assert api.get("questions/", waiting="perhaps")[0] == 400


def test_an_answer_is_taken_once(api: Api, question: Question) -> None:
    status, shown = api.post(f"questions/{question.pk}/answer/", {"answer": " Yes, gladly. "})
    assert (status, shown["status"], shown["answer"]) == (200, "answered_late", "Yes, gladly.")
    assert shown["answered_by"] == str(api.user)
    status, body = api.post(f"questions/{question.pk}/answer/", {"answer": "No."})
    assert (status, body["error"]["code"]) == (409, "question_closed")
    assert "Yes, gladly." in body["error"]["message"]


@pytest.mark.parametrize("body", [{}, {"answer": ""}, {"answer": "  "}, {"answer": "x" * (ANSWER_AT_MOST + 1)}])
def test_what_is_no_answer_is_refused_by_its_field(api: Api, question: Question, body: dict[str, str]) -> None:
    status, told = api.post(f"questions/{question.pk}/answer/", body)
    assert status == 400
    assert "answer" in told["error"]["fields"]


def test_going_on_without_closes_it(api: Api, question: Question) -> None:
    assert api.post(f"questions/{question.pk}/dismiss/")[1]["status"] == "dismissed"
    assert api.post(f"questions/{question.pk}/answer/", {"answer": "Yes."})[0] == 409


def test_another_organization_sees_and_changes_nothing(stranger: Api, question: Question) -> None:
    assert stranger.get("questions/")[1]["results"] == []
    assert stranger.post(f"questions/{question.pk}/answer/", {"answer": "Mine."})[0] == 404
    assert stranger.post(f"questions/{question.pk}/dismiss/")[0] == 404
    question.refresh_from_db()
    assert question.status == "expired"
