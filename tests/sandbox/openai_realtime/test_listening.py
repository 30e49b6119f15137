"""The input buffer: what is kept, what is committed, and when silence counts."""

from __future__ import annotations

import numpy as np
import pytest

from sandbox.openai.realtime.audio import AudioFormat
from sandbox.openai.realtime.errors import ClientEventError
from sandbox.openai.realtime.listening import IdleTimeout, Listener, Occurrence, SpeechStarted, SpeechStopped
from sandbox.openai.realtime.schema import ServerVad
from sandbox.speech import g711
from tests.sandbox.openai_realtime.test_turn_detection import silence, tone

ULAW = AudioFormat("audio/pcmu")
VAD = ServerVad(type="server_vad")


def feed(listener: Listener, *sounds: np.ndarray) -> list[Occurrence]:
    wire = g711.encode(np.concatenate(sounds).astype("<i2").tobytes())
    chunks = (wire[at : at + 160] for at in range(0, len(wire), 160))
    return [occurrence for chunk in chunks for occurrence in listener.append(chunk)]


def test_a_turn_carries_its_padding_and_its_silence() -> None:
    started, stopped = feed(Listener(ULAW, VAD), silence(1000), tone(400), silence(700))
    assert started == SpeechStarted(700)
    assert isinstance(stopped, SpeechStopped)
    assert stopped.end_ms == 1900
    assert len(stopped.samples) == (1900 - 700) * 8


def test_padding_never_reaches_into_the_turn_before() -> None:
    listener = Listener(ULAW, ServerVad(type="server_vad", prefix_padding_ms=2000))
    feed(listener, tone(400), silence(500))
    assert feed(listener, silence(100), tone(400)) == [SpeechStarted(900)]


def test_without_detection_everything_waits_for_the_commit() -> None:
    listener = Listener(ULAW, None)
    assert feed(listener, tone(400), silence(2000)) == []
    assert len(listener.commit()) == 2400 * 8


def test_an_almost_empty_buffer_cannot_be_committed() -> None:
    listener = Listener(ULAW, None)
    feed(listener, tone(80))
    with pytest.raises(ClientEventError, match="80.00ms") as refused:
        listener.commit()
    assert refused.value.code == "input_audio_buffer_commit_empty"


def test_a_commit_in_the_middle_of_speech_ends_the_turn() -> None:
    listener = Listener(ULAW, VAD)
    feed(listener, tone(400))
    assert len(listener.commit()) == 400 * 8
    assert not listener.speaking
    assert feed(listener, silence(1000)) == []


def test_cleared_audio_is_gone() -> None:
    listener = Listener(ULAW, None)
    feed(listener, tone(400))
    listener.clear()
    with pytest.raises(ClientEventError):
        listener.commit()


def test_silence_counts_from_the_end_of_the_playback() -> None:
    listener = Listener(ULAW, ServerVad(type="server_vad", idle_timeout_ms=5000))
    feed(listener, silence(1000))
    listener.expect_speech_after(3000)
    assert feed(listener, silence(6980)) == []
    assert feed(listener, silence(40)) == [IdleTimeout(3000, 8000)]
    assert feed(listener, silence(9000)) == []


def test_speech_ends_the_waiting() -> None:
    listener = Listener(ULAW, ServerVad(type="server_vad", idle_timeout_ms=5000))
    listener.expect_speech_after(0)
    found = feed(listener, tone(400), silence(9000))
    assert [type(occurrence) for occurrence in found] == [SpeechStarted, SpeechStopped]


def test_hours_of_silence_leave_no_more_than_the_padding() -> None:
    listener = Listener(ULAW, VAD)
    feed(listener, silence(60_000))
    assert listener.buffered_ms <= 300 + 80


def test_wide_band_is_heard_at_a_third_of_its_rate() -> None:
    listener = Listener(AudioFormat("audio/pcm"), None)
    wire = np.repeat(tone(1000), 3).astype("<i2").tobytes()
    list(listener.append(wire))
    assert abs(len(listener.commit()) - 8000) < 20


def test_half_a_sample_is_refused() -> None:
    with pytest.raises(ClientEventError, match="even number"):
        list(Listener(AudioFormat("audio/pcm"), None).append(b"\0\0\0"))
