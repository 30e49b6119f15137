"""The rig itself: a real Asterisk between a SIP callee and an audio gateway, without anything of the product."""

from collections.abc import Iterator

import numpy as np
import pytest

from tests.rig import pcmu, sipp
from tests.rig.ami import AmiClient, AmiRefused
from tests.rig.asterisk import Account, RunningAsterisk
from tests.rig.gateway import ToneGateway
from tests.rig.pbx import NUMBER, WAIT_S, Pbx
from tests.rig.rtp import RtpPeer

pytestmark = pytest.mark.asterisk

AGENT_HZ, CALLEE_HZ = 440.0, 700.0
# An address on which no gateway listens.
NOWHERE = "127.0.0.1:1"


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
    start, ready, _ = asterisk.log().partition("Asterisk Ready.")
    assert ready
    assert [line for line in start.splitlines() if "WARNING" in line or "ERROR" in line] == []


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


def test_every_event_of_a_call_carries_the_id_that_it_was_placed_with(
    pbx: Pbx, gateway: ToneGateway, phone: RtpPeer
) -> None:
    with sipp.Callee(pbx.asterisk.trunk_port, sipp.answers(phone.port)):
        pbx.dial(gateway.address)
        gateway.accept().hang_up()
        hangup = pbx.event("Hangup")
    names = [event["Event"] for event in pbx.observer.events if event.get("Uniqueid") == str(pbx.call_id)]
    assert {"Newchannel", "Newstate", "OriginateResponse", "Hangup"} <= set(names)
    dialled = [event for event in pbx.observer.events if event["Event"].startswith("Dial")]
    assert {event["DestUniqueid"] for event in dialled} == {str(pbx.call_id)}
    assert [event["DialStatus"] for event in dialled[1:]] == ["RINGING", "ANSWER"]
    assert (hangup["Cause"], hangup.get("TechCause")) == ("16", None)


@pytest.mark.parametrize(
    ("status", "reason", "cause"),
    [
        (486, "Busy Here", "17"),
        (603, "Decline", "21"),
        (404, "Not Found", "1"),
        (480, "Temporarily Unavailable", "19"),
        (503, "Service Unavailable", "34"),
    ],
)
def test_a_refused_call_ends_with_the_callees_sip_status(pbx: Pbx, status: int, reason: str, cause: str) -> None:
    with sipp.Callee(pbx.asterisk.trunk_port, sipp.refuses(status, reason)):
        pbx.dial(NOWHERE)
        hangup = pbx.event("Hangup")
    assert (hangup["Cause"], hangup["TechCause"]) == (cause, str(status))


def test_a_callee_who_never_answers_is_given_up_after_the_timeout(pbx: Pbx) -> None:
    with sipp.Callee(pbx.asterisk.trunk_port, sipp.rings_for_ever()) as callee:
        pbx.dial(NOWHERE, timeout_ms=500)
        ringing, hangup = pbx.event("Newstate"), pbx.event("Hangup")
        callee.wait_for_message("SIP/2.0 487 Request Terminated", WAIT_S)
    assert ringing["ChannelStateDesc"] == "Ringing"
    assert (hangup["Cause"], hangup["Cause-txt"]) == ("19", "User alerting, no answer")


def test_an_announcement_before_a_refusal_is_not_an_answer(pbx: Pbx, gateway: ToneGateway, phone: RtpPeer) -> None:
    with sipp.Callee(pbx.asterisk.trunk_port, sipp.announces_and_refuses(0.1, phone.port)):
        pbx.dial(gateway.address)
        hangup = pbx.event("Hangup")
    statuses = [event["DialStatus"] for event in pbx.observer.events if event["Event"] in ("DialState", "DialEnd")]
    assert statuses == ["PROGRESS", "BUSY"]
    assert (hangup["Cause"], hangup["ChannelStateDesc"]) == ("17", "Down")


@pytest.mark.parametrize("after_s", [0.0, 0.3])
def test_the_gateway_loses_the_call_when_the_callee_hangs_up(pbx: Pbx, gateway: ToneGateway, after_s: float) -> None:
    with sipp.Callee(pbx.asterisk.trunk_port, sipp.answers_and_hangs_up(after_s)):
        pbx.dial(gateway.address)
        hangup = pbx.event("Hangup")
    assert (hangup["ChannelStateDesc"], hangup.get("TechCause")) == ("Up", None)
    if after_s:
        gateway.accept().wait_until_over(WAIT_S)


