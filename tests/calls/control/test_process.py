"""callcontrol against the PBX stand-in, the real Redis and the database."""

import json
import math
import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import override_settings

from calls.asterisk.ami_client import AmiTimes
from calls.asterisk.dialer import Accepted, DialOrder
from calls.contracts import Ack, Command, CommandName, ack_channel, command_channel
from calls.control.process import CallControl
from calls.models import Call, StrayChannel
from calls.services import hangup, talk
from calls.states import Outcome, State
from opendeep.core import alive
from opendeep.core.clock import now
from opendeep.core.redis import connection
from tests.calls.conftest import eventually, running
from tests.calls.pbx import BUSY, HELPFUL, RINGS_FOR_EVER, SandboxPbx
from tests.factories import NOW, make_call

pytestmark = [pytest.mark.django_db(transaction=True)]

QUICK = AmiTimes(action=2.0, ping_every=0.2, retry_first=0.05, retry_at_most=0.1)
NOBODY_LISTENS = "127.0.0.1:1"


@pytest.fixture
def control(pbx: SandboxPbx, redis_url: str) -> Iterator[CallControl]:
    with override_settings(RING_TIMEOUT_SECONDS=300), running(CallControl(pbx.account, QUICK)) as control:
        eventually(lambda: control.client.ready and control.commands.listening.is_set(), "callcontrol is ready")
        yield control


def dial(pbx: SandboxPbx, number: str, call: Call | None = None) -> Call:
    """Puts a call to the PBX as calls.services.dialing does after its commit."""
    call = call or make_call(State.DIALING, number=number)
    order = DialOrder(call.id, number, NOBODY_LISTENS, "", ring_timeout_seconds=300)
    with pbx.dialer.session() as session:
        assert session.originate([order], before=math.inf) == [Accepted()]
    return call


def is_in(call: Call, state: State) -> bool:
    call.refresh_from_db()
    return call.state == state


def answer_to(command: Command, times: int = 1) -> Ack:
    with connection().pubsub() as bus:  # type: ignore[no-untyped-call]
        bus.subscribe(ack_channel(command.call_id))
        eventually(lambda: (bus.get_message() or {}).get("type") == "subscribe")
        for _ in range(times):
            connection().publish(command_channel(command.call_id), command.encode())
        acks: list[Ack] = []

        def heard() -> bool:
            message = bus.get_message(timeout=0.05)
            if message is not None:
                acks.append(Ack.decode(message["data"]))
            return len(acks) == times

        eventually(heard, "the acknowledgement")
    assert len(set(acks)) == 1
    return acks[0]


def test_a_busy_line_ends_the_call_with_its_cause(control: CallControl, pbx: SandboxPbx) -> None:
    call = dial(pbx, BUSY)
    eventually(lambda: is_in(call, State.ENDED))
    assert (call.outcome, call.hangup_cause, call.sip_cause) == (Outcome.BUSY, 17, "486")


def test_an_answered_call_without_audio_is_told_apart(control: CallControl, pbx: SandboxPbx) -> None:
    call = dial(pbx, HELPFUL)
    eventually(lambda: is_in(call, State.ENDED))
    assert call.ringing_at is not None
    assert call.answered_at is not None
    assert call.outcome == Outcome.FAILED


def test_a_hang_up_request_reaches_the_channel(control: CallControl, pbx: SandboxPbx) -> None:
    call = dial(pbx, RINGS_FOR_EVER)
    eventually(lambda: is_in(call, State.RINGING))
    hangup.hang_up(call.id, reason="The owner pressed stop.", at=NOW)
    eventually(lambda: is_in(call, State.ENDED))
    assert call.outcome == Outcome.CANCELLED
    assert pbx.channels() == set()


def test_a_command_is_executed_once_however_often_it_comes(control: CallControl, pbx: SandboxPbx) -> None:
    call = dial(pbx, RINGS_FOR_EVER)
    eventually(lambda: is_in(call, State.RINGING))
    command = Command(call.id, CommandName.SEND_DTMF, {"digits": "12#"})
    assert answer_to(command, times=3) == Ack(command.command_id, ok=True)
    assert call.events.filter(kind="command").count() == 1


@pytest.mark.parametrize(
    ("name", "args", "words"),
    [
        (CommandName.SEND_DTMF, {"digits": "12\r\nAction: Originate"}, "Digits are"),
        (CommandName.SEND_DTMF, {}, "Digits are"),
        (CommandName.TRANSFER_CALL, {"reason": "asks for a person"}, "no number of a person"),
        (CommandName.RESCHEDULE, {"when": "tomorrow", "reason": ""}, "ISO"),
        (CommandName.RESCHEDULE, {"when": "2026-11-25T10:00", "reason": ""}, "time zone"),
    ],
)
def test_a_command_that_cannot_be_done_says_why(
    control: CallControl, name: CommandName, args: dict[str, str], words: str
) -> None:
    call = make_call(State.TALKING)
    ack = answer_to(Command(call.id, name, args))
    assert not ack.ok
    assert words in ack.error


