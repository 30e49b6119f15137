"""Ends of the dialing port for tests of what is before it. The real one is tested against the PBX stand-in."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from calls.asterisk.dialer import Accepted, Answer, DialOrder, NotSent, PbxUnavailable
from calls.asterisk.sending import uptime


@dataclass
class RecordingDialer:
    """Keeps the orders that were sent. `answer` is what comes back, `before` runs between login and Originate."""

    answer: Answer = field(default_factory=Accepted)
    on_login: Callable[[], None] = lambda: None
    sent: list[DialOrder] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def session(self) -> Iterator["RecordingDialer"]:
        self.on_login()
        yield self

    def originate(self, orders: Sequence[DialOrder], *, before: float) -> list[Answer]:
        if uptime() >= before:
            return [NotSent()] * len(orders)
        with self._lock:
            self.sent += orders
        return [self.answer] * len(orders)


class AbsentPbx:
    """Cannot be reached."""

    reason = "The PBX cannot be reached: Connection refused."

    @contextmanager
    def session(self) -> Iterator[RecordingDialer]:
        if self.reason:
            raise PbxUnavailable(self.reason)
        yield RecordingDialer()