def test_a_call_whose_gateway_cannot_be_reached_ends_with_a_cause_of_its_own(pbx: Pbx, phone: RtpPeer) -> None:
    with sipp.Callee(pbx.asterisk.trunk_port, sipp.answers(phone.port)):
        pbx.dial(NOWHERE)
        hangup = pbx.event("Hangup")
    assert (hangup["ChannelStateDesc"], hangup["Cause"]) == ("Up", "38")


def test_keys_pressed_through_the_observers_account_reach_the_phone(
    pbx: Pbx, gateway: ToneGateway, phone: RtpPeer
) -> None:
    with sipp.Callee(pbx.asterisk.trunk_port, sipp.answers(phone.port)):
        pbx.dial(gateway.address)
        call = gateway.accept()
        for count, digit in enumerate("20#", start=1):
            pbx.observer.action("PlayDTMF", ("Channel", str(pbx.call_id)), ("Digit", digit), ("Duration", "100"))
            phone.wait_for_digits(count, WAIT_S)
            phone.wait_for_audio(len(phone.heard()) / 8000 + 0.1, WAIT_S)
        assert phone.digits() == "20#"
        call.hang_up()


def test_the_observers_account_finds_a_call_by_its_id_and_ends_it(
    pbx: Pbx, gateway: ToneGateway, phone: RtpPeer
) -> None:
    with sipp.Callee(pbx.asterisk.trunk_port, sipp.answers(phone.port)):
        pbx.dial(gateway.address)
        call = gateway.accept()
        pbx.observer.action("CoreShowChannels")
        assert pbx.event("CoreShowChannel")["ChannelStateDesc"] == "Up"
        pbx.observer.action("Status", ("Channel", str(pbx.call_id)))
        assert pbx.event("Status")["ChannelStateDesc"] == "Up"
        pbx.observer.action("Hangup", ("Channel", str(pbx.call_id)), ("Cause", "16"))
        call.wait_until_over(WAIT_S)
        assert pbx.event("Hangup")["Cause"] == "16"


def test_a_second_originate_with_the_id_of_a_live_call_rings_nobody(
    pbx: Pbx, gateway: ToneGateway, phone: RtpPeer
) -> None:
    with sipp.Callee(pbx.asterisk.trunk_port, sipp.answers(phone.port)) as callee:
        pbx.dial(gateway.address)
        call = gateway.accept()
        pbx.dial(gateway.address)
        refusal = pbx.observer.wait_for("OriginateResponse", lambda event: event["Response"] == "Failure", WAIT_S)
        call.hang_up()
        pbx.event("Hangup")
    assert (refusal["Reason"], refusal["Uniqueid"]) == ("0", str(pbx.call_id))
    assert callee.numbers_called() == [NUMBER]


@pytest.mark.parametrize(
    "action", ["Hangup", "PlayDTMF", "Status", "CoreShowChannels", "Redirect", "Command", "Setvar"]
)
def test_the_originators_account_can_do_nothing_but_originate(pbx: Pbx, action: str) -> None:
    with pytest.raises(AmiRefused, match="Permission denied"):
        pbx.originator.action(action, ("Channel", str(pbx.call_id)))


@pytest.mark.parametrize(
    "action",
    ["Originate", "Command", "UpdateConfig", "GetConfig", "ModuleLoad", "ModuleCheck", "Reload", "UserEvent", "Filter"],
)
def test_the_observers_account_can_neither_place_calls_nor_change_the_pbx(pbx: Pbx, action: str) -> None:
    with pytest.raises(AmiRefused, match="Permission denied"):
        pbx.observer.action(action, ("Channel", "PJSIP/1@trunk"))


@pytest.mark.parametrize("secret", ["", "rig"])
def test_an_account_without_a_secret_cannot_log_in(asterisk: RunningAsterisk, secret: str) -> None:
    other = RunningAsterisk()
    other.everything = Account("opendeep", secret="")
    with other, AmiClient(other.host, other.ami_port) as client, pytest.raises(AmiRefused, match="Authentication"):
        client.login("opendeep", secret)
