"""One call over a real Asterisk 22, from row to verdict, with its sound checked at both ends."""

import statistics
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from sandbox.speech.g711 import decode, encode
from sandbox.speech.recognize import Recognizer
from sandbox.speech.voice import synthesize
from tests.e2e import flow
from tests.e2e.product import EMAIL, Api, RunningProduct, wait_until
from tests.rig.asterisk import RunningAsterisk
from tests.rig.rtp import Packet, RtpPeer
from tests.rig.sipp import Callee, answers, refuses

pytestmark = [pytest.mark.processes, pytest.mark.asterisk, pytest.mark.timeout(300)]

NUMBER, BUSY_NUMBER, KEYS_NUMBER = "+12025550160", "+12025550161", "+12025550162"
ANSWER = "Yes, that works for me."
ANY_HOUR = (
    "from calls.models import CallingHours as H; from opendeep.accounts.models import Organization as O;"
    "[H.objects.create(organization=O.objects.get(), weekday=d, opens_minute=0, closes_minute=1440) for d in range(7)]"
)
OPENING_S = 8.0
"""The greeting and the question take longer than this; whoever answers earlier has not heard the question."""


@pytest.fixture(scope="module")
def product(asterisk: RunningAsterisk) -> Iterator[RunningProduct]:
    """The product with a real PBX; OpenAI is the stand-in."""
    settings = {
        "ASTERISK_AMI_HOST": asterisk.host,
        "ASTERISK_AMI_PORT": str(asterisk.ami_port),
        "ASTERISK_AMI_USERNAME": asterisk.originator.username,
        "ASTERISK_AMI_SECRET": asterisk.originator.secret,
        "ASTERISK_AMI_EVENTS_USERNAME": asterisk.observer.username,
        "ASTERISK_AMI_EVENTS_SECRET": asterisk.observer.secret,
        "ASTERISK_DIAL_STRING": asterisk.dial_string,
        "ASTERISK_CONTEXT": asterisk.context,
    }
    with RunningProduct(settings) as running:
        assert "sandbox-pbx" not in running.output()
        running.manage("shell", "-v0", "-c", ANY_HOUR)
        yield running


@pytest.fixture(scope="module")
def api(product: RunningProduct) -> Api:
    return Api(product.url, product.manage("create_api_token", EMAIL))


@pytest.fixture(scope="module")
def answered(product: RunningProduct, api: Api, asterisk: RunningAsterisk) -> dict[str, Any]:
    """A call whose callee says yes once the question was asked: its task, call, transcript and what the phone heard."""
    with RtpPeer() as phone, Callee(asterisk.trunk_port, answers(phone.port)) as callee:
        campaign = flow.execute(api, flow.plan_of(api, f"Ask {NUMBER} whether Friday at ten suits."))
        phone.wait_for_audio(1.0, 90)
        wait_until("the question was asked", lambda: quiet_after_speech(phone.heard()), 40)
        phone.play(encode(synthesize(ANSWER)))
        task = flow.wait_until_judged(api, campaign)[NUMBER]
        call = api.get(f"/api/tasks/{task['id']}/")["calls"][0]
        return {
            "task": task,
            "call": api.get(f"/api/calls/{call['id']}/"),
            "turns": api.get(f"/api/calls/{call['id']}/transcript/")["turns"],
            "packets": phone.packets(),
            "heard": phone.heard(),
            "called": callee.numbers_called(),
        }


def quiet_after_speech(pcmu: bytes) -> bool:
    """Whether somebody spoke for long enough, and the last second was silent."""
    levels = np.abs(np.frombuffer(decode(pcmu), np.int16).astype(int))
    return bool(levels.size > OPENING_S * 8000 and levels[-8000:].max() < 100)


def test_the_task_is_done_and_the_phone_rang_once(answered: dict[str, Any]) -> None:
    assert answered["task"]["status"] == "completed"
    assert len(answered["called"]) == 1
    assert answered["call"]["outcome"] == "completed"


def test_what_the_callee_said_reached_the_model(answered: dict[str, Any]) -> None:
    assert ANSWER in [turn["text"] for turn in answered["turns"] if turn["speaker"] == "callee"]


