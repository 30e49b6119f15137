"""A callee is put through to a person over a real Asterisk, whose telephone is a second SIPp with sound of its own."""

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from django.test import override_settings

from calls import facade
from calls.contracts import Command, CommandName, command_channel
from calls.models import Call
from calls.states import Outcome, State, Transfer
from opendeep.accounts.models import Organization
from opendeep.core.clock import now
from opendeep.core.redis import connection
from tests.calls.conftest import eventually
from tests.e2e.line import GATEWAY, Line, is_in, wait_for_end
from tests.rig import pcmu
from tests.rig.asterisk import RunningAsterisk
from tests.rig.gateway import AudioCall, ToneGateway
from tests.rig.rtp import RtpPeer
from tests.rig.sipp import Behaviour, Callee, answers, answers_and_hangs_up, refuses, rings_for_ever

pytestmark = [
    pytest.mark.processes,
    pytest.mark.asterisk,
    pytest.mark.timeout(120),
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("redis_url"),
]

NUMBER, PERSON = "+12025550170", "+12025550177"
RING_S = 3
VOICE_HZ, CALLEE_HZ, PERSON_HZ = 440.0, 700.0, 1100.0


class Talk:
    """A call that talks with a voice, and everything that is needed to put its callee through."""

    def __init__(self, asterisk: RunningAsterisk, stack: ExitStack, callee_hangs_up_after_s: float | None) -> None:
        self.line = Line(asterisk)
        self.callee = stack.enter_context(RtpPeer())
        self.person = stack.enter_context(RtpPeer())
        self.voice = stack.enter_context(ToneGateway(pcmu.tone(VOICE_HZ, 1.0).tobytes()))
        stack.enter_context(self.line.listening())
        after = callee_hangs_up_after_s
        telephone = answers_and_hangs_up(after, self.callee.port) if after else answers(self.callee.port)
        stack.enter_context(Callee(asterisk.trunk_port, telephone))
        self.call = self.line.place(NUMBER, self.voice.address)
        Organization.objects.filter(id=self.call.organization_id).update(transfer_number=PERSON)
        self.first = self.connected()

    def connected(self) -> AudioCall:
        """The line to the voice, for the first time or again."""
        talk = self.voice.accept()
        assert talk.id == self.call.id
        facade.media_up(talk.id, gateway_id=GATEWAY, at=now())
        return talk

    def put_through(self) -> None:
        eventually(lambda: is_in(self.call, State.TALKING))
        command = Command(self.call.id, CommandName.TRANSFER_CALL, {"reason": "Wants a person."})
        connection().publish(command_channel(self.call.id), command.encode())

    def agent_is_out(self) -> None:
        """What the gateway tells when the person has answered."""
        facade.talk_over(self.call.id, gateway_id=GATEWAY, cause="transferred", at=now())

    def transfer(self) -> str:
        self.call.refresh_from_db()
        return self.call.transfer

    def kinds(self) -> list[str]:
        return [event.kind for event in self.call.events.all() if event.kind.startswith("transfer")]


@pytest.fixture
def stack(asterisk: RunningAsterisk) -> Iterator[ExitStack]:
    settings = {
        "ASTERISK_DIAL_STRING": asterisk.desk_dial_string,  # of the person; the call itself is dialled by the rig's
        "TRANSFER_RING_SECONDS": RING_S,
        "CALLS_PER_SECOND": 1000,
    }
    with override_settings(**settings), ExitStack() as stack:
        yield stack


def desk(asterisk: RunningAsterisk, stack: ExitStack, behaviour: Behaviour) -> Callee:
    return stack.enter_context(Callee(asterisk.desk_port, behaviour))


def hears(phone: RtpPeer, hz: float) -> bool:
    """Whether the last half second of what the telephone got is this tone."""
    samples = pcmu.decode(phone.heard()[-4000:])
    return pcmu.spoken(samples).size > 2000 and abs(pcmu.pitch_hz(samples) - hz) < 10