def test_a_command_for_an_unknown_call_is_refused(control: CallControl) -> None:
    ack = answer_to(Command(uuid.uuid4(), CommandName.END_CALL, {"reason": "bye"}))
    assert ack.error == "There is no such call."


def test_a_wish_for_another_time_is_an_event(control: CallControl) -> None:
    call = make_call(State.TALKING)
    args = {"when": "2026-11-25T10:00:00-05:00", "reason": "no time now"}
    command = Command(call.id, CommandName.RESCHEDULE, args)
    assert answer_to(command, times=2).ok
    assert [event.detail for event in call.events.filter(kind="reschedule_requested")] == [args]


def test_nonsense_on_the_command_bus_harms_nobody(control: CallControl, pbx: SandboxPbx) -> None:
    call = make_call(State.TALKING)
    for text in ("", "[]", "{}", json.dumps({"call_id": "x", "command": "end_call", "args": {}, "command_id": "1"})):
        connection().publish(command_channel(call.id), text)
    assert not answer_to(Command(call.id, CommandName.TRANSFER_CALL, {})).ok


def test_a_call_that_the_pbx_does_not_know_is_ended(pbx: SandboxPbx, redis_url: str) -> None:
    dialled = now() - timedelta(minutes=1)
    lost = make_call(State.RINGING, dialing_at=dialled)
    talked = make_call(State.TALKING, dialing_at=dialled)
    talk.talk_over(talked.id, gateway_id="gateway-1", cause="agent_ended", at=NOW)
    with running(CallControl(pbx.account, QUICK)):
        eventually(lambda: is_in(lost, State.ENDED) and is_in(talked, State.ENDED))
    assert (lost.outcome, talked.outcome) == (Outcome.LOST, Outcome.COMPLETED)


def test_a_channel_of_an_ended_call_is_hung_up(pbx: SandboxPbx, redis_url: str) -> None:
    dial(pbx, RINGS_FOR_EVER, make_call(State.ENDED))
    with running(CallControl(pbx.account, QUICK)):
        eventually(lambda: pbx.channels() == set())


def test_a_channel_that_appears_too_late_is_hung_up_at_once(control: CallControl, pbx: SandboxPbx) -> None:
    call = dial(pbx, RINGS_FOR_EVER, make_call(State.ENDED))
    eventually(lambda: pbx.channels() == set())
    assert StrayChannel.objects.get().call == call


def test_a_channel_of_no_call_at_all_is_hung_up_and_seen_by_operators(control: CallControl, pbx: SandboxPbx) -> None:
    unknown = Call(id=uuid.uuid4(), number=RINGS_FOR_EVER)
    dial(pbx, RINGS_FOR_EVER, unknown)
    eventually(lambda: pbx.channels() == set())
    assert StrayChannel.objects.get().channel_id == unknown.id
    assert StrayChannel.objects.get().channel.startswith("PJSIP/trunk-")


def test_a_channel_that_appears_after_its_call_was_asked_to_end_is_hung_up(
    control: CallControl, pbx: SandboxPbx
) -> None:
    call = dial(pbx, RINGS_FOR_EVER, make_call(State.DIALING, number=RINGS_FOR_EVER, hang_up_requested_at=NOW))
    eventually(lambda: is_in(call, State.ENDED))
    assert call.outcome == Outcome.CANCELLED
    assert not StrayChannel.objects.exists()


def test_an_answer_that_nobody_heard_is_seen_after_the_reconnect(control: CallControl, pbx: SandboxPbx) -> None:
    call = dial(pbx, RINGS_FOR_EVER)
    eventually(lambda: is_in(call, State.RINGING))
    Call.objects.filter(id=call.id).update(state=State.DIALING, ringing_at=None)
    pbx.fault("DropConnections")
    eventually(lambda: is_in(call, State.RINGING))


def test_a_refused_login_is_repeated_until_it_works(pbx: SandboxPbx, redis_url: str) -> None:
    pbx.fault("RefuseLogin", 2)
    with running(CallControl(pbx.account, QUICK)) as control:
        eventually(lambda: control.client.ready)


def test_it_says_that_it_lives_and_that_the_pbx_does(control: CallControl) -> None:
    eventually(lambda: alive.is_alive("callcontrol"))


def test_without_a_pbx_it_lives_and_does_not_say_that_the_pbx_does(redis_url: str, pbx: SandboxPbx) -> None:
    pbx.stop()
    with running(CallControl(pbx.account, QUICK)) as control:
        eventually(lambda: alive.is_alive("callcontrol"))
        call = make_call(State.TALKING)
        eventually(control.commands.listening.is_set)
        assert "not connected" in answer_to(Command(call.id, CommandName.SEND_DTMF, {"digits": "1"})).error
    assert not alive.is_alive("pbx")
