"""Sessions that are refused, and how a session ends."""

from __future__ import annotations

import pytest
from openai import OpenAIError

from sandbox.openai.realtime.settings import Pace
from tests.sandbox.openai_realtime.wire import Client, client, stand_in

MANUAL = {"input": {"format": {"type": "audio/pcmu"}, "turn_detection": None}}


async def closed(line: Client) -> tuple[int | None, str | None]:
    """Close code and reason, once everything was read."""
    socket = line.connection._connection
    await socket.wait_closed()
    return socket.close_code, socket.close_reason


async def test_the_beta_shape_is_refused_as_the_api_refuses_it() -> None:
    async with stand_in() as url, client(url, headers={"OpenAI-Beta": "realtime=v1"}) as line:
        refused = await line.next()
        assert await closed(line) == (4000, "invalid_request_error.beta_api_shape_disabled")
    assert refused["error"] == {
        "type": "invalid_request_error",
        "code": "beta_api_shape_disabled",
        "message": "The Realtime Beta API is no longer supported. Please use /v1/realtime for the GA API.",
        "param": None,
        "event_id": None,
    }


@pytest.mark.parametrize(("model", "code"), [("gpt-5", "model_not_found"), ("", "missing_model")])
async def test_an_unknown_model_gets_no_session(model: str, code: str) -> None:
    async with stand_in() as url, client(url, model=model) as line:
        assert (await line.next())["error"]["code"] == code
        assert (await closed(line))[0] == 4000


async def test_without_a_key_there_is_no_session() -> None:
    async with stand_in() as url, client(url, headers={"Authorization": ""}) as line:
        assert (await line.next())["error"]["code"] == "invalid_api_key"
        assert (await closed(line))[0] == 4001


async def test_a_session_ends_at_its_limit() -> None:
    async with stand_in(Pace(session_seconds=0.05)) as url, client(url) as line:
        expired = await line.until("error")
        assert expired["error"]["code"] == "session_expired"
        code, reason = await closed(line)
    assert code == 1001
    assert reason is not None
    assert reason.startswith("Your session hit the maximum duration")


async def test_the_sdk_raises_what_the_server_complains_about(line: Client) -> None:
    await line.send("response.cancel")
    with pytest.raises(OpenAIError, match="no active response"):
        await line.connection.dispatch_events()
