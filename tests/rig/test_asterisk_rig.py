"""The rig itself: a real Asterisk between a SIP callee and an audio gateway, without anything of the product."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import numpy as np
import pytest

from tests.rig import pcmu, sipp
from tests.rig.ami import AmiClient, AmiRefused, Message
from tests.rig.asterisk import RunningAsterisk
from tests.rig.gateway import ToneGateway
from tests.rig.rtp import RtpPeer

pytestmark = pytest.mark.asterisk

NUMBER = "+12025550100"
AGENT_HZ, CALLEE_HZ = 440.0, 700.0
WAIT_S = 10.0


@dataclass
class Pbx:
    """Both AMI accounts of the product on the Asterisk under test, and one call placed with them."""

    asterisk: RunningAsterisk
    originator: AmiClient
    observer: AmiClient
    call_id: UUID = field(default_factory=uuid4)

    def dial(self, gateway: str, number: str = NUMBER, timeout_ms: int = 10_000) -> None:
        self.originator.action(
            "Originate",
            ("Channel", self.asterisk.dial_string.format(number=number)),
            ("Context", self.asterisk.context),
            ("Exten", "s"),
            ("Priority", "1"),
            ("ChannelId", str(self.call_id)),
            ("ActionID", str(self.call_id)),
            ("Timeout", str(timeout_ms)),
            ("CallerID", '"OpenDeep" <+12025550199>'),
            ("Variable", f"OPENDEEP_CALL={self.call_id}"),
            ("Variable", f"OPENDEEP_GATEWAY={gateway}"),
            ("Async", "true"),
        )

    def event(self, name: str) -> Message:
        """The next event of this call with that name."""
        return self.observer.wait_for(name, lambda event: event.get("Uniqueid") == str(self.call_id), WAIT_S)


@pytest.fixture
def pbx(asterisk: RunningAsterisk) -> Iterator[Pbx]:
    with asterisk.connect(asterisk.originator) as originator, asterisk.connect(asterisk.observer) as observer:
        yield Pbx(asterisk, originator, observer)


@pytest.fixture
def gateway() -> Iterator[ToneGateway]:
    with ToneGateway(pcmu.tone(AGENT_HZ, 1.0).tobytes()) as gateway:
        yield gateway


@pytest.fixture
def phone() -> Iterator[RtpPeer]:
    with RtpPeer() as phone:
        yield phone


def test_the_configuration_that_operators_copy_loads_without_a_complaint(asterisk: RunningAsterisk) -> None:
    complaints = [line for line in asterisk.log().splitlines() if "WARNING" in line or "ERROR" in line]
    assert complaints == []


def test_the_callee_hears_the_gateway_at_the_right_pitch_and_speed(
    pbx: Pbx, gateway: ToneGateway, phone: RtpPeer
) -> None:
    with sipp.Callee(pbx.asterisk.trunk_port, sipp.answers(phone.port)) as callee:
        pbx.dial(gateway.address)
        call = gateway.accept()
        packets = phone.wait_for_audio(2.0, WAIT_S)
        call.hang_up()
        pbx.event("Hangup")
    assert call.id == pbx.call_id
    assert callee.numbers_called() == [NUMBER]
    assert {len(packet.payload) for packet in packets} == {160}
    steps = np.diff([packet.timestamp for packet in packets])
    assert set(steps.tolist()) == {160}
    assert np.median(np.diff([packet.arrived_s for packet in packets])) == pytest.approx(0.02, abs=0.002)
    assert packets[-1].arrived_s - packets[0].arrived_s == pytest.approx(0.02 * (len(packets) - 1), abs=0.1)
    assert pcmu.pitch_hz(pcmu.decode(phone.heard())) == pytest.approx(AGENT_HZ, abs=2)


def test_the_gateway_hears_the_callee_at_the_right_pitch_and_length(
    pbx: Pbx, gateway: ToneGateway, phone: RtpPeer
) -> None:
    phone.play(pcmu.encode(pcmu.tone(CALLEE_HZ, 1.0)))
    with sipp.Callee(pbx.asterisk.trunk_port, sipp.answers(phone.port)):
        pbx.dial(gateway.address)
        call = gateway.accept()
        heard = pcmu.spoken(np.frombuffer(call.wait_for_audio(2.0, WAIT_S), np.int16))
        call.hang_up()
        pbx.event("Hangup")
    assert heard.size / 8000 == pytest.approx(1.0, abs=0.005)
    assert pcmu.pitch_hz(heard) == pytest.approx(CALLEE_HZ, abs=2)
    assert np.abs(heard.astype(int)).max() == pytest.approx(8000, rel=0.05)
