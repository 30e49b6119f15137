"""The one owner of responses: nobody else asks for them, and none is heard that was not asked for here.

The session is configured so that the server neither answers nor interrupts by itself. The model has one response at
a time, and asking while another is running is refused: so a wish is kept until it can be granted. While the callee
has the floor nothing is granted; several wishes become one response.
"""

from collections.abc import Callable
from dataclasses import dataclass

from audiogateway.realtime.error_codes import ALREADY_ACTIVE
from audiogateway.realtime.openai_codec import create_response

RETRY_MS = 1_000
"""After a refusal, unless the end of the response that was in the way is told before."""
PATIENCE_MS = 10_000
"""So long a response that was asked for may not be announced, or one that was cancelled not be ended."""


@dataclass(slots=True)
class _Asked:
    """A `response.create` that is neither granted nor refused. A stale one was overtaken by what the callee says."""

    instructions: str
    event_id: str
    is_stale: bool = False


class ResponseOwner:
    """`send` takes one client event. Times are milliseconds on the clock `now_ms`."""

    def __init__(self, send: Callable[[bytes], None], now_ms: Callable[[], int]) -> None:
        self._send = send
        self._now_ms = now_ms
        self._wish: str | None = None
        self._asked: _Asked | None = None
        self._active: str | None = None
        self._cancelled = False
        self._patient_until_ms = 0
        self._not_before_ms = 0
        self._callee_speaks = False
        self._is_away = False
        self._said = ""
        self._numbers = 0

    @property
    def is_owed(self) -> bool:
        """Somebody waits for a response, or for the rest of one."""
        is_asked = self._asked is not None and not self._asked.is_stale
        return self._wish is not None or is_asked or (self._active is not None and not self._cancelled)

    @property
    def goes_on(self) -> bool:
        """What is wished for is the next turn of the talk or the rest of it, and not words that somebody ordered."""
        return self._wish == ""

    @property
    def is_idle(self) -> bool:
        """Nothing is being said, asked for or wished for."""
        return self._active is None and self._asked is None and self._wish is None

    def ask(self, instructions: str = "") -> None:
        """A response is wanted, as soon as it can be had. A plain wish does not replace one with instructions."""
        if instructions or self._wish is None:
            self._wish = instructions
        self._grant()

    def interrupt(self) -> str | None:
        """The running response, which shall be cancelled; one that is only asked for is, as soon as it is announced."""
        if self._asked is not None:
            self._asked.is_stale = True
        if self._active is None or self._cancelled:
            return None
        self._note_cancelled()
        return self._active

    def callee_started(self) -> None:
        """The callee has the floor."""
        self._callee_speaks = True

    def callee_stopped(self) -> None:
        self._callee_speaks = False
        self._grant()

    # The server's side

    def created(self, response_id: str) -> bool:
        """The server has begun a response. False when nobody wants to hear it: it shall be cancelled."""
        asked, self._asked = self._asked, None
        self._active = response_id
        self._said = "" if asked is None else asked.instructions
        self._cancelled = False
        if asked is None or asked.is_stale:
            self._note_cancelled()
        return not self._cancelled

    def done(self, response_id: str) -> None:
        self._not_before_ms = 0
        if self._active == response_id:
            self._active = None
        self._grant()

    def refused(self, code: str, event_id: str = "") -> bool:
        """An `error` event. When it refuses what was asked for, that is asked for again by and by.

        True when the model could not, rather than not yet.
        """
        asked = self._asked
        is_busy = code == ALREADY_ACTIVE
        if asked is None or event_id not in ("", asked.event_id) or not (event_id or is_busy):
            return False
        self._ask_later(asked)
        return not is_busy

    def on_time(self, now_ms: int) -> bool:
        """True when the server has forgotten a response: it is given up, and asked for again where it was wanted."""
        is_overdue = now_ms >= self._patient_until_ms
        was_forgotten = False
        if is_overdue and self._asked is not None:
            self._ask_later(self._asked)
            was_forgotten = True
        elif is_overdue and self._active is not None and self._cancelled:
            self._active = None
            was_forgotten = True
        self._grant()
        return was_forgotten

    def session_lost(self) -> None:
        """The session is gone, and with it every response and whatever it heard. What was owed is wished for again."""
        if self._wish is None and self.is_owed:
            self._wish = self._said if self._asked is None else self._asked.instructions
        self._asked = self._active = None
        self._callee_speaks = False
        self._is_away = True

    def session_renewed(self) -> None:
        """Another session has taken over: what is wished for can be had."""
        self._is_away = False
        self._not_before_ms = 0
        self._grant()

    def forget(self) -> None:
        """Nothing more shall be asked for."""
        self._wish = None

    def _ask_later(self, asked: _Asked) -> None:
        self._asked = None
        if self._wish is None and not asked.is_stale:
            self._wish = asked.instructions
        self._not_before_ms = self._now_ms() + RETRY_MS

    def _note_cancelled(self) -> None:
        self._cancelled = True
        self._patient_until_ms = self._now_ms() + PATIENCE_MS

    def _grant(self) -> None:
        is_busy = self._active is not None or self._asked is not None or self._callee_speaks
        if self._wish is None or is_busy or self._is_away or self._now_ms() < self._not_before_ms:
            return
        self._numbers += 1
        self._asked, self._wish = _Asked(self._wish, f"ask_{self._numbers}"), None
        self._patient_until_ms = self._now_ms() + PATIENCE_MS
        self._send(create_response(self._asked.instructions, self._asked.event_id))
