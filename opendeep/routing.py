"""The sockets that the apps offer."""

from calls.routing import websocket_urls as calls_sockets
from campaigns.routing import websocket_urls as campaigns_sockets

websocket_urls = [*campaigns_sockets, *calls_sockets]
