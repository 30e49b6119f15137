from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer

from calls.endings import Ending
from calls.models import Call, CallEvent
from calls.questions import service
from calls.questions.contracts import QUESTION_CHANGED
from calls.questions.models import ANSWER_AT_MOST, Question
from calls.questions.selectors import waiting_questions
from calls.services.transitions import apply
from calls.states import Outcome, Signal, State
from opendeep.accounts.models import User
from opendeep.core.errors import Conflict, DomainError, NotFound
from opendeep.core.models import OutboxEvent
from tests.calls.conftest import make_gateway
from tests.factories import NOW, make_call, make_question, make_user

pytestmark = pytest.mark.django_db

IN_TIME, LATE = NOW + timedelta(seconds=30), NOW + timedelta(minutes=10)


@pytest.fixture
def owner() -> User:
    return make_user(name="Olivia")


@pytest.fixture
def call(owner: User) -> Call:
    return make_call(State.TALKING, organization=owner.memberships.get().organization)


def ask(call: Call, command_id: str = "call_1", **fields: Any) -> Question:
    values: dict[str, Any] = {"text": "May she bring her dog?", "deadline": NOW + timedelta(seconds=60), "at": NOW}
    service.ask_owner(call.pk, command_id=command_id, **(values | fields))
    return Question.objects.get(call=call, command_id=command_id)


def answer(question: Question, owner: User, text: str = "Yes.", at: Any = IN_TIME) -> str:
    return service.answer_question(question.organization_id, question.pk, text, by=owner, at=at).status


def kinds(call: Call) -> list[str]:
    return list(CallEvent.objects.filter(call=call).values_list("kind", flat=True))


def facts() -> list[str]:
    return [event.payload["status"] for event in OutboxEvent.objects.filter(topic=QUESTION_CHANGED).order_by("id")]


def test_a_question_is_written_down_with_its_event_and_its_fact(call: Call) -> None:
    question = ask(call)
    assert (question.text, question.status) == ("May she bring her dog?", "open")
    assert (kinds(call), facts()) == (["question_asked"], ["open"])


def test_the_same_tool_call_asked_twice_is_one_question(call: Call) -> None:
    assert ask(call) == ask(call, text="Something else?")
    assert kinds(call) == ["question_asked"]


def test_an_answer_in_time_is_kept_with_who_gave_it(call: Call, owner: User) -> None:
    question = ask(call)
    assert answer(question, owner, "  Yes, gladly. ") == "answered"
    question.refresh_from_db()
    assert (question.answer, question.answered_by, question.answered_at) == ("Yes, gladly.", owner, IN_TIME)
    assert call.events.get(kind="question_answered").detail["answer"] == "Yes, gladly."
    assert facts() == ["open", "answered"]


def test_a_second_answer_is_told_who_was_first(call: Call, owner: User) -> None:
    question = ask(call)
    answer(question, owner)
    with pytest.raises(Conflict, match="Olivia has answered this already: Yes"):
        answer(question, owner, "No.")
    assert kinds(call).count("question_answered") == 1


def test_an_answer_after_the_agent_gave_up_is_late(call: Call, owner: User) -> None:
    question = ask(call)
    expired = service.expire_question(call.pk, command_id="call_1", at=NOW + timedelta(seconds=61))
    assert expired is not None and expired.status == "expired"
    assert answer(question, owner, at=LATE) == "answered_late"
    assert call.events.get(kind="question_answered").detail["late"] is True
    assert facts() == ["open", "expired", "answered_late"]


def test_an_answer_that_was_faster_than_the_deadline_counts(call: Call, owner: User) -> None:
    answer(ask(call), owner)
    view = service.expire_question(call.pk, command_id="call_1", at=LATE)
    assert view is not None and (view.status, view.answer) == ("answered", "Yes.")
    assert "question_expired" not in kinds(call)


def test_the_end_of_the_call_withdraws_what_is_open(call: Call, owner: User) -> None:
    question = ask(call)
    apply(call.pk, Signal.END, at=IN_TIME, source="pbx", ending=Ending(Outcome.COMPLETED, "The callee hung up."))
    question.refresh_from_db()
    assert question.status == "withdrawn"
    assert answer(question, owner) == "answered_late"


