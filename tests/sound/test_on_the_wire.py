"""The sound of a call on the real Asterisk, by the kernel's clock, at the gateway's socket and at the telephone.

The gateway answers for what leaves its socket, and counts what it sent late: its gaps are held against that count.
Behind it come Asterisk and whatever else this machine does; a metronome beside them tells how much that is. The bounds
at the telephone are relative to both, so that a busy machine breaks none of them. Figures are printed.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest

from audiogateway.audio.g711 import linear_to_ulaw
from audiogateway.pacing import LATE_SECONDS, MAX_BURST
from audiogateway.playout import LEAD_FRAMES
from sandbox.speech.g711 import decode, encode
from sandbox.speech.voice import synthesize
from tests.audiogateway.recording.listening import Heard
from tests.rig.fixtures import Figure
from tests.rig.rtp import Packet
from tests.rig.wire import Segment
from tests.sound.measure import FRAME_MS, gaps_over, is_loud, silent_from, spacing
from tests.sound.stage import News, Stage, Talk

pytestmark = [pytest.mark.processes, pytest.mark.asterisk, pytest.mark.timeout(180)]

SLIN_8K = 0x10
INTERRUPTION = "Excuse me, who is calling, please?"
INTO_THE_SENTENCE_S = 1.5
WITHOUT_A_PACKET_S = 10.0
HEARD_MS = 200.0
"""From the callee's first loud packet to the end of the agent's last one at the callee's telephone. The stand-in for
the model tells of speech when it has heard 40 ms of it; the model itself may take longer."""
STOPPED_MS = 20.0
"""From the model's word that somebody speaks to the end of the last frame of sound that leaves the gateway."""


@dataclass(frozen=True)
class Call:
    """What was captured of a call: moments are the kernel's."""

    to_asterisk: list[tuple[float, bytes]]
    from_asterisk: list[tuple[float, bytes]]
    kinds: set[int]
    packets: list[Packet]
    said: list[tuple[float, bytes]]
    keys: list[str]
    recording: Heard
    recorded: News
    figures: News
    loaded: list[str]
    interrupted_s: float
    speech_told_s: list[float]
    ticks: list[float]

    @property
    def machine_ms(self) -> float:
        """How late this machine lets a process be whose moment has come, at the worst."""
        return max(spacing(self.ticks).longest_ms - FRAME_MS, 0.0)


@pytest.fixture(scope="module")
def quiet_call(stage: Stage) -> Talk:
    """Answered by somebody whose telephone sends no packets while they are silent."""
    return stage.call(saves_packets=True)


@pytest.fixture(scope="module")
def call(stage: Stage, quiet_call: Talk) -> Iterator[Call]:
    """The agent speaks, is answered, speaks again and is interrupted; a key is pressed; the callee hangs up."""
    talk = stage.call()
    speak(talk, "Hello?")
    wait_for_speech(talk)
    talk.phone.wait_for_audio(len(talk.phone.heard()) / 8000 + INTO_THE_SENTENCE_S, 10)
    interruptions = len(talk.phone.sent())
    talk.phone.play(encode(without_onset(synthesize(INTERRUPTION))))
    talk.phone.wait_until_played(10)
    interrupted_s = talk.phone.sent()[interruptions][0]
    talk.phone.press("5")
    talk.wait_for("event", lambda news: news["kind"] == "key_pressed")
    figures = talk.hang_up()
    to_asterisk, from_asterisk = talk.to_asterisk(), talk.from_asterisk()
    yield Call(
        to_asterisk=[(at, payload) for at, kind, payload in to_asterisk if kind == SLIN_8K],
        from_asterisk=[(at, payload) for at, kind, payload in from_asterisk if kind == SLIN_8K],
        kinds={kind for _, kind, _ in to_asterisk},
        packets=talk.phone.packets(),
        said=talk.phone.sent(),
        keys=[news["detail"]["digit"] for news in talk.news("event") if news["kind"] == "key_pressed"],
        recording=talk.recording(),
        recorded=talk.news("recording")[-1],
        figures=figures,
        loaded=talk.news("over")[0]["loaded"],
        interrupted_s=interrupted_s,
        speech_told_s=told_of_speech(stage),
        ticks=stage.metronome.ticks(to_asterisk[0][0], to_asterisk[-1][0]),
    )


