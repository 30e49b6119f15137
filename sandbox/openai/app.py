"""The ASGI application: which path goes where, who may ask, and how an error becomes an answer."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sandbox.openai import controls, models, websocket
from sandbox.openai.chat import endpoint as chat
from sandbox.openai.errors import ApiError, missing_key, unknown_url, wrong_key, wrong_method
from sandbox.openai.http import Exchange, Receive, Scope, Send, headers_of
from sandbox.openai.settings import Settings

Handler = Callable[[Exchange], Awaitable[None]]

REALTIME_PATH = "/v1/realtime"
MODEL_PATH = "/v1/models/"

ROUTES: dict[str, dict[str, Handler]] = {
    "/v1/chat/completions": {"POST": chat.complete},
    "/v1/models": {"GET": models.list_models},
    "/sandbox/faults": {
        "GET": controls.list_faults,
        "POST": controls.add_fault,
        "DELETE": controls.clear_faults,
    },
    "/sandbox/requests": {"GET": controls.list_requests, "DELETE": controls.clear_requests},
    "/healthz": {"GET": controls.say_alive},
}


@dataclass(frozen=True)
class StandIn:
    """The whole server as one ASGI application."""

    settings: Settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await websocket.serve(scope, receive, send, refusal=self._realtime_refusal(scope))
        elif scope["type"] == "http":
            await self._serve_http(Exchange(self.settings, scope, receive, send))

    async def _serve_http(self, exchange: Exchange) -> None:
        path = exchange.scope["path"]
        try:
            handler = _route(exchange.scope["method"], path)
            if path.startswith("/v1/"):
                check_key(exchange.scope, self.settings.api_key)
            await handler(exchange)
        except ApiError as error:
            await exchange.send_json(error.status, error.body(), error.headers)
        except EOFError:
            return  # the client is gone, there is nobody to answer

    def _realtime_refusal(self, scope: Scope) -> ApiError | None:
        if scope["path"] != REALTIME_PATH:
            return unknown_url("GET", scope["path"])
        try:
            check_key(scope, self.settings.api_key)
        except ApiError as error:
            return error
        return None


def check_key(scope: Scope, wanted: str | None) -> None:
    """Raises ApiError (401) without a key, or with another than the wanted one."""
    scheme, _, key = headers_of(scope).get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise missing_key()
    if wanted is not None and not secrets.compare_digest(key.strip().encode(), wanted.encode()):
        raise wrong_key()


def _route(method: str, path: str) -> Handler:
    by_method = ROUTES.get(path)
    if by_method is None and path.startswith(MODEL_PATH):
        by_method = {"GET": models.retrieve_model}
    if by_method is None:
        raise unknown_url(method, path)
    if method not in by_method:
        raise wrong_method(method, path)
    return by_method[method]