def test_what_the_agent_said_reached_the_callee_whole_and_at_the_right_speed(answered: dict[str, Any]) -> None:
    said = [turn["text"] for turn in answered["turns"] if turn["speaker"] == "agent"]
    speech = np.frombuffer(decode(answered["heard"]), np.int16)
    first = speech[: int(first_pause_s(speech) * 8000)]
    heard = Recognizer(said, voice="agent").recognize(first.tobytes())
    assert heard is not None
    assert heard.complete
    assert heard.text == said[0]
    spoken_s = len(synthesize(said[0], voice="agent")) / 16000
    assert first_pause_s(speech) - onset_s(speech) == pytest.approx(spoken_s, rel=0.1)


def onset_s(speech: "np.ndarray[Any, Any]") -> float:
    return float(np.argmax(np.abs(speech.astype(int)) > 300)) / 8000


def first_pause_s(speech: "np.ndarray[Any, Any]", pause_s: float = 1.0) -> float:
    """Where the first pause of `pause_s` after the first sound begins."""
    loud = np.flatnonzero(np.abs(speech.astype(int)) > 300)
    gaps = np.flatnonzero(np.diff(loud) > pause_s * 8000)
    return float(loud[gaps[0]] if gaps.size else loud[-1]) / 8000


def test_the_sound_arrives_in_packets_of_20_ms_without_bursts(answered: dict[str, Any]) -> None:
    packets: list[Packet] = answered["packets"]
    assert {len(packet.payload) for packet in packets} == {160}
    steps = [(b.timestamp - a.timestamp) % 2**32 for a, b in pairwise(packets)]
    assert statistics.mode(steps) == 160
    gaps_ms = [(b.arrived_s - a.arrived_s) * 1000 for a, b in pairwise(packets)]
    assert statistics.median(gaps_ms) == pytest.approx(20, abs=1)
    seconds = packets[-1].arrived_s - packets[0].arrived_s
    assert len(packets) * 0.02 == pytest.approx(seconds, rel=0.02)


@pytest.mark.long
def test_keys_reach_the_telephone_and_come_from_it(
    product: RunningProduct, api: Api, asterisk: RunningAsterisk
) -> None:
    with RtpPeer() as phone, Callee(asterisk.trunk_port, answers(phone.port)):
        campaign = flow.execute(api, flow.plan_of(api, f"Ask {KEYS_NUMBER} whether Friday at ten suits."))
        phone.wait_for_audio(1.0, 90)
        wait_until("the question was asked", lambda: quiet_after_speech(phone.heard()), 40)
        product.fault(target="realtime", kind="tool_call", tool="send_dtmf", arguments='{"digits": "12#"}')
        phone.play(encode(synthesize("Hello?")))
        assert phone.wait_for_digits(3, 20) == "12#"
        phone.press("7")
        phone.play(encode(synthesize(ANSWER)))
        task = flow.wait_until_judged(api, campaign)[KEYS_NUMBER]
    call = api.get(f"/api/tasks/{task['id']}/")["calls"][0]
    events = api.get(f"/api/calls/{call['id']}/events/")["events"]
    assert [event["detail"]["digit"] for event in events if event["kind"] == "key_pressed"] == ["7"]


def test_a_busy_line_is_told_from_the_sip_cause_and_tried_again(
    product: RunningProduct, api: Api, asterisk: RunningAsterisk
) -> None:
    with Callee(asterisk.trunk_port, refuses(486, "Busy Here")):
        campaign = flow.execute(api, flow.plan_of(api, f"Ask {BUSY_NUMBER} whether Friday at ten suits."))
        task = flow.wait_until_judged(api, campaign)[BUSY_NUMBER]
    attempt = api.get(f"/api/tasks/{task['id']}/")["calls"][0]
    call = api.get(f"/api/calls/{attempt['id']}/")
    assert (call["outcome"], call["hangup_cause"], call["sip_cause"]) == ("busy", 17, "486")
    assert task["status"] == "pending"
    assert task["next_action_at"]
