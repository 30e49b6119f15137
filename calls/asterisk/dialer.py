"""The port through which calls are placed. Implemented over AMI in originate.py."""

import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from opendeep.core.errors import PermanentError, RetryableError

E164 = re.compile(r"\+[1-9]\d{6,14}")
ADDRESS = re.compile(r"(?:\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?):([1-9]\d{0,4})")
MAX_RING_SECONDS = 300


class PbxUnavailable(RetryableError):
    """The PBX could not be reached or refused the login. Nothing was sent: the attempt is not used up."""


class BadOrder(PermanentError):
    """A value that must not reach the PBX."""


@dataclass(frozen=True, slots=True)
class DialOrder:
    """One Originate. Every value is checked against what it may look like, so that nothing else can be smuggled in.

    `number` and `caller_id` are E.164 (`caller_id` may be empty), `gateway_address` is HOST:PORT of the AudioSocket.
    Raises BadOrder.
    """

    call_id: UUID
    number: str
    gateway_address: str
    caller_id: str
    ring_timeout_seconds: int

    def __post_init__(self) -> None:
        if not E164.fullmatch(self.number):
            raise BadOrder("The number to dial is not in international form.")
        if self.caller_id and not E164.fullmatch(self.caller_id):
            raise BadOrder("The organization's caller id is not a number in international form.")
        address = ADDRESS.fullmatch(self.gateway_address)
        if address is None or int(address.group(1)) > 65535:
            raise BadOrder("The gateway's address is not HOST:PORT. Check AUDIOSOCKET_ADVERTISE.")
        if not 1 <= self.ring_timeout_seconds <= MAX_RING_SECONDS:
            raise BadOrder("The ring timeout is out of range. Check RING_TIMEOUT_SECONDS.")


@dataclass(frozen=True, slots=True)
class Accepted:
    """The PBX has queued the call."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The PBX said no: there is no call."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Sent, and nobody knows what became of it. Never send it again: callcontrol finds out."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotSent:
    """This process was held up until it was too late, so nothing left it."""


Answer = Accepted | Refused | Unknown | NotSent


class DialSession(Protocol):
    def originate(self, orders: Sequence[DialOrder], *, before: float) -> list[Answer]:
        """Sends each order once, before the moment `before` of calls.asterisk.sending.uptime(), or not at all.

        The answers come in the same order. Does not raise for anything that the PBX or the line does.
        """


class Dialer(Protocol):
    def session(self) -> AbstractContextManager[DialSession]:
        """A connection that is logged in. Raises PbxUnavailable on entry; never on exit."""
