from typing import Any, cast

from django.urls import path

from campaigns.consumers import CampaignConsumer, ConversationConsumer, UserConsumer

websocket_urls: list[Any] = [
    path("ws/conversations/<uuid:object_id>/", cast(Any, ConversationConsumer.as_asgi())),
    path("ws/campaigns/<uuid:object_id>/", cast(Any, CampaignConsumer.as_asgi())),
    path("ws/me/", cast(Any, UserConsumer.as_asgi())),
]
