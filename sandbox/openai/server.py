"""The process `python -m sandbox openai`: one port for Chat Completions (HTTP) and Realtime (WebSocket)."""

import errno
import logging
import socket
from collections.abc import Sequence
from contextlib import closing

import uvicorn

from sandbox.openai.app import StandIn
from sandbox.openai.journal import JOURNAL
from sandbox.openai.settings import Settings, parse_settings

MAX_MESSAGE_BYTES = 16 * 1024 * 1024
BACKLOG = 2048
SHUTDOWN_S = 3

log = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM. Returns the exit status."""
    settings = parse_settings(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        listener = listen(settings.host, settings.port)
        if settings.journal is not None:
            JOURNAL.write_to(settings.journal)
    except OSError as reason:
        log.error("%s", _explain(reason, settings))
        return 1
    log.info("OpenAI stand-in on http://%s:%d/v1", settings.host, listener.getsockname()[1])
    with closing(JOURNAL):
        build_server(settings).run(sockets=[listener])
    return 0


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG)


def build_server(settings: Settings) -> uvicorn.Server:
    """The real Realtime API neither compresses nor waits for our pings; its messages may be 15 MiB of audio."""
    return uvicorn.Server(
        uvicorn.Config(
            StandIn(settings),
            lifespan="off",
            ws="websockets-sansio",
            ws_max_size=MAX_MESSAGE_BYTES,
            ws_per_message_deflate=False,
            ws_ping_interval=None,
            access_log=False,
            log_config=None,
            log_level=logging.WARNING,
            server_header=False,
            timeout_graceful_shutdown=SHUTDOWN_S,
        )
    )


def _explain(reason: OSError, settings: Settings) -> str:
    if reason.errno == errno.EADDRINUSE:
        return f"port {settings.port} on {settings.host} is taken: end the other program or choose --port"
    return f"cannot start: {reason}"