def speak(talk: Talk, text: str) -> None:
    """When the agent has finished its sentence."""
    first = talk.wait_for("turns", lambda news: any(turn["ended_ms"] for turn in news["turns"]))
    assert first["turns"][0]["speaker"] == "agent"
    talk.say(text)


def wait_for_speech(talk: Talk) -> None:
    """Until the agent's next sentence begins."""
    turns = {turn["item_id"] for news in talk.news("turns") for turn in news["turns"]}
    talk.wait_for(
        "turns", lambda news: any(t["speaker"] == "agent" and t["item_id"] not in turns for t in news["turns"])
    )


def without_onset(samples: bytes) -> bytes:
    """From the first loud 20 ms on."""
    frames = [samples[start : start + 320] for start in range(0, len(samples), 320)]
    first = next(number for number, frame in enumerate(frames) if is_loud(frame))
    return b"".join(frames[first:])


def told_of_speech(stage: Stage) -> list[float]:
    """When the model said that somebody speaks, on any call."""
    segments: list[Segment] = [s for client in stage.realtime.clients() for s in stage.realtime.sent_to(client)]
    return sorted(s.sent_s for s in segments if b"input_audio_buffer.speech_started" in s.payload)


def moments(frames: Sequence[tuple[float, bytes]]) -> list[float]:
    return [at for at, _ in frames]


def test_there_is_a_frame_every_20_ms_from_the_answer_to_the_end(call: Call, figure: Figure) -> None:
    sent = moments(call.to_asterisk)
    late, skipped = call.figures["late_frames"], call.figures["skipped_frames"]
    figure("at the gateway's socket", f"{spacing(sent)}; {late} late, {skipped} skipped")
    assert call.kinds == {SLIN_8K}
    assert {len(payload) for _, payload in call.to_asterisk} == {320}
    due = (sent[-1] - sent[0]) * 1000 / FRAME_MS + 1 - skipped
    assert abs(len(sent) - due) <= LEAD_FRAMES + call.machine_ms / FRAME_MS


def test_the_gateway_counts_every_frame_that_it_sends_late(call: Call) -> None:
    late = gaps_over(moments(call.to_asterisk), FRAME_MS + 2 * LATE_SECONDS * 1000)
    assert late <= call.figures["late_frames"]


def test_the_gateway_never_sends_more_than_three_frames_at_once(call: Call) -> None:
    at_once = spacing(moments(call.to_asterisk)).longest_burst
    assert at_once <= MAX_BURST + (call.figures["late_frames"] > 0)  # the next one may be due right after a burst


def test_the_telephone_gets_a_packet_every_20_ms(call: Call, figure: Figure) -> None:
    heard, machine = spacing([packet.arrived_s for packet in call.packets]), spacing(call.ticks)
    figure("at the telephone", str(heard))
    figure("the metronome beside it", str(machine))
    assert {len(packet.payload) for packet in call.packets} == {160}
    assert {(b.sequence - a.sequence) & 0xFFFF for a, b in pairwise(call.packets)} == {1}
    assert heard.p50_ms == pytest.approx(FRAME_MS, abs=1)
    sent = spacing(moments(call.to_asterisk))
    assert heard.p99_ms <= max(sent.p99_ms, FRAME_MS + LATE_SECONDS * 1000) + 3 * (machine.p99_ms - FRAME_MS)
    assert heard.longest_burst <= max(MAX_BURST, sent.longest_burst) + call.machine_ms // FRAME_MS


def test_the_rate_is_that_of_a_telephone(call: Call) -> None:
    heard, machine = spacing([packet.arrived_s for packet in call.packets]), spacing(call.ticks)
    skipped_ms = call.figures["skipped_frames"] * FRAME_MS
    assert heard.drift_ms - skipped_ms == pytest.approx(machine.drift_ms, abs=FRAME_MS + call.machine_ms)


