"""Dialing code and callcontrol between a database and a PBX; the voice is a tone instead of the gateway's."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Self

from django.db import connections

from calls import facade
from calls.asterisk.ami_client import AmiAccount, AmiTimes
from calls.asterisk.originate import AmiDialer
from calls.control.process import CallControl
from calls.models import Call
from calls.states import State
from opendeep.core.clock import now
from tests.calls.conftest import eventually, running
from tests.calls.steps import dial_call
from tests.factories import make_call, make_organization, open_at_any_hour
from tests.rig.asterisk import RunningAsterisk
from tests.rig.gateway import AudioCall, ToneGateway

GATEWAY = "gateway-1"
TALK_S = 30.0
ACCEPT_S = 0.1
QUICK = AmiTimes(action=2.0, ping_every=0.5, retry_first=0.05, retry_at_most=0.2)


class Voice:
    """Takes every call that Asterisk brings, between enter and exit, and tells of it as the gateway does.

    It hangs up after `talk_s` seconds of the callee's audio; never, when that is None.
    """

    def __init__(self, says: bytes, talk_s: float | None = None) -> None:
        self._gateway = ToneGateway(says)
        self._talk_s = talk_s
        self.address = self._gateway.address
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._accept)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._threads[0].join()
        self._gateway.__exit__(kind, error, trace)  # ends the talks that go on
        for thread in self._threads[1:]:
            thread.join()

    def _accept(self) -> None:
        while not self._stop.is_set():
            with suppress(TimeoutError, ConnectionError):  # nobody yet, or the callee was gone at once
                talk = self._gateway.accept(ACCEPT_S)
                thread = threading.Thread(target=self._serve, args=(talk,))
                self._threads.append(thread)
                thread.start()

    def _serve(self, talk: AudioCall) -> None:
        try:
            if facade.media_up(talk.id, gateway_id=GATEWAY, at=now()):
                facade.talk_over(talk.id, gateway_id=GATEWAY, cause=self._talk(talk), at=now())
        finally:
            connections.close_all()

    def _talk(self, talk: AudioCall) -> str:
        if self._talk_s is None:
            talk.wait_until_over(TALK_S)
            return "callee_hung_up"
        talk.wait_for_audio(self._talk_s, TALK_S)
        talk.hang_up()
        return "agent_ended"


class Line:
    """Dials over `asterisk`, whose AMI is at `ami_port`."""

    def __init__(self, asterisk: RunningAsterisk, ami_port: int | None = None) -> None:
        self.ami_port = ami_port or asterisk.ami_port
        self._observer = asterisk.observer
        account = asterisk.originator
        place = (asterisk.host, self.ami_port, account.username, account.secret)
        self.dialer = AmiDialer(*place, asterisk.dial_string, asterisk.context)

    @contextmanager
    def listening(self) -> Iterator[CallControl]:
        """callcontrol between enter and exit."""
        account = AmiAccount("127.0.0.1", self.ami_port, self._observer.username, self._observer.secret)
        with running(CallControl(account, QUICK)) as control:
            eventually(lambda: control.client.ready and control.commands.listening.is_set(), "callcontrol is ready")
            yield control

    def prepare(self, number: str, gateway_address: str) -> Call:
        """A call whose voice is ready, so that the next job dials it; of an organization with a pace of its own."""
        organization = make_organization()
        open_at_any_hour(organization)
        times = {"created_at": now(), "not_before": now(), "preparing_at": now(), "voice_ready_at": now()}
        return make_call(
            State.PREPARING,
            organization=organization,
            number=number,
            gateway=GATEWAY,
            gateway_address=gateway_address,
            **times,
        )

    def place(self, number: str, gateway_address: str) -> Call:
        call = self.prepare(number, gateway_address)
        self.dial(call)
        return call

    def dial(self, call: Call) -> None:
        dial_call(call.id, clock=now, dialer=self.dialer)


def is_in(call: Call, state: State) -> bool:
    call.refresh_from_db()
    return call.state == state


def wait_for_end(call: Call) -> Call:
    eventually(lambda: is_in(call, State.ENDED), f"the end of a call that is {call.state}")
    return call
