"""What a short call cannot show: ten minutes without drift, twenty calls at once, and twenty interruptions."""

import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from itertools import pairwise

import numpy as np
import pytest

from audiogateway.audiosocket.codec import encode_audio, encode_call_id
from audiogateway.pacing import LATE_SECONDS
from sandbox.speech.g711 import decode, encode
from sandbox.speech.voice import synthesize
from tests.rig.fixtures import Figure
from tests.sound.measure import FRAME_MS, LOUD_LEVEL, gaps_over, is_loud, silent_from, spacing
from tests.sound.stage import Stage, Talk
from tests.sound.test_on_the_wire import HEARD_MS, INTERRUPTION, SLIN_8K, speak, wait_for_speech, without_onset

pytestmark = [pytest.mark.processes, pytest.mark.asterisk, pytest.mark.long, pytest.mark.timeout(900)]

LONG_S = 600.0
CALLS = 20
TALK_S = 15.0
INTERRUPTIONS = 20
STRANGERS = 1000
PAUSE_S = 2.0


def test_ten_minutes_do_not_drift(stage: Stage, figure: Figure) -> None:
    talk = stage.call()
    while len(talk.phone.heard()) / 8000 < LONG_S:
        speak(talk, "Hello?")
        wait_for_speech(talk)
    recorded_at = talk.phone.packets()[-1].arrived_s
    figures = talk.hang_up()
    packets = talk.phone.packets()
    heard = spacing([packet.arrived_s for packet in packets])
    machine = spacing(stage.metronome.ticks(packets[0].arrived_s, recorded_at))
    figure("ten minutes at the telephone", str(heard))
    figure("the metronome beside it", str(machine))
    skipped_ms = figures["skipped_frames"] * FRAME_MS
    assert heard.drift_ms - skipped_ms - machine.drift_ms == pytest.approx(0, abs=FRAME_MS)
    assert {(b.sequence - a.sequence) & 0xFFFF for a, b in pairwise(packets)} == {1}
    recording = talk.recording()
    assert len(recording.agent) == len(recording.callee)
    lags_ms = lags_of_words(talk)
    figure("words in the recording against their arrival", f"{lags_ms[0]:+.0f} ms at first, {lags_ms[-1]:+.0f} at last")
    assert max(lags_ms) - min(lags_ms) <= machine.longest_ms
    assert abs(lags_ms[-1] - lags_ms[0]) <= FRAME_MS + (machine.p99_ms - FRAME_MS)


def lags_of_words(talk: Talk) -> list[float]:
    """For each word of the callee: how many ms later it stands in the recording than it came."""
    loud = [at for at, kind, payload in talk.from_asterisk() if kind == SLIN_8K and is_loud(payload)]
    came = [b for a, b in pairwise([0.0, *loud]) if b - a > PAUSE_S]
    samples = np.flatnonzero(
        np.abs(np.frombuffer(decode(talk.recording().callee), "<i2").astype(np.int32)) > LOUD_LEVEL
    )
    stands = [b for a, b in pairwise([-8000 * PAUSE_S - 1, *samples.tolist()]) if b - a > 8000 * PAUSE_S]
    start_s = talk.to_asterisk()[0][0]
    assert len(stands) == len(came)
    return [at / 8 - (moment - start_s) * 1000 for at, moment in zip(stands, came, strict=True)]


