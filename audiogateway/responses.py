"""The one owner of `response.create`.

The model has one response at a time. By itself the server begins one when the callee has spoken; a tool's output
or a greeting needs one that is asked for. Asking while another is running is refused by the server, and asking
while the callee speaks would answer twice: so a wish is kept until it can be granted, and dropped when the
server's own answer has covered it.
"""

from collections.abc import Callable

from audiogateway.realtime.openai_codec import create_response

ALREADY_ACTIVE = "conversation_already_has_active_response"
OWN_ANSWER_MS = 3_000
"""So long after the end of the callee's speech the server's own answer is waited for."""


class ResponseOwner:
    """`send` takes one client event. Times are milliseconds on one clock of the caller's."""

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send
        self._wish: bytes | None = None
        self._asked: bytes | None = None
        self._granted: bytes | None = None
        self._callee_speaks = False
        self._answer_expected_until: int | None = None
        self.active: str | None = None

    @property
    def is_idle(self) -> bool:
        """Nothing is being said, asked for or wished for."""
        return self.active is None and self._asked is None and self._wish is None

    def ask(self, instructions: str = "") -> None:
        """A response is wanted, now or as soon as it can be had. Several wishes become one response."""
        self._wish = create_response(instructions)
        self._grant()

    def created(self, response_id: str) -> bool:
        """The server has begun a response. True when it is the one that was asked for, and not its own answer."""
        was_asked_for = self._asked is not None
        if not was_asked_for and self._answer_expected_until is not None:
            self._wish = None  # it was begun with everything in the conversation that the wish was about
        self._granted, self._asked = self._asked, None
        self._answer_expected_until = None
        self.active = response_id
        return was_asked_for

    def done(self, response_id: str) -> None:
        if self.active == response_id:
            self.active = self._granted = None
        self._grant()

    def refused(self, code: str) -> None:
        """An `error` event: when it refuses the response that was asked for, the wish waits for the end of the other.

        The server's own answer may have been announced before the refusal, and have been taken for ours.
        """
        if code == ALREADY_ACTIVE:
            self._wish = self._wish or self._asked or self._granted
            self._asked = self._granted = None

    def callee_started(self) -> None:
        self._callee_speaks = True
        self._answer_expected_until = None

    def callee_stopped(self, at_ms: int, *, answered_by_server: bool) -> None:
        self._callee_speaks = False
        self._answer_expected_until = at_ms + OWN_ANSWER_MS if answered_by_server else None
        self._grant()

    def on_time(self, now_ms: int) -> None:
        """Stops waiting for an answer of the server's own that does not come."""
        if self._answer_expected_until is not None and now_ms >= self._answer_expected_until:
            self._answer_expected_until = None
            self._grant()

    def lost(self) -> None:
        """The server is gone, and with it every response."""
        self._wish = self._asked = self._granted = self.active = self._answer_expected_until = None

    def forget(self) -> None:
        """Nothing more shall be asked for."""
        self._wish = None

    def _grant(self) -> None:
        busy = self.active is not None or self._asked is not None
        if self._wish is None or busy or self._callee_speaks or self._answer_expected_until is not None:
            return
        self._asked, self._wish = self._wish, None
        self._send(self._asked)