def test_sound_flows_between_callee_and_person_and_the_voice_is_out(
    asterisk: RunningAsterisk, stack: ExitStack
) -> None:
    talk = Talk(asterisk, stack, None)
    telephone = desk(asterisk, stack, answers(talk.person.port, after_s=0.5))
    eventually(lambda: hears(talk.callee, VOICE_HZ), "the callee hears the voice")
    talk.put_through()
    talk.first.wait_until_over(5)
    eventually(lambda: talk.transfer() == Transfer.ANSWERED, "the person answered")
    talk.agent_is_out()
    talk.callee.play(pcmu.encode(pcmu.tone(CALLEE_HZ, 4.0)))
    talk.person.play(pcmu.encode(pcmu.tone(PERSON_HZ, 4.0)))
    eventually(lambda: hears(talk.person, CALLEE_HZ), "the person hears the callee")
    eventually(lambda: hears(talk.callee, PERSON_HZ), "the callee hears the person")
    assert telephone.numbers_called() == [PERSON]
    assert talk.kinds() == ["transfer_started", "transfer_answered"]
    facade.hang_up(talk.call.id, reason="The test is over.", at=now())
    assert wait_for_end(talk.call).outcome == Outcome.COMPLETED


def test_the_callee_hears_that_it_rings(asterisk: RunningAsterisk, stack: ExitStack) -> None:
    talk = Talk(asterisk, stack, None)
    desk(asterisk, stack, rings_for_ever())
    talk.put_through()
    talk.first.wait_until_over(5)
    eventually(lambda: hears(talk.callee, 440.0) or hears(talk.callee, 480.0), "the ringing tone")
    facade.hang_up(talk.call.id, reason="The test is over.", at=now())
    eventually(lambda: Call.objects.get(id=talk.call.id).hung_up_at is not None)


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (refuses(486, "Busy Here"), "Their line was busy."),
        (refuses(503, "Service Unavailable"), "No line was free."),
        (rings_for_ever(), "They did not answer."),
    ],
)
def test_a_callee_whom_no_person_answers_comes_back_to_the_voice(
    asterisk: RunningAsterisk, stack: ExitStack, behaviour: Behaviour, reason: str
) -> None:
    talk = Talk(asterisk, stack, None)
    telephone = desk(asterisk, stack, behaviour)
    talk.put_through()
    again = talk.connected()
    again.wait_for_audio(0.3, 5)
    eventually(lambda: talk.transfer() == Transfer.NONE, "the transfer has failed")
    assert talk.call.events.get(kind="transfer_failed").detail == {"reason": reason}
    eventually(lambda: hears(talk.callee, VOICE_HZ), "the callee hears the voice again")
    assert telephone.numbers_called() == [PERSON]
    again.hang_up()
    facade.talk_over(talk.call.id, gateway_id=GATEWAY, cause="agent_ended", at=now())
    assert wait_for_end(talk.call).end_reason == "The agent ended the call."


def test_a_person_who_hangs_up_ends_the_call(asterisk: RunningAsterisk, stack: ExitStack) -> None:
    talk = Talk(asterisk, stack, None)
    desk(asterisk, stack, answers_and_hangs_up(0.5, talk.person.port))
    talk.put_through()
    eventually(lambda: talk.transfer() == Transfer.ANSWERED)
    talk.agent_is_out()
    call = wait_for_end(talk.call)
    assert (call.outcome, call.hangup_cause) == (Outcome.COMPLETED, 16)
    assert call.end_reason == "The callee was put through to a person."


def test_a_callee_who_hangs_up_while_it_rings_ends_the_call(asterisk: RunningAsterisk, stack: ExitStack) -> None:
    talk = Talk(asterisk, stack, 2.0)
    telephone = desk(asterisk, stack, rings_for_ever())
    talk.put_through()
    eventually(lambda: Call.objects.get(id=talk.call.id).hung_up_at is not None, "the callee has gone")
    facade.talk_over(talk.call.id, gateway_id=GATEWAY, cause="callee_hung_up", at=now())
    call = wait_for_end(talk.call)
    assert (call.outcome, call.end_reason) == (Outcome.COMPLETED, "The callee hung up.")
    telephone.wait_for_message("CANCEL", 5)


def test_a_callee_who_hangs_up_on_the_person_ends_the_call(asterisk: RunningAsterisk, stack: ExitStack) -> None:
    talk = Talk(asterisk, stack, 3.0)
    desk(asterisk, stack, answers(talk.person.port))
    talk.put_through()
    eventually(lambda: talk.transfer() == Transfer.ANSWERED)
    talk.agent_is_out()
    started = time.monotonic()
    assert wait_for_end(talk.call).outcome == Outcome.COMPLETED
    assert time.monotonic() - started < 10  # at once, and not at a deadline