def test_the_recording_is_what_passed_at_both_ends(call: Call, figure: Figure) -> None:
    if call.figures["skipped_frames"]:
        pytest.skip("The machine stood still; tests/audiogateway/recording tells what is recorded then.")
    agent = linear_to_ulaw(b"".join(payload for _, payload in call.to_asterisk))
    callee = linear_to_ulaw(b"".join(payload for _, payload in call.from_asterisk))
    at_the_telephone = b"".join(packet.payload for packet in call.packets)
    assert call.recording.agent[: len(agent)] == agent
    assert set(call.recording.agent[len(agent) :]) <= {0xFF}
    assert at_the_telephone in call.recording.agent
    assert len(agent) - len(at_the_telephone) <= 160 * 5  # the first and last frames, while the line is put through
    assert without_silence(call.recording.callee) == without_silence(callee)
    assert call.recorded["dropped_ms"] == 0
    if call.machine_ms < FRAME_MS:
        assert words(call.recording.callee) == words(callee)
    lag = offset_frames(call)
    figure("recording", f"callee {lag:+.1f} frames against the agent, {call.recorded['dropped_ms']} ms dropped")
    assert abs(lag) <= 1 + call.machine_ms / FRAME_MS


def without_silence(track: bytes) -> bytes:
    return track.replace(b"\xff", b"")


def words(track: bytes) -> list[bytes]:
    """What stands between pauses of 200 ms."""
    return re.split(rb"\xff{1600,}", track.strip(b"\xff"))


def offset_frames(call: Call) -> float:
    """How many frames later a word of the callee stands in the recording than the agent's frame of that moment."""
    first_at = next(at for at, payload in call.from_asterisk if is_loud(payload))
    agent_frames = sum(at <= first_at for at, _ in call.to_asterisk)
    recorded = np.abs(np.frombuffer(decode(call.recording.callee), "<i2").astype(np.int32))
    return float(np.argmax(recorded > 300) / 160 - agent_frames)


def test_a_callee_who_speaks_silences_the_agent_within_200_ms(call: Call, figure: Figure) -> None:
    at_telephone = [(packet.arrived_s, decode(packet.payload)) for packet in call.packets]
    heard_ms = (silent_from(at_telephone, call.interrupted_s) - call.interrupted_s) * 1000
    told_s = min(at for at in call.speech_told_s if at >= call.interrupted_s)
    stopped_ms = (silent_from(call.to_asterisk, call.interrupted_s) - told_s) * 1000
    told_ms = (told_s - call.interrupted_s) * 1000
    figure("barge-in", f"silent at the telephone after {heard_ms:.0f} ms; the model tells of it after {told_ms:.0f} ms")
    figure(
        "barge-in",
        f"the gateway is silent {stopped_ms:.0f} ms after that; this machine: {call.machine_ms:.0f} ms",
    )
    assert stopped_ms <= STOPPED_MS + call.machine_ms
    assert heard_ms <= HEARD_MS + 2 * call.machine_ms


def test_nothing_is_loaded_in_the_middle_of_a_call(call: Call) -> None:
    """Reading a large module takes longer than a frame, and every call of the process hears it."""
    assert call.loaded == []


def test_a_key_that_the_callee_presses_is_an_event_of_the_call(call: Call) -> None:
    assert call.keys == ["5"]


def test_a_callee_without_a_packet_for_ten_seconds_keeps_the_call(call: Call, quiet_call: Talk, figure: Figure) -> None:
    quiet_call.phone.wait_for_audio(WITHOUT_A_PACKET_S, 20)
    assert quiet_call.phone.sent() == []
    assert quiet_call.from_asterisk() == quiet_call.from_asterisk()[:1]  # its id
    spoken_before = len(quiet_call.agent_texts)
    quiet_call.say("Hello?")
    quiet_call.wait_for("turns", lambda news: any(turn["text"] == "Hello?" for turn in news["turns"]))
    wait_for_speech(quiet_call)
    figures = quiet_call.hang_up()
    assert len(quiet_call.agent_texts) > spoken_before
    sent = [at for at, _, _ in quiet_call.to_asterisk()]
    figure("a callee without packets", f"{spacing(sent)}; {figures['late_frames']} late")
    assert sent[-1] - sent[0] > WITHOUT_A_PACKET_S
