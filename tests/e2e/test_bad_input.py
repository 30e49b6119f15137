"""What is wrong gets a clear error from the running product, and nothing is half done."""

import socket
import uuid
from typing import Any

import pytest

from tests.e2e import flow
from tests.e2e.product import Api, RunningProduct

pytestmark = pytest.mark.processes

NOBODY = "00000000-0000-0000-0000-000000000000"


def error_of(answer: tuple[int, Any]) -> tuple[int, str]:
    status, body = answer
    assert set(body["error"]) == {"code", "message", "fields"}
    assert "Traceback" not in str(body)
    return status, body["error"]["message"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"message": ""}, 400),
        ({"message": "   "}, 400),
        ({}, 400),
        ({"message": "x" * 20_000}, 400),
        ({"conversation_id": NOBODY, "message": "hello"}, 404),
        ({"conversation_id": "nonsense", "message": "hello"}, 400),
        ({"message": "hello", "answers": {"a": "b"}}, 400),
        (["not", "an", "object"], 400),
    ],
)
def test_a_chat_message_that_cannot_be_used_is_explained(api: Api, body: object, status: int) -> None:
    assert error_of(api.post("/api/chat_interaction", body))[0] == status


def test_answers_to_questions_that_were_not_asked_are_refused(api: Api) -> None:
    reply = flow.ok(api.post("/api/chat_interaction", {"message": flow.SENTENCE}))
    body = {"conversation_id": reply["conversation_id"], "answers": {"favourite_colour": "green"}}
    assert error_of(api.post("/api/chat_interaction", body))[0] == 400


@pytest.mark.parametrize(
    "change",
    [
        {"contacts": []},
        {"contacts": [{"name": "X", "phone": "not a number", "variables": []}]},
        {"max_attempts": 0},
        {"max_attempts": "many"},
        {"goal": ""},
        {"start_at": "yesterday-ish"},
        {"result_fields": [{"name": "Not Snake", "label": "x", "type": "text", "options": []}]},
    ],
)
def test_a_plan_changed_into_nonsense_is_refused_and_nothing_starts(api: Api, change: dict[str, Any]) -> None:
    reply = flow.plan_of(api, "Ask +12025550102 whether they got the parcel.")
    before = api.get("/api/campaigns/")["count"]
    body = {"conversation_id": reply["conversation_id"], "campaign_plan": {**reply["campaign_plan"], **change}}
    status, _ = error_of(api.post("/api/execute_campaign", body))
    assert status == 400
    assert api.get("/api/campaigns/")["count"] == before


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"status": 401}, "key"),
        ({"status": 429, "retry_after": 30}, "busy"),
        ({"status": 500, "times": 2}, "cannot be reached"),
        ({"kind": "nonsense", "times": 2}, "speak like OpenAI"),
        ({"kind": "wrong_schema", "times": 2}, "usable answer"),
    ],
)
def test_a_model_that_fails_is_named_and_the_message_is_not_lost(
    product: RunningProduct, api: Api, fault: dict[str, Any], words: str
) -> None:
    product.fault(target="chat", role="assistant_reply", **fault)
    status, body = api.post("/api/chat_interaction", {"message": flow.SENTENCE})
    assert status in {502, 503}
    assert words in body["error"]["message"]
    conversation = body["error"]["fields"]["conversation_id"][0]
    again = flow.ok(api.post("/api/chat_interaction", {"conversation_id": conversation}))
    assert again["status"] == "needs_more_info"


def test_without_a_token_nothing_is_told(product: RunningProduct) -> None:
    assert error_of(Api(product.url, "wrong").post("/api/chat_interaction", {"message": "hello"}))[0] == 401


@pytest.mark.parametrize(
    "first_bytes",
    [
        b"\x01\x00\x10" + uuid.UUID(NOBODY).bytes,
        b"\x01\x00\x10" + uuid.UUID("5f0c8a52-6c0e-4a53-9d8e-0f6d5c1f7e11").bytes,
        b"GET / HTTP/1.1\r\n\r\n",
        b"\xff" * 4096,
        b"\x10\x01\x40" + b"\x00" * 320,
    ],
    ids=["nil UUID", "unknown UUID", "HTTP", "garbage", "audio without a UUID"],
)
def test_an_audiosocket_stranger_is_closed_at_once(product: RunningProduct, first_bytes: bytes) -> None:
    host, port = product.settings["AUDIOSOCKET_BIND"].split(":")
    with socket.create_connection((host, int(port)), timeout=5) as stranger:
        stranger.sendall(first_bytes)
        answer = b""
        try:
            while chunk := stranger.recv(4096):
                answer += chunk
        except ConnectionResetError:
            pass
    assert len(answer) < 1000  # at most the hangup, no audio of anybody
