"""Paths, keys, errors and the controls, over real HTTP."""

import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from openai import AuthenticationError, NotFoundError, OpenAI
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.sync.client import connect

from sandbox.openai.settings import Settings
from tests.sandbox.openai.conftest import running

HELLO: Any = [{"role": "user", "content": "hello"}]


def ask(port: int, method: str, path: str, body: object = None, key: str = "any") -> tuple[int, Any, dict[str, str]]:
    """Status, JSON and headers; `body` is sent as JSON, bytes as they are."""
    data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            return response.status, json.load(response), dict(response.headers)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error), dict(error.headers)


def test_models_are_listed_and_described(client: OpenAI) -> None:
    names = [model.id for model in client.models.list()]

    assert "gpt-realtime-2.1" in names
    assert client.models.retrieve(names[0]).id == names[0]


def test_a_missing_model_is_not_described(client: OpenAI) -> None:
    with pytest.raises(NotFoundError) as caught:
        client.models.retrieve("missing-1")

    assert caught.value.code == "model_not_found"


def test_any_key_is_good_unless_one_is_configured(client: OpenAI) -> None:
    assert client.chat.completions.create(model="gpt-5.1", messages=HELLO).choices


def test_another_key_than_the_configured_one_is_refused() -> None:
    with running(Settings(api_key="right", latency_s=0)) as port:
        good = OpenAI(api_key="right", base_url=f"http://127.0.0.1:{port}/v1", max_retries=0)
        bad = OpenAI(api_key="wrong-secret", base_url=f"http://127.0.0.1:{port}/v1", max_retries=0)
        with good, bad:
            assert good.models.list().data
            with pytest.raises(AuthenticationError) as caught:
                bad.chat.completions.create(model="gpt-5.1", messages=HELLO)

    assert caught.value.code == "invalid_api_key"
    assert "wrong-secret" not in str(caught.value.body)


def test_a_request_without_a_key_is_refused(port: int) -> None:
    status, body, _ = ask(port, "GET", "/v1/models", key="")

    assert (status, body["error"]["code"]) == (401, None)
    assert "Authorization: Bearer" in body["error"]["message"]


def test_an_unknown_path_and_a_wrong_method_are_told(port: int) -> None:
    unknown = ask(port, "GET", "/v1/nothing")
    wrong = ask(port, "GET", "/v1/chat/completions")

    assert (unknown[0], unknown[1]["error"]["message"]) == (404, "Invalid URL (GET /v1/nothing)")
    assert (wrong[0], wrong[1]["error"]["code"]) == (405, "method_not_supported")


def test_every_answer_carries_a_request_id_and_the_processing_time(port: int) -> None:
    headers = [ask(port, "GET", path)[2] for path in ("/v1/models", "/v1/nothing")]

    assert all(given["x-request-id"].startswith("req_") for given in headers)
    assert all(int(given["openai-processing-ms"]) >= 0 for given in headers)


def test_a_body_that_is_not_json_is_told(port: int) -> None:
    status, body, _ = ask(port, "POST", "/v1/chat/completions", b"{")

    assert (status, body["error"]["type"]) == (400, "invalid_request_error")
    assert "could not parse the JSON body" in body["error"]["message"]