def test_while_the_call_is_just_ending_an_answer_is_late(call: Call, owner: User) -> None:
    question = ask(call)
    Call.objects.filter(pk=call.pk).update(hung_up_at=IN_TIME)
    assert answer(question, owner) == "answered_late"


def test_when_the_gateway_has_died_an_answer_after_the_deadline_is_late(call: Call, owner: User) -> None:
    assert answer(ask(call), owner, at=LATE) == "answered_late"


def test_a_question_that_comes_after_the_end_of_its_call_is_unanswered_from_the_start() -> None:
    question = ask(make_call(State.ENDED))
    assert question.status == "withdrawn"


def test_who_goes_on_without_is_asked_no_more(call: Call, owner: User) -> None:
    question = ask(call)
    assert service.dismiss_question(call.organization_id, question.pk, by=owner, at=IN_TIME).status == "dismissed"
    assert service.dismiss_question(call.organization_id, question.pk, by=owner, at=IN_TIME).status == "dismissed"
    assert kinds(call).count("question_dismissed") == 1
    with pytest.raises(Conflict, match="Nobody waits for this answer"):
        answer(question, owner)


def test_what_was_answered_cannot_be_dismissed(call: Call, owner: User) -> None:
    question = ask(call)
    answer(question, owner)
    with pytest.raises(Conflict):
        service.dismiss_question(call.organization_id, question.pk, by=owner, at=IN_TIME)


def test_questions_on_which_nothing_hangs_any_more_are_dropped(call: Call) -> None:
    open_one, expired = make_question(call), make_question(call, status="expired")
    other = make_question(make_call(), status="expired")
    service.drop_questions(origin=call.origin, at=LATE)
    assert [Question.objects.get(pk=q.pk).status for q in (open_one, expired, other)] == [
        "open",
        "dismissed",
        "expired",
    ]


@pytest.mark.parametrize("text", ["", "  \n ", "x" * (ANSWER_AT_MOST + 1), "a\x00b"])
def test_what_is_no_answer_changes_nothing(call: Call, owner: User, text: str) -> None:
    question = ask(call)
    with pytest.raises(DomainError) as problem:
        answer(question, owner, text)
    assert problem.value.code == "bad_answer" and "answer" in problem.value.fields
    question.refresh_from_db()
    assert question.status == "open"


def test_another_organization_does_not_find_it(call: Call) -> None:
    question, stranger = ask(call), make_user()
    strange_id: UUID = stranger.memberships.get().organization_id
    with pytest.raises(NotFound):
        service.answer_question(strange_id, question.pk, "Yes.", by=stranger, at=IN_TIME)
    with pytest.raises(NotFound):
        service.dismiss_question(strange_id, question.pk, by=stranger, at=IN_TIME)


def test_unknown_calls_and_tool_calls_are_nothing() -> None:
    with pytest.raises(NotFound):
        service.ask_owner(uuid4(), command_id="x", text="?", deadline=NOW, at=NOW)
    assert service.expire_question(uuid4(), command_id="x", at=NOW) is None


def test_where_somebody_waits_on_the_line_comes_first(call: Call) -> None:
    expired = make_question(call, status="expired")
    late = make_question(call, asked_at=LATE)
    early = make_question(call, asked_at=IN_TIME)
    make_question(call, status="answered")
    assert list(waiting_questions(call.organization_id)) == [early, late, expired]


@pytest.mark.django_db(transaction=True)
async def test_the_gateway_hears_of_the_answer_at_once(redis_url: str) -> None:
    def answered() -> UUID:
        make_gateway("gateway-1", channel=channel)
        owner = make_user()
        call = make_call(State.TALKING, organization=owner.memberships.get().organization)
        answer(ask(call), owner)
        return call.pk

    layer = get_channel_layer()
    assert layer is not None
    channel = await layer.new_channel()
    call_id = await sync_to_async(answered)()
    assert await layer.receive(channel) == {"type": "question.closed", "call_id": str(call_id)}
