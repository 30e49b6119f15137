from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from campaigns.models import Campaign, Conversation
from tests.api_client import Api
from tests.factories import make_conversation, plan_data
from tests.openai_server import OpenAIServer

SENTENCE = "Ask these two numbers whether they keep their appointment on Friday at ten: +12025550100, +12025550104"


def test_a_plan_is_made_and_carried_out_through_the_api_alone(api: Api, openai_server: OpenAIServer) -> None:
    status, reply = api.post("chat_interaction", {"message": SENTENCE})
    assert (status, reply["status"], reply["campaign_plan"]) == (200, "needs_more_info", None)
    assert reply["assistant_response"]
    body = {"conversation_id": reply["conversation_id"], "answers": {"on_behalf_of": "Dr. Miller"}}
    status, reply = api.post("chat_interaction", body)
    assert (status, reply["status"]) == (200, "plan_complete")
    confirm = {"conversation_id": reply["conversation_id"], "campaign_plan": reply["campaign_plan"]}
    status, first = api.post("execute_campaign", confirm)
    assert (status, first["task_count"]) == (201, 2)
    assert api.post("execute_campaign", confirm) == (200, first)
    assert Campaign.objects.get().created_by == api.user


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "empty_message"),
        ({"message": "   "}, 400, "empty_message"),
        ({"message": "x" * 10_001}, 400, "message_too_long"),
        ({"answers": {"a": 1}}, 400, "unknown_answers"),
        ({"conversation_id": str(uuid4()), "message": "Hello"}, 404, "not_found"),
        ({"conversation_id": "7", "message": "Hello"}, 400, "invalid"),
        ({"message": ["a", "list"]}, 400, "invalid"),
        ([1, 2], 400, "invalid"),
    ],
)
def test_bad_input_gets_a_clear_error(api: Api, body: Any, status: int, code: str) -> None:
    answered, reply = api.post("chat_interaction", body)
    assert (answered, reply["error"]["code"]) == (status, code)
    assert reply["error"]["message"]
    assert not Conversation.objects.exists()


def test_broken_json_gets_a_clear_error(api: Api) -> None:
    response = api._client.post("/api/chat_interaction", "{oops", content_type="application/json")
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "parse_error"


def test_a_failing_model_is_a_503_that_names_the_conversation_to_ask_again(
    api: Api, openai_server: OpenAIServer
) -> None:
    openai_server.fault(target="chat", status=401)
    status, reply = api.post("chat_interaction", {"message": SENTENCE})
    assert (status, reply["error"]["code"]) == (503, "assistant_unavailable")
    assert "Your message is saved" in reply["error"]["message"]
    (conversation_id,) = reply["error"]["fields"]["conversation_id"]
    status, reply = api.post("chat_interaction", {"conversation_id": conversation_id})
    assert (status, reply["status"]) == (200, "needs_more_info")


def test_a_plan_changed_into_nonsense_names_the_places(api: Api) -> None:
    conversation = make_conversation(api.user, plan_data())
    body = {"conversation_id": str(conversation.pk), "campaign_plan": plan_data("call me", max_attempts=0)}
    status, reply = api.post("execute_campaign", body)
    assert (status, reply["error"]["code"]) == (400, "bad_plan")
    assert set(reply["error"]["fields"]) == {"contacts.0.phone", "max_attempts"}


def test_nothing_is_confirmed_without_a_plan(api: Api) -> None:
    conversation = make_conversation(api.user)
    status, reply = api.post(
        "execute_campaign", {"conversation_id": str(conversation.pk), "campaign_plan": plan_data()}
    )
    assert (status, reply["error"]["code"]) == (409, "no_plan")


@pytest.mark.parametrize("text", ["half a \\ud83d face", "a \\u0000 byte"])
@pytest.mark.parametrize(
    "body", ['{"message": "%s"}', '{"answers": {"%s": "x"}}', '{"campaign_plan": {"title": ["%s"]}}']
)
def test_what_no_database_could_keep_is_refused_before_anything_is_done(api: Api, body: str, text: str) -> None:
    status, reply = api.post_raw("chat_interaction", body % text)
    assert (status, reply["error"]["code"]) == (400, "parse_error")
    assert not Conversation.objects.exists()


def test_a_body_that_is_nested_without_end_is_refused(api: Api) -> None:
    status, reply = api.post_raw("execute_campaign", "[" * 100_000 + "]" * 100_000)
    assert (status, reply["error"]["code"]) == (400, "parse_error")


def test_conversations_of_others_do_not_exist(api: Api, stranger: Api) -> None:
    conversation = make_conversation(stranger.user, plan_data())
    for path in ("chat_interaction", "execute_campaign"):
        status, _ = api.post(path, {"conversation_id": str(conversation.pk), "message": "Hello"})
        assert status == 404
    assert not Campaign.objects.exists()


@pytest.mark.django_db
def test_nobody_gets_in_without_a_token() -> None:
    for path in ("chat_interaction", "execute_campaign"):
        response = APIClient().post(f"/api/{path}", {}, format="json")
        assert response.status_code == 401
        assert response.json()["error"]["code"] == "not_authenticated"
