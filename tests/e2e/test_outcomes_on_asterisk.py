"""How calls over a real Asterisk end: outcome, Q.850 cause and SIP status, and what breaks in the middle."""

import math
import socket
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import override_settings

from calls.asterisk.dialer import Accepted, DialOrder
from calls.contracts import Command, CommandName, command_channel
from calls.control.reconcile import GRACE
from calls.models import Call
from calls.services.overdue import end_overdue
from calls.states import Outcome, State
from opendeep.core.clock import now
from opendeep.core.redis import connection
from tests.calls.conftest import eventually
from tests.e2e.line import Line, Voice, is_in, wait_for_end
from tests.rig import pcmu
from tests.rig.asterisk import RunningAsterisk
from tests.rig.ports import LOOPBACK
from tests.rig.proxy import CuttableProxy
from tests.rig.rtp import RtpPeer
from tests.rig.sipp import (
    Behaviour,
    Callee,
    announces_and_refuses,
    announces_for_ever,
    answers,
    answers_and_hangs_up,
    refuses,
    rings_for_ever,
)

pytestmark = [
    pytest.mark.processes,
    pytest.mark.asterisk,
    pytest.mark.timeout(120),
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("redis_url"),
]

NUMBER = "+12025550170"
FIVE = [f"+120255501{last}" for last in range(71, 76)]
NOBODY_LISTENS = "127.0.0.1:1"
TONE = pcmu.tone(440.0, 1.0).tobytes()
RING_S, A_LONG_RING_S = 2, 60


@pytest.fixture(autouse=True)
def short_waits() -> Iterator[None]:
    with override_settings(RING_TIMEOUT_SECONDS=RING_S, CALLS_PER_SECOND=1000):
        yield


@pytest.fixture
def voice() -> Iterator[Voice]:
    with Voice(TONE) as voice:
        yield voice


@pytest.fixture
def phone() -> Iterator[RtpPeer]:
    with RtpPeer() as phone:
        yield phone


def call_of(asterisk: RunningAsterisk, callee: Behaviour, gateway_address: str = NOBODY_LISTENS) -> Call:
    """One call, from the dialing job to its end."""
    line = Line(asterisk)
    with line.listening(), Callee(asterisk.trunk_port, callee) as callees:
        call = wait_for_end(line.place(NUMBER, gateway_address))
        assert callees.numbers_called() == [NUMBER]
    return call


def ended(call: Call) -> tuple[str, int | None, str]:
    return call.outcome, call.hangup_cause, call.sip_cause


@pytest.mark.parametrize(
    ("status", "words", "expected"),
    [
        (486, "Busy Here", (Outcome.BUSY, 17, "486")),
        (603, "Decline", (Outcome.REJECTED, 21, "603")),
        (404, "Not Found", (Outcome.UNREACHABLE, 1, "404")),
        (480, "Temporarily Unavailable", (Outcome.NO_ANSWER, 19, "480")),
        (503, "Service Unavailable", (Outcome.UNREACHABLE, 34, "503")),
    ],
)
def test_a_refusal_is_told_by_cause_and_sip_status(
    asterisk: RunningAsterisk, status: int, words: str, expected: tuple[str, int, str]
) -> None:
    call = call_of(asterisk, refuses(status, words))
    assert ended(call) == expected
    assert call.answered_at is None


def test_a_telephone_that_rings_until_the_timeout_is_no_answer(asterisk: RunningAsterisk) -> None:
    call = call_of(asterisk, rings_for_ever())
    assert ended(call) == (Outcome.NO_ANSWER, 19, "480")  # the status is that of Asterisk's own cause
    assert call.ringing_at is not None


def test_a_trunk_that_says_nothing_at_all_is_unreachable_and_not_a_missed_call() -> None:
    # An Asterisk of its own: it goes on repeating the INVITE for half a minute, to whoever is the callee by then.
    with RunningAsterisk() as asterisk, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
        mute.bind((LOOPBACK, asterisk.trunk_port))
        line = Line(asterisk)
        with line.listening():
            call = wait_for_end(line.place(NUMBER, NOBODY_LISTENS))
    assert ended(call) == (Outcome.UNREACHABLE, 19, "480")
    assert call.ringing_at is None


def test_an_announcement_and_then_busy_is_busy_and_was_never_answered(
    asterisk: RunningAsterisk, phone: RtpPeer
) -> None:
    call = call_of(asterisk, announces_and_refuses(0.3, phone.port))
    assert ended(call) == (Outcome.BUSY, 17, "486")
    assert (call.answered_at, call.talking_at) == (None, None)


def test_an_announcement_without_an_end_is_no_answer(asterisk: RunningAsterisk, phone: RtpPeer) -> None:
    call = call_of(asterisk, announces_for_ever(phone.port))
    assert (call.outcome, call.hangup_cause, call.answered_at) == (Outcome.NO_ANSWER, 19, None)


def test_a_talk_that_the_agent_ends_is_completed(asterisk: RunningAsterisk, phone: RtpPeer) -> None:
    with Voice(TONE, talk_s=0.5) as voice:
        call = call_of(asterisk, answers(phone.port), voice.address)
    assert ended(call) == (Outcome.COMPLETED, 16, "")
    assert call.talking_at is not None


def test_a_callee_who_hangs_up_in_the_middle_completes_the_call(asterisk: RunningAsterisk, voice: Voice) -> None:
    call = call_of(asterisk, answers_and_hangs_up(0.5), voice.address)
    assert (call.outcome, call.sip_cause) == (Outcome.COMPLETED, "")
    assert call.hangup_cause in (0, 16)
    assert call.end_reason == "The callee hung up."


