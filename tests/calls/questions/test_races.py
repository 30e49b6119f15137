"""Two at the same moment: threads with connections of their own, on SQLite and on PostgreSQL alike."""

import pytest

from calls.models import CallEvent
from calls.questions import service
from calls.states import State
from opendeep.core.errors import Conflict
from tests.calls.services.test_races import at_once
from tests.factories import NOW, make_call, make_question, make_user

pytestmark = [pytest.mark.django_db(transaction=True)]


def test_of_two_answers_one_wins_and_the_other_is_told() -> None:
    owner = make_user()
    for _ in range(5):
        call = make_call(State.TALKING, organization=owner.memberships.get().organization)
        question = make_question(call)

        def answer(text: str, organization_id=call.organization_id, question_id=question.pk) -> str:  # type: ignore[no-untyped-def]
            try:
                return service.answer_question(organization_id, question_id, text, by=owner, at=NOW).answer
            except Conflict:
                return ""

        won = at_once(*(lambda text=text: answer(text) for text in ("Yes.", "No.", "Perhaps.")))
        question.refresh_from_db()
        assert sorted(won) == ["", "", question.answer]
        assert CallEvent.objects.filter(call=call, kind="question_answered").count() == 1
        call.delete()


def test_an_answer_and_the_deadline_at_once_agree_on_what_happened() -> None:
    owner = make_user()
    for _ in range(5):
        call = make_call(State.TALKING, organization=owner.memberships.get().organization)
        question = make_question(call, command_id="call_1")

        def answer(organization_id=call.organization_id, question_id=question.pk) -> str:  # type: ignore[no-untyped-def]
            return service.answer_question(organization_id, question_id, "Yes.", by=owner, at=NOW).status

        def expire(call_id=call.pk) -> str:  # type: ignore[no-untyped-def]
            view = service.expire_question(call_id, command_id="call_1", at=NOW)
            assert view is not None
            return view.status

        seen = set(at_once(answer, expire))
        assert seen in ({"answered"}, {"answered_late", "expired"}, {"answered_late"})
        call.delete()
