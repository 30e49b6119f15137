"""POST /v1/chat/completions: read, commit a fault if one is due, think, answer."""

import asyncio
from typing import Any

from sandbox.openai.chat import brain, faults
from sandbox.openai.chat.reply import Answer, Completion, count_tokens
from sandbox.openai.chat.request import ChatRequest, parse_request
from sandbox.openai.errors import ApiError, of_status
from sandbox.openai.faults import Fault
from sandbox.openai.http import Exchange
from sandbox.openai.journal import JOURNAL

MAX_HANG_S = 600
SLOW_S = 5

NONSENSE = b"<html><body><h1>It works!</h1></body></html>"

LIMITS = {
    "x-ratelimit-limit-requests": "10000",
    "x-ratelimit-remaining-requests": "9999",
    "x-ratelimit-reset-requests": "6ms",
    "x-ratelimit-limit-tokens": "2000000",
    "x-ratelimit-remaining-tokens": "1999000",
    "x-ratelimit-reset-tokens": "30ms",
}


async def complete(exchange: Exchange) -> None:
    body = await exchange.read_json()
    try:
        request = parse_request(body)
    except ApiError as error:
        _record(exchange, body, status=error.status)
        raise
    fault = faults.take(request.names | {brain.role_of(request)})
    status = fault.status or 500 if fault and fault.kind == "status" else 200
    _record(exchange, body, request, status=status, fault=fault.kind if fault else None)
    await asyncio.sleep(exchange.settings.latency_s)
    if fault is None or not await _broken_off(exchange, fault):
        answer = brain.answer(request)
        spoiled = faults.spoil(answer, fault) if fault else answer
        await _send(exchange, Completion(request, _limited(spoiled, request)))


async def _broken_off(exchange: Exchange, fault: Fault) -> bool:
    """Commit the faults that leave no answer; True when one of them was due. Raises ApiError for kind status."""
    if fault.kind == "status":
        raise fault.as_error()
    if fault.kind == "nonsense":
        await exchange.send_body(200, "text/html", NONSENSE)
        return True
    if fault.kind in {"hang", "slow"}:
        return await _client_left(exchange, fault)
    return False


async def _client_left(exchange: Exchange, fault: Fault) -> bool:
    """Wait as long as the fault says; True when the client gave up meanwhile."""
    limit_s = fault.seconds or (SLOW_S if fault.kind == "slow" else MAX_HANG_S)
    try:
        async with asyncio.timeout(limit_s):
            await exchange.wait_for_disconnect()
    except TimeoutError:
        if fault.kind == "hang":
            raise of_status(504) from None
        return False
    return True


def _limited(answer: Answer, request: ChatRequest) -> Answer:
    """What the caller's own limit leaves of the answer."""
    size = sum(count_tokens(text) for text in answer.texts())
    if request.max_tokens is not None and size > request.max_tokens:
        return answer.cut_to(request.max_tokens)
    return answer


async def _send(exchange: Exchange, completion: Completion) -> None:
    if completion.request.stream:
        await exchange.send_events(completion.chunks(), LIMITS)
    else:
        await exchange.send_json(200, completion.as_object(), LIMITS)


def _record(
    exchange: Exchange,
    body: object,
    request: ChatRequest | None = None,
    *,
    status: int,
    fault: str | None = None,
) -> None:
    facts: dict[str, Any] = {"request_id": exchange.request_id, "status": status, "fault": fault}
    if request is not None:
        facts |= {
            "role": brain.role_of(request),
            "model": request.model,
            "schema": request.schema_name,
            "tools": [tool.name for tool in request.tools],
            "messages": len(request.messages),
            "stream": request.stream,
        }
    elif isinstance(body, dict):
        facts["model"] = str(body.get("model"))[:100]
    JOURNAL.record("chat", **facts)