def test_a_callee_who_hangs_up_at_once_leaves_no_open_call(asterisk: RunningAsterisk, voice: Voice) -> None:
    call = call_of(asterisk, answers_and_hangs_up(0.0), voice.address)
    assert call.answered_at is not None
    assert call.outcome == (Outcome.COMPLETED if call.talking_at else Outcome.DROPPED)
    assert call.hangup_cause in (0, 16)


def test_a_line_on_which_no_side_sends_audio_is_dropped(asterisk: RunningAsterisk) -> None:
    with Voice(b"") as mute:
        call = call_of(asterisk, answers_and_hangs_up(20.0), mute.address)
    assert ended(call) == (Outcome.DROPPED, 38, "500")


def test_a_voice_that_cannot_be_connected_is_our_failure(asterisk: RunningAsterisk, phone: RtpPeer) -> None:
    call = call_of(asterisk, answers(phone.port))
    assert ended(call) == (Outcome.FAILED, 38, "500")


# --- In the call -----------------------------------------------------------------------------------


def test_keys_are_pressed_one_after_the_other_and_a_hang_up_is_a_normal_end(
    asterisk: RunningAsterisk, voice: Voice, phone: RtpPeer
) -> None:
    line = Line(asterisk)
    with line.listening(), Callee(asterisk.trunk_port, answers(phone.port)):
        call = line.place(NUMBER, voice.address)
        eventually(lambda: is_in(call, State.TALKING))
        send(Command(call.id, CommandName.SEND_DTMF, {"digits": "112#"}))
        eventually(lambda: phone.digits() == "112#", "the telephone heard the keys")
        send(Command(call.id, CommandName.END_CALL, {"reason": "Done."}))
        wait_for_end(call)
    assert call.hangup_cause == 16


def send(command: Command) -> None:
    connection().publish(command_channel(command.call_id), command.encode())


def test_a_second_originate_with_the_id_of_a_live_call_does_not_end_it(
    asterisk: RunningAsterisk, voice: Voice, phone: RtpPeer
) -> None:
    line = Line(asterisk)
    with Callee(asterisk.trunk_port, answers(phone.port, after_s=1.0)) as callee:
        call = line.place(NUMBER, voice.address)
        callee.wait_for_message("SIP/2.0 180 Ringing", 10)
        with line.listening() as control, asterisk.connect(asterisk.observer) as observer:
            with line.dialer.session() as session:
                order = DialOrder(call.id, NUMBER, voice.address, "", RING_S)
                assert session.originate([order], before=math.inf) == [Accepted()]
            observer.wait_for("OriginateResponse", lambda event: event["Response"] == "Failure", 10)
            eventually(lambda: is_in(call, State.TALKING))
            send(Command(call.id, CommandName.END_CALL, {"reason": "Done."}))
            wait_for_end(call)
            assert control.client.ready
        assert callee.numbers_called() == [NUMBER]
    assert (call.outcome, call.hangup_cause) == (Outcome.COMPLETED, 16)


# --- What breaks in the middle ------------------------------------------------------------------------


def test_without_ami_in_the_middle_of_calls_every_call_ends_and_none_is_dialled_twice(
    asterisk: RunningAsterisk, voice: Voice
) -> None:
    with CuttableProxy(asterisk.ami_port) as ami, Callee(asterisk.trunk_port, answers_and_hangs_up(1.5)) as callee:
        line = Line(asterisk, ami.port)
        with line.listening():
            calls = [line.place(number, voice.address) for number in FIVE]
            waiting = line.prepare(NUMBER, voice.address)
            eventually(lambda: all(is_in(call, State.TALKING) for call in calls), "all talk")
            ami.cut()
            line.dial(waiting)
            eventually(lambda: all(over_at_the_gateway(call) for call in calls), "all callees hung up")
            eventually(lambda: all(may_be_missed(call) for call in calls))
            ami.mend()
            for call in calls:
                wait_for_end(call)
        assert sorted(callee.numbers_called()) == FIVE
    assert {call.outcome for call in calls} == {Outcome.COMPLETED}
    waiting.refresh_from_db()
    assert (waiting.state, waiting.waits_for, waiting.originate_sent_at) == (State.QUEUED, "pbx", None)


def may_be_missed(call: Call) -> bool:
    """Whether it was dialled so long ago that the PBX must know of it."""
    return call.dialing_at is not None and now() > call.dialing_at + GRACE


def over_at_the_gateway(call: Call) -> bool:
    call.refresh_from_db()
    return call.talk_over_at is not None


def test_an_asterisk_that_restarts_in_the_middle_of_five_calls_leaves_none_open(voice: Voice) -> None:
    asterisk = RunningAsterisk()
    line = Line(asterisk)
    with RtpPeer() as phone, Callee(asterisk.trunk_port, answers(phone.port)) as callee:
        asterisk.__enter__()
        with line.listening() as control:
            calls = [line.place(number, voice.address) for number in FIVE]
            eventually(lambda: all(is_in(call, State.TALKING) for call in calls), "all talk")
            eventually(lambda: all(may_be_missed(call) for call in calls))
            asterisk.__exit__(None, None, None)
            with asterisk:
                eventually(lambda: control.client.ready, "callcontrol is back")
                for call in calls:
                    line.dial(call)  # its job is delivered again
                    wait_for_end(call)
                line.place(NUMBER, voice.address)
                eventually(lambda: NUMBER in callee.numbers_called(), "calls go out again")
        assert sorted(callee.numbers_called()) == [NUMBER, *FIVE]
    assert {call.hangup_cause for call in calls} == {None}
    assert end_overdue(now() + timedelta(seconds=A_LONG_RING_S)) <= 1
