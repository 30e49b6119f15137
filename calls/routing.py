from django.urls import path

from calls.consumers import CallConsumer

websocket_urls = [
    path("ws/calls/<uuid:object_id>/", CallConsumer.as_asgi()),
]
