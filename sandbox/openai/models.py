"""GET /v1/models and /v1/models/{id}."""

from typing import Any

from sandbox.openai.errors import unknown_model
from sandbox.openai.http import Exchange

MISSING_PREFIX = "missing-"
LISTED = ("gpt-5.1", "gpt-5.1-mini", "gpt-realtime-2.1", "gpt-realtime-2.1-mini", "gpt-transcribe")
CREATED_S = 1_760_000_000


async def list_models(exchange: Exchange) -> None:
    await exchange.send_json(200, {"object": "list", "data": [_model(name) for name in LISTED]})


async def retrieve_model(exchange: Exchange) -> None:
    name = exchange.scope["path"].rpartition("/")[2]
    check_model(name)
    await exchange.send_json(200, _model(name))


def check_model(name: str) -> None:
    """Every name is a model of the sandbox, except those that say themselves that they are missing."""
    if name.startswith(MISSING_PREFIX):
        raise unknown_model(name)


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": CREATED_S, "owned_by": "sandbox"}