def test_a_body_over_the_limit_is_refused(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.openai.http.MAX_BODY_BYTES", 1000)

    assert ask(port, "POST", "/v1/chat/completions", b" " * 1001)[0] == 413


def test_faults_are_ordered_listed_and_cleared_without_a_key(port: int) -> None:
    fault = {"target": "chat", "role": "verdict", "status": 429, "times": 2, "retry_after": 1}

    status, body, _ = ask(port, "POST", "/sandbox/faults", fault, key="")

    assert (status, body) == (201, {"faults": [fault | {"kind": "status"}]})
    assert ask(port, "GET", "/sandbox/faults", key="")[1] == body
    assert ask(port, "DELETE", "/sandbox/faults", key="")[1] == {"cleared": 1}
    assert ask(port, "GET", "/sandbox/faults", key="")[1] == {"faults": []}


def test_a_fault_that_nobody_can_commit_is_refused_with_the_choice(port: int) -> None:
    status, body, _ = ask(port, "POST", "/sandbox/faults", {"target": "chat", "kind": "earthquake"})

    assert status == 400
    assert "hang" in body["error"]["message"]


def test_the_journal_tells_what_was_asked_and_never_the_key(port: int, client: OpenAI) -> None:
    schema = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
    verdict: Any = {"type": "json_schema", "json_schema": {"name": "verdict", "strict": True, "schema": schema}}
    client.with_options(api_key="sk-secret").chat.completions.create(
        model="gpt-5.1", messages=HELLO, response_format=verdict
    )

    text = json.dumps(ask(port, "GET", "/sandbox/requests")[1])
    (entry,) = json.loads(text)["requests"]

    assert (entry["role"], entry["schema"], entry["model"], entry["status"]) == ("analyst", "verdict", "gpt-5.1", 200)
    assert "sk-secret" not in text
    assert "hello" not in text


def test_a_refused_request_is_in_the_journal_too(port: int) -> None:
    ask(port, "POST", "/v1/chat/completions", {"model": "missing-1", "messages": HELLO})

    (entry,) = ask(port, "GET", "/sandbox/requests")[1]["requests"]

    assert (entry["status"], entry["model"]) == (404, "missing-1")


def test_the_journal_is_emptied_on_request(port: int) -> None:
    ask(port, "POST", "/v1/chat/completions", {"model": "missing-1", "messages": HELLO})
    ask(port, "DELETE", "/sandbox/requests")

    assert ask(port, "GET", "/sandbox/requests")[1] == {"requests": []}


def test_realtime_opens_a_session_on_the_same_port(port: int) -> None:
    with connect(
        f"ws://127.0.0.1:{port}/v1/realtime?model=gpt-realtime-2.1",
        additional_headers={"Authorization": "Bearer any"},
        compression="deflate",
    ) as socket:
        created = json.loads(socket.recv(timeout=5))
        extensions = socket.response.headers.get("Sec-WebSocket-Extensions") if socket.response else "none"

    assert created["type"] == "session.created"
    assert extensions is None


@pytest.mark.parametrize(("path", "key", "status"), [("/v1/realtime", "", 401), ("/v1/other", "any", 404)])
def test_a_realtime_handshake_is_refused_with_an_http_error(port: int, path: str, key: str, status: int) -> None:
    headers = {"Authorization": f"Bearer {key}"} if key else {}

    with pytest.raises(InvalidStatus) as caught:
        connect(f"ws://127.0.0.1:{port}{path}?model=gpt-realtime-2.1", additional_headers=headers)

    assert caught.value.response.status_code == status
    assert "error" in json.loads(caught.value.response.body or b"")


def test_a_status_fault_refuses_one_realtime_handshake(port: int) -> None:
    ask(port, "POST", "/sandbox/faults", {"target": "realtime", "status": 429, "retry_after": 2})
    url = f"ws://127.0.0.1:{port}/v1/realtime?model=gpt-realtime-2.1"
    headers = {"Authorization": "Bearer any"}

    with pytest.raises(InvalidStatus) as caught:
        connect(url, additional_headers=headers)
    with connect(url, additional_headers=headers) as socket:
        socket.recv(timeout=5)

    assert caught.value.response.status_code == 429
    assert caught.value.response.headers["retry-after"] == "2"
    statuses = [entry["status"] for entry in ask(port, "GET", "/sandbox/requests")[1]["requests"]]
    assert statuses == [429, 101]


def test_a_binary_message_ends_a_realtime_connection(port: int) -> None:
    with connect(
        f"ws://127.0.0.1:{port}/v1/realtime?model=gpt-realtime-2.1",
        additional_headers={"Authorization": "Bearer any"},
    ) as socket:
        socket.send(b"audio")
        with pytest.raises(ConnectionClosedError) as caught:
            while True:
                socket.recv(timeout=5)

    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1003
