"""The life of one call, from the request to the fact that it ended: PBX stand-in, callcontrol, Redis, database."""

import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.test import override_settings

from calls import facade
from calls.asterisk import originate
from calls.contracts import CALL_ENDED, GATEWAY_KEY_PREFIX, CallEnded, GatewayInfo, TurnRecord
from calls.control.process import CallControl
from calls.models import Call
from calls.services.overdue import end_overdue
from calls.states import Outcome, State
from opendeep.core.clock import now
from opendeep.core.models import OutboxEvent
from opendeep.core.redis import connection
from tests.calls.conftest import WAIT_SECONDS, eventually, running
from tests.calls.control.test_process import QUICK
from tests.calls.pbx import HELPFUL, RINGS_FOR_EVER, SandboxPbx
from tests.calls.steps import dial_call
from tests.factories import make_organization, make_request, open_at_any_hour

pytestmark = [pytest.mark.django_db(transaction=True)]

GATEWAY = "gateway-1"
HANG_UP = b"\x00\x00\x00"
A_WHILE = timedelta(minutes=1)


class Gateway:
    """A gateway's end of the AudioSocket and of the channel layer."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self.channel = f"specific.{uuid.uuid4().hex}"

    def message(self) -> dict[str, str]:
        """What the gateway was told next."""
        layer = get_channel_layer()
        assert layer is not None
        message: dict[str, str] = async_to_sync(layer.receive)(self.channel)
        return message

    @contextmanager
    def talk(self) -> Iterator[uuid.UUID]:
        """The next call that the PBX connects; leaving the context ends its audio."""
        connection, _ = self._listener.accept()
        with connection:
            connection.settimeout(WAIT_SECONDS)
            first = connection.recv(19, socket.MSG_WAITALL)
            yield uuid.UUID(bytes=first[3:])
            connection.sendall(HANG_UP)
            while connection.recv(65_536):
                pass


@pytest.fixture
def gateway(redis_url: str) -> Iterator[Gateway]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(WAIT_SECONDS)
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        gateway = Gateway(listener)
        info = GatewayInfo(GATEWAY, address, gateway.channel, capacity=10, load=0)
        connection().set(GATEWAY_KEY_PREFIX + GATEWAY, info.encode())
        yield gateway


@pytest.fixture(autouse=True)
def long_rings() -> Iterator[None]:
    with override_settings(RING_TIMEOUT_SECONDS=300):
        yield


def request(number: str) -> Call:
    organization = make_organization()
    open_at_any_hour(organization)
    return Call.objects.get(id=facade.request_call(make_request(organization, number=number), at=now()))


def dial(call: Call, pbx: SandboxPbx) -> None:
    dial_call(call.id, clock=now, dialer=pbx.dialer)


def bring_to_the_pbx(call: Call, pbx: SandboxPbx, gateway: Gateway) -> None:
    Call.objects.filter(id=call.id).update(not_before=now())
    dial(call, pbx)
    assert gateway.message() == {"type": "voice.prepare", "calls": [str(call.id)]}
    assert facade.voice_ready(call.id, gateway_id=GATEWAY, at=now())
    dial(call, pbx)


def is_in(call: Call, state: State) -> bool:
    call.refresh_from_db()
    return call.state == state


def test_a_call_that_is_talked_ends_completed(pbx: SandboxPbx, gateway: Gateway) -> None:
    call = request(HELPFUL)
    with running(CallControl(pbx.account, QUICK)):
        bring_to_the_pbx(call, pbx, gateway)
        with gateway.talk() as call_id:
            assert call_id == call.id
            assert facade.media_up(call_id, gateway_id=GATEWAY, at=now())
            assert not facade.media_up(call_id, gateway_id=GATEWAY, at=now())
            facade.record_turns(call_id, [TurnRecord("a", 0, "agent", "Hello.", "Hello.", 0)])
            facade.record_turns(call_id, [TurnRecord("b", 1, "callee", "Yes.", "Yes.", 900)])
        facade.talk_over(call.id, gateway_id=GATEWAY, cause="agent_ended", at=now())
        eventually(lambda: is_in(call, State.ENDED))
    assert (call.outcome, call.hangup_cause) == (Outcome.COMPLETED, 16)
    assert pbx.originates(call.id) == 1
    assert gateway.message() == {"type": "voice.release", "call_id": str(call.id)}
    fact = CallEnded.from_payload(OutboxEvent.objects.get(topic=CALL_ENDED).payload)
    assert (fact.call_id, fact.origin, fact.outcome) == (call.id, call.origin, "completed")
    kinds = [event.kind for event in facade.events_of(call.id)]
    assert kinds[:5] == ["requested", "gate", "prepare", "voice_ready", "gate"]
    # The audio may overtake the news of ringing, which then comes too late to matter.
    assert {"dial", "media_up", "talk_over", "hung_up", "end"} <= set(kinds)
    assert [turn.text for turn in facade.transcript_of(call.id)] == ["Hello.", "Yes."]


def test_callcontrol_killed_in_the_middle_ends_the_call_when_it_is_back(pbx: SandboxPbx, gateway: Gateway) -> None:
    call = request(HELPFUL)
    with running(CallControl(pbx.account, QUICK)):
        bring_to_the_pbx(call, pbx, gateway)
        talk = gateway.talk()
        facade.media_up(talk.__enter__(), gateway_id=GATEWAY, at=now())
    talk.__exit__(None, None, None)  # the call ends while nobody listens to the PBX
    facade.talk_over(call.id, gateway_id=GATEWAY, cause="callee_hung_up", at=now())
    eventually(lambda: pbx.channels() == set())
    Call.objects.filter(id=call.id).update(dialing_at=now() - A_WHILE)
    with running(CallControl(pbx.account, QUICK)):
        eventually(lambda: is_in(call, State.ENDED))
    assert call.outcome == Outcome.COMPLETED


def test_the_worker_killed_between_commit_and_originate_leaves_a_lost_call(pbx: SandboxPbx, gateway: Gateway) -> None:
    call = request(HELPFUL)
    with pytest.raises(Killed):
        bring_to_the_pbx(call, KilledAfterCommit(pbx), gateway)  # type: ignore[arg-type]
    dial(call, pbx)  # the job is delivered again
    assert is_in(call, State.DIALING)
    Call.objects.filter(id=call.id).update(dialing_at=now() - A_WHILE)
    with running(CallControl(pbx.account, QUICK)):
        eventually(lambda: is_in(call, State.ENDED))
    assert (call.outcome, pbx.originates(call.id)) == (Outcome.LOST, 0)


def test_a_lost_answer_to_originate_is_found_by_its_id(
    pbx: SandboxPbx, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(originate, "ANSWER_SECONDS", 0.3)
    call = request(RINGS_FOR_EVER)
    with running(CallControl(pbx.account, QUICK)):
        pbx.fault("SwallowOriginateResponse")
        bring_to_the_pbx(call, pbx, gateway)
        eventually(lambda: is_in(call, State.RINGING))
        dial(call, pbx)
        facade.cancel_call(call.id, reason="Enough.", at=now())
        eventually(lambda: is_in(call, State.ENDED))
    assert pbx.originates(call.id) == 1
    assert "originate_unknown" in [event.kind for event in facade.events_of(call.id)]


def test_a_gateway_killed_in_the_middle_leaves_a_dropped_call(pbx: SandboxPbx, gateway: Gateway) -> None:
    call = request(HELPFUL)
    with running(CallControl(pbx.account, QUICK)):
        bring_to_the_pbx(call, pbx, gateway)
        with gateway.talk() as call_id:
            facade.media_up(call_id, gateway_id=GATEWAY, at=now())
        eventually(lambda: Call.objects.get(id=call.id).hung_up_at is not None)
    end_overdue(now() + A_WHILE)
    call.refresh_from_db()
    assert (call.state, call.outcome) == (State.ENDED, Outcome.DROPPED)


class Killed(BaseException):
    """kill -9 at this place."""


class KilledAfterCommit:
    def __init__(self, pbx: SandboxPbx) -> None:
        self._pbx = pbx

    @property
    def dialer(self) -> "KilledAfterCommit":
        return self

    @contextmanager
    def session(self) -> Iterator["KilledAfterCommit"]:
        with self._pbx.dialer.session():
            yield self

    def originate(self, orders: object, *, before: float) -> None:
        raise Killed
