from typing import Any, cast

from django.urls import path

from calls.consumers import CallConsumer

websocket_urls: list[Any] = [
    path("ws/calls/<uuid:object_id>/", cast(Any, CallConsumer.as_asgi())),
]
