from django.urls import path

from campaigns.consumers import CampaignConsumer, ConversationConsumer, UserConsumer

websocket_urls = [
    path("ws/conversations/<uuid:object_id>/", ConversationConsumer.as_asgi()),
    path("ws/campaigns/<uuid:object_id>/", CampaignConsumer.as_asgi()),
    path("ws/me/", UserConsumer.as_asgi()),
]
