from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from campaigns.models import Conversation, Message
from campaigns.selectors import current_plan, is_unanswered
from campaigns.services import chat
from opendeep.accounts.models import User
from opendeep.core.errors import Conflict, DomainError
from tests.factories import NOW, make_conversation, make_user, plan_data
from tests.openai_server import OpenAIServer

pytestmark = pytest.mark.django_db

NEW_YORK = ZoneInfo("America/New_York")

SENTENCE = (
    "Ask these three numbers whether they want to keep their appointment on Friday at ten: "
    "+12025550100, +12025550104, +12025550105"
)


@pytest.fixture
def user() -> User:
    return make_user(time_zone="America/New_York")


def say(user: User, conversation: Conversation | None = None, **said: Any) -> chat.ChatReply:
    organization = user.memberships.get().organization
    return chat.say(conversation, user, organization, **{"at": NOW, **said})


def started(user: User) -> Conversation:
    return Conversation.objects.get(pk=say(user, message=SENTENCE).conversation_id)


def refusal(user: User, conversation: Conversation | None = None, **said: Any) -> DomainError:
    with pytest.raises(DomainError) as caught:
        say(user, conversation, **said)
    return caught.value


def test_a_sentence_leads_to_a_form_and_its_answers_to_a_plan(user: User, openai_server: OpenAIServer) -> None:
    reply = say(user, message=SENTENCE)
    assert reply.status == "needs_more_info"
    assert "on_behalf_of" in [question["field"] for question in reply.questions]
    conversation = Conversation.objects.get(pk=reply.conversation_id)
    reply = say(user, conversation, answers={"on_behalf_of": "Dr. Miller"})
    assert reply.status == "plan_complete"
    assert reply.plan is not None
    assert [contact["phone"] for contact in reply.plan["contacts"]] == ["+12025550100", "+12025550104", "+12025550105"]
    assert [field["type"] for field in reply.plan["result_fields"]] == ["yes_no"]
    assert reply.plan_revision == 1
    conversation.refresh_from_db()
    assert (conversation.status, conversation.replying_since) == ("plan_complete", None)
    roles = [(message.role, message.prompt_hash[:3]) for message in conversation.messages.all()]
    assert roles == [("user", ""), ("assistant", "v1:"), ("user", ""), ("assistant", "v1:")]


@pytest.mark.parametrize("message", [None, "", "  \n "])
def test_an_empty_message_is_refused_and_starts_nothing(user: User, message: str | None) -> None:
    assert refusal(user, message=message).code == "empty_message"
    assert not Conversation.objects.exists()


def test_a_message_that_is_too_long_is_refused(user: User) -> None:
    error = refusal(user, message="x" * 10_001)
    assert error.code == "message_too_long"
    assert "10,000" in error.message


def test_message_and_answers_at_once_are_refused(user: User) -> None:
    assert refusal(user, message="Hello", answers={"a": "b"}).code == "message_or_answers"


def test_answers_to_a_new_conversation_are_refused(user: User) -> None:
    assert refusal(user, answers={"a": "b"}).code == "unknown_answers"


def test_answers_that_were_not_asked_are_refused_and_not_saved(user: User, openai_server: OpenAIServer) -> None:
    conversation = started(user)
    assert refusal(user, conversation, answers={"shoe_size": "44"}).code == "unknown_answers"
    assert refusal(user, conversation, answers={}).fields.keys() == {"on_behalf_of"}
    assert conversation.messages.count() == 2


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"status": 401}, "refuses the key"),
        ({"status": 429, "retry_after": 20}, "busy right now"),
        ({"status": 500, "times": 2}, "cannot be reached"),
        ({"kind": "wrong_schema", "times": 2}, "did not give a usable answer"),
        ({"kind": "nonsense", "times": 2}, "does not speak like OpenAI"),
    ],
)
def test_what_was_said_stays_when_the_model_fails_and_can_be_asked_again(
    user: User, openai_server: OpenAIServer, fault: dict[str, Any], words: str
) -> None:
    openai_server.fault(target="chat", **fault)
    with pytest.raises(chat.ReplyFailed, match=words) as caught:
        say(user, message=SENTENCE)
    conversation = Conversation.objects.get(pk=caught.value.conversation_id)
    assert conversation.messages.get().text == SENTENCE
    assert words in conversation.reply_error
    assert is_unanswered(conversation)
    reply = chat.retry(conversation, user, at=NOW)
    assert reply.status == "needs_more_info"
    conversation.refresh_from_db()
    assert (conversation.reply_error, conversation.messages.count()) == ("", 2)