def test_twenty_calls_at_once_sound_as_one(stage: Stage, figure: Figure) -> None:
    with ThreadPoolExecutor(CALLS) as pool:
        talks = list(pool.map(lambda _: stage.prepare(), range(CALLS)))
        list(pool.map(stage.connect, talks))
        list(pool.map(converse, talks))
        all_figures = list(pool.map(Talk.hang_up, talks))
    ends = [talk.phone.packets()[-1].arrived_s for talk in talks]
    machine = spacing(stage.metronome.ticks(ends[0] - TALK_S, max(ends)))
    figure("the metronome beside twenty calls", str(machine))
    late = sum(figures["late_frames"] for figures in all_figures)
    sent = [[at for at, _, _ in talk.to_asterisk()] for talk in talks]
    for moments, figures in zip(sent, all_figures, strict=True):
        assert gaps_over(moments, FRAME_MS + 2 * LATE_SECONDS * 1000) <= figures["late_frames"]
    heard = [spacing([packet.arrived_s for packet in talk.phone.packets()]) for talk in talks]
    worst = max(heard, key=lambda stream: stream.p99_ms)
    figure("the worst of twenty calls at the telephone", str(worst))
    figure("late frames of twenty calls", f"{late} of {sum(map(len, sent))}")
    assert all(abs(stream.p50_ms - FRAME_MS) <= 1 for stream in heard)
    at_the_socket_ms = max(spacing(moments).p99_ms for moments in sent)
    asterisks_share_ms = LATE_SECONDS * 1000 + 3 * (machine.p99_ms - FRAME_MS)
    assert worst.p99_ms <= max(at_the_socket_ms, FRAME_MS) + asterisks_share_ms


def converse(talk: Talk) -> None:
    """Sound both ways, to the end of the agent's second sentence."""
    speak(talk, "Hello?")
    wait_for_speech(talk)
    talk.wait_for("turns", lambda news: any(turn["text"] == "Hello?" for turn in news["turns"]))
    talk.phone.wait_for_audio(TALK_S, 30)
    assert len(talk.agent_texts) == 2


def test_every_one_of_twenty_interruptions_is_heard_at_once(stage: Stage, figure: Figure) -> None:
    talk = stage.call()
    speak(talk, "Hello?")
    moments = []
    for number in range(INTERRUPTIONS):
        wait_for_speech(talk)
        talk.phone.wait_for_audio(len(talk.phone.heard()) / 8000 + 0.7 + 0.05 * number, 20)
        before = len(talk.phone.sent())
        talk.phone.play(encode(without_onset(synthesize(INTERRUPTION))))
        talk.phone.wait_until_played(10)
        moments.append(talk.phone.sent()[before][0])
    talk.hang_up()
    sound = [(packet.arrived_s, decode(packet.payload)) for packet in talk.phone.packets()]
    heard_ms = [(silent_from(sound, moment) - moment) * 1000 for moment in moments]
    machine = spacing(stage.metronome.ticks(moments[0], moments[-1]))
    figure("twenty interruptions", f"p50 {np.percentile(heard_ms, 50):.0f} ms, longest {max(heard_ms):.0f} ms")
    assert max(heard_ms) <= HEARD_MS + 2 * (machine.longest_ms - FRAME_MS)


def test_an_attack_on_the_port_is_not_heard(stage: Stage, figure: Figure) -> None:
    talk, victim = stage.call(), stage.prepare()
    before = len(talk.phone.packets())
    with ExitStack() as attackers:
        flood = attackers.enter_context(socket.create_connection(stage.address))
        flood.sendall(encode_call_id(victim.id))
        with suppress(ConnectionError):
            flood.sendall(encode_audio(bytes(320)) * 100_000)
        for _ in range(STRANGERS):
            attackers.enter_context(socket.create_connection(stage.address))
            with socket.create_connection(stage.address) as garbage:
                garbage.sendall(b"GET / HTTP/1.1\r\n\r\n")
        latecomer = stage.call()
        latecomer.hang_up()
    attacked = talk.phone.packets()[before:]
    figures = talk.hang_up()
    sent = [at for at, _, _ in talk.to_asterisk()]
    figure(f"at the telephone, with {2 * STRANGERS} strangers at the port", spacing([p.arrived_s for p in attacked]))
    assert victim.wait_for("over")["cause"] == "line_error"
    assert gaps_over(sent, FRAME_MS + 2 * LATE_SECONDS * 1000) <= figures["late_frames"]
    assert figures["skipped_frames"] == 0
