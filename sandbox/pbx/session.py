"""One AMI connection: who is logged in, what it has subscribed to, and its bytes."""

import asyncio
import logging

from sandbox.pbx.ami import Action, ActionReader, Header, encode
from sandbox.pbx.events import Event

BANNER = b"Asterisk Call Manager/11.0.0\r\n"
"""What Asterisk 22.10.1 says."""
AUTH_TIMEOUT_S = 30
MAX_UNSENT_BYTES = 4 * 1024 * 1024
"""A client that does not read is disconnected, as by Asterisk's writetimeout."""

_READ_BYTES = 16 * 1024

log = logging.getLogger(__name__)


class Session:
    """`user` is None until the login. `mask` None stands for all events."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._actions = ActionReader()
        self.user: str | None = None
        self.challenge: str | None = None
        self.mask: frozenset[str] | None = frozenset()
        self.is_over = False

    def set_mask(self, mask: str) -> bool:
        """`on`, `off` or a list of classes; true when events will come."""
        wanted = mask.strip().lower()
        if wanted in {"on", "all", "yes", "true"}:
            self.mask = None
        elif wanted in {"off", "no", "false"}:
            self.mask = frozenset()
        else:
            self.mask = frozenset(part.strip() for part in wanted.split(","))
        return self.mask != frozenset()

    def deliver(self, event: Event) -> None:
        """Send an event if this session wants it."""
        if self.user is not None and (self.mask is None or event.permission in self.mask):
            self.send(event.message())

    def respond(self, action: Action, response: str, *headers: Header) -> None:
        """Answer an action; its ActionID goes back with it."""
        action_id = action.get("ActionID")
        identity = [("ActionID", action_id)] if action_id else []
        self.send([("Response", response), *identity, *headers])

    def send(self, headers: list[Header]) -> None:
        if self.is_over:
            return
        self._writer.write(encode(headers))
        if self._writer.transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            log.warning("an AMI client does not read; disconnected")
            self.cut()

    def close(self) -> None:
        """No more actions; what was written still goes out."""
        self.is_over = True

    def cut(self) -> None:
        """At once, as a lost connection."""
        self.is_over = True
        self._writer.transport.abort()

    async def read(self) -> list[Action]:
        """The next actions; an empty list at the end of the connection. Raises TimeoutError before the login."""
        actions: list[Action] = []
        while not actions:
            async with asyncio.timeout(AUTH_TIMEOUT_S if self.user is None else None):
                data = await self._reader.read(_READ_BYTES)
            if not data:
                break
            actions.extend(self._actions.feed(data))
        return actions

    def greet(self) -> None:
        self._writer.write(BANNER)
