"""The wide-band profile through the real Asterisk: 24 kHz to it, and on a trunk that carries it, to the telephone."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest

from audiogateway.playout import LEAD_FRAMES
from sandbox.speech.g711 import decode
from sandbox.speech.voice import synthesize
from tests.rig.asterisk import RunningAsterisk
from tests.rig.fixtures import Figure
from tests.rig.rtp import L16_16K
from tests.sound.stage import Stage, Talk

pytestmark = [pytest.mark.processes, pytest.mark.asterisk, pytest.mark.timeout(120)]

SLIN_24K = 0x13
OPENING = "Hello, this is the AI of Acme. Is this a good moment?"
SPOKEN_S = len(synthesize(OPENING, rate=24_000, voice="agent")) / 48_000
LOUD_LEVEL = 300


@pytest.fixture(scope="module")
def wide_stage(asterisk: RunningAsterisk) -> Iterator[Stage]:
    """An Asterisk whose trunk carries 16 kHz. (The other one is asked for because it says if there can be any.)"""
    with RunningAsterisk(trunk_codecs="slin16") as wide_asterisk, Stage(wide_asterisk, L16_16K) as stage:
        yield stage


def opening(stage: Stage) -> Talk:
    """A call in which the agent has spoken its first sentences, and the callee has hung up."""
    talk = stage.call(order={"wide_band": True}, opening=OPENING, on_behalf_of="Acme")
    talk.wait_for("turns", lambda news: any(turn["ended_ms"] for turn in news["turns"]))
    talk.hang_up()
    return talk


def spoken_s(samples: npt.NDArray[np.int16], rate_hz: int) -> float:
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > LOUD_LEVEL)
    return float(loud[-1] - loud[0]) / rate_hz


def share_beyond_telephones(samples: npt.NDArray[np.int16], rate_hz: int) -> float:
    """How much energy the sound has in a band that no line of 8 kHz carries, by that of the band which it does."""
    energy = np.abs(np.fft.rfft(samples.astype(np.float64))) ** 2
    at_hz = np.fft.rfftfreq(samples.size, 1 / rate_hz)
    return float(energy[(at_hz > 4_200) & (at_hz < 7_000)].sum() / energy[at_hz < 3_800].sum())


def check_of_both_profiles(talk: Talk) -> None:
    sent = talk.to_asterisk()
    assert {(kind, len(payload)) for _, kind, payload in sent} == {(SLIN_24K, 960)}
    recording = talk.recording()
    figures = talk.news("figures")[-1]["figures"]
    recorded, due = len(recording.agent) // 160, len(sent) + figures["skipped_frames"]
    assert due <= recorded <= due + LEAD_FRAMES  # those that were made when the line had just gone
    assert spoken_s(np.frombuffer(decode(recording.agent), "<i2"), 8_000) == pytest.approx(SPOKEN_S, rel=0.05)
    assert figures["quality_warnings"] == []


def test_a_trunk_of_8_khz_gets_the_words_at_their_length(stage: Stage) -> None:
    talk = opening(stage)
    check_of_both_profiles(talk)
    heard = np.frombuffer(decode(talk.phone.heard()), "<i2")
    assert spoken_s(heard, 8_000) == pytest.approx(SPOKEN_S, rel=0.05)


def test_a_trunk_of_16_khz_gets_what_no_telephone_of_8_khz_has(wide_stage: Stage, figure: Figure) -> None:
    talk = opening(wide_stage)
    check_of_both_profiles(talk)
    assert {len(packet.payload) for packet in talk.phone.packets()} == {640}
    heard = np.frombuffer(talk.phone.heard(), ">i2").astype(np.int16)
    assert spoken_s(heard, 16_000) == pytest.approx(SPOKEN_S, rel=0.05)
    said = np.frombuffer(synthesize(OPENING, rate=24_000, voice="agent"), "<i2")
    share, expected = share_beyond_telephones(heard, 16_000), share_beyond_telephones(said, 24_000)
    figure("energy above 4 kHz at the telephone", f"{share:.2%}; {expected:.2%} in the model's voice")
    assert share == pytest.approx(expected, rel=0.3)