def test_there_is_nothing_to_retry_after_an_answer(user: User, openai_server: OpenAIServer) -> None:
    conversation = started(user)
    with pytest.raises(Conflict, match="answered already"):
        chat.retry(conversation, user, at=NOW)
    conversation.refresh_from_db()
    assert conversation.replying_since is None


def test_one_answer_at_a_time(user: User) -> None:
    conversation = make_conversation(user, replying_since=NOW - timedelta(seconds=10))
    assert refusal(user, conversation, message="And?").code == "being_answered"
    assert not conversation.messages.exists()


def test_a_turn_that_was_never_given_back_expires(user: User, openai_server: OpenAIServer) -> None:
    conversation = make_conversation(user, replying_since=NOW - chat.REPLY_EXPIRES - timedelta(seconds=1))
    assert say(user, conversation, message=SENTENCE).status == "needs_more_info"


def test_a_late_answer_does_not_overwrite_that_of_its_successor(user: User, openai_server: OpenAIServer) -> None:
    conversation = make_conversation(user)
    chat._take_turn(conversation, NOW)
    Conversation.objects.filter(pk=conversation.pk).update(replying_since=NOW + chat.REPLY_EXPIRES * 2)
    Message.objects.create(conversation=conversation, position=0, role="user", text=SENTENCE, created_at=NOW)
    with pytest.raises(Conflict, match="overtaken"):
        chat._ask_assistant(conversation, user, NOW)
    conversation.refresh_from_db()
    assert (conversation.messages.count(), conversation.status) == (1, "new")
    assert conversation.replying_since is not None


def test_a_plan_that_is_carried_out_is_talked_about_no_more(user: User) -> None:
    conversation = make_conversation(user, plan_data(), status=Conversation.Status.EXECUTED)
    assert refusal(user, conversation, message="Wait!").code == "executed"


def test_an_edited_plan_is_a_new_revision_that_the_assistant_sees(user: User, openai_server: OpenAIServer) -> None:
    conversation = make_conversation(user, plan_data())
    _, revision = chat.save_plan(conversation, plan_data(title="Another title"), zone=NEW_YORK, at=NOW)
    assert revision == 2
    known = current_plan(conversation)
    assert known is not None
    assert (known[0]["title"], known[1]) == ("Another title", 2)
    assert not is_unanswered(conversation)


def test_the_same_plan_again_is_the_same_revision(user: User) -> None:
    conversation = make_conversation(user, plan_data("+12025550100"))
    _, revision = chat.save_plan(conversation, plan_data("+1 202 555 0100"), zone=NEW_YORK, at=NOW)
    assert (revision, conversation.messages.count()) == (1, 1)


def test_a_plan_edited_into_nonsense_is_refused_and_changes_nothing(user: User) -> None:
    conversation = make_conversation(user, plan_data())
    with pytest.raises(DomainError, match="cannot be carried out") as caught:
        chat.save_plan(conversation, plan_data(max_attempts=99), zone=NEW_YORK, at=NOW)
    assert caught.value.fields == {"max_attempts": ["This must be at most 10."]}
    assert conversation.messages.count() == 1


def test_a_conversation_has_an_end(user: User) -> None:
    conversation = make_conversation(user)
    Message.objects.create(conversation=conversation, position=199, role="assistant", created_at=NOW)
    assert refusal(user, conversation, message="More").code == "too_many_messages"
