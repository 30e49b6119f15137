"""HTTP and WebSocket entry point. Django is loaded before anything that needs its models."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "opendeep.settings")
http = get_asgi_application()

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402
from django.db import connections  # noqa: E402

import opendeep.core.llm.client  # noqa: E402, F401 - now, and not in front of whoever asks first
from opendeep.routing import websocket_urls  # noqa: E402

# Here every request has a thread of its own, and a connection that is kept for the next one would stay with the dead
# thread until PostgreSQL has none left.
connections.settings["default"]["CONN_MAX_AGE"] = 0

application = ProtocolTypeRouter(
    {
        "http": http,
        "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(websocket_urls))),
    }
)
