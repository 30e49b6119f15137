"""One AMI connection: who is logged in, what it has subscribed to, and its bytes."""

import asyncio
import logging
from collections import deque

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
        self._delay_s = 0.0
        self._late: deque[Event] = deque()
        self._halves = 0
        self._pause_s = 0.0
        self._held_back = bytearray()

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
        if self.user is None or not (self.mask is None or event.permission in self.mask):
            return
        if self._delay_s or self._late:
            self._late.append(event)
            asyncio.get_running_loop().call_later(self._delay_s, self._deliver_late)
        else:
            self.send(event.message())

    def respond(self, action: Action, response: str, *headers: Header) -> None:
        """Answer an action; its ActionID goes back with it."""
        action_id = action.get("ActionID")
        identity = [("ActionID", action_id)] if action_id else []
        self.send([("Response", response), *identity, *headers])

    def send(self, headers: list[Header]) -> None:
        message = encode(headers)
        if self._halves and not self._held_back:
            self._halves -= 1
            middle = _middle_of_a_line(message)
            self.write(message[:middle])
            self._held_back += message[middle:]
            asyncio.get_running_loop().call_later(self._pause_s, self._send_held_back)
        else:
            self.write(message)

    def write(self, data: bytes) -> None:
        """As they are; behind what is held back."""
        if self.is_over:
            return
        if self._held_back:
            self._held_back += data
            return
        self._writer.write(data)
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

    # --- what goes wrong on demand -------------------------------------------------------------------------

    def break_off(self, last: bytes) -> None:
        """The end of the connection, after these bytes."""
        self.write(last)
        self.close()
        self._writer.close()

    def halve(self, times: int, pause_s: float) -> None:
        """Send so many messages in two pieces; a negative number stands for all."""
        self._halves, self._pause_s = times, pause_s

    def delay_events(self, delay_s: float) -> None:
        """Those that come from now on; they stay in their order."""
        self._delay_s = delay_s

    def _deliver_late(self) -> None:
        self.send(self._late.popleft().message())

    def _send_held_back(self) -> None:
        held_back, self._held_back = bytes(self._held_back), bytearray()
        self.write(held_back)

    # --- reading -------------------------------------------------------------------------------------------

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


def _middle_of_a_line(message: bytes) -> int:
    """Where to cut so that both halves have a part of one line."""
    begin = message.rfind(b"\n", 0, len(message) // 2) + 1
    return (begin + message.index(b"\r", begin)) // 2
