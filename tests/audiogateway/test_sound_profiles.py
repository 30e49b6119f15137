"""Narrow and wide band on virtual time, and sound that comes in another format than it was ordered."""

import random

import pytest

from audiogateway.audiosocket.codec import Audio, Decoder, Kind, encode_audio
from audiogateway.realtime import events
from sandbox.speech import g711
from sandbox.speech.voice import synthesize
from tests.audiogateway.stage import Stage

SENTENCE = "Hello, this is an AI assistant calling on behalf of Miller Dental."
WIDE, NARROW = synthesize(SENTENCE, rate=24_000, voice="agent"), g711.encode(synthesize(SENTENCE, voice="agent"))
SPOKEN_MS = len(NARROW) // 8
SILENCE = {False: encode_audio(bytes(320)), True: encode_audio(bytes(960), Kind.SLIN_24K)}
LOUD = encode_audio(bytes([0, 16, 0, 240]) * 80)[3:]
FORMATS = {False: ("audio/pcmu", NARROW), True: ("audio/pcm", WIDE)}
profiles = pytest.mark.parametrize("wide_band", [False, True], ids=["narrow", "wide"])


def connected(*, wide_band: bool) -> Stage:
    stage = Stage(wide_band=wide_band)
    stage.connect()
    return stage


def says(stage: Stage, sound: bytes) -> None:
    stage.an_answer_begins()
    for at in range(0, len(sound), 4800):
        stage.session.on_event(events.AgentAudio("r1", "a1", sound[at : at + 4800]))
    stage.session.on_event(events.AgentAudioDone("r1", "a1"))


def sent(stage: Stage) -> list[Audio]:
    return [message for message in Decoder().feed(b"".join(stage.line.frames)) if isinstance(message, Audio)]


@profiles
async def test_the_line_gets_20_ms_frames_of_one_kind_from_the_first_on(wide_band: bool) -> None:
    stage = connected(wide_band=wide_band)
    assert stage.line.frames == [SILENCE[wide_band]]
    says(stage, FORMATS[wide_band][1])
    await stage.run(6.0)
    frames = sent(stage)
    assert {(frame.kind, len(frame.samples)) for frame in frames} == {
        (Kind.SLIN_24K, 960) if wide_band else (Kind.SLIN_8K, 320)
    }
    assert 299 <= len(frames) <= 302


@profiles
async def test_what_was_heard_is_told_in_true_milliseconds(wide_band: bool) -> None:
    stage = connected(wide_band=wide_band)
    says(stage, FORMATS[wide_band][1])
    await stage.run(0.5)
    for frame in range(60):
        stage.session.on_audio(LOUD)
        if frame == 10:
            stage.session.on_event(events.SpeechStarted("u2", 500))
        await stage.run(0.02)
    spoken_ms = 20 * sum(frame != SILENCE[wide_band] for frame in stage.line.frames)
    (cut,) = [event for event in stage.voice.sent if event["type"] == "conversation.item.truncate"]
    assert 500 <= spoken_ms < SPOKEN_MS
    assert spoken_ms - 2 * 20 <= cut["audio_end_ms"] <= spoken_ms
    assert stage.session._dialogue.figures.quality_warnings == []


def test_the_session_hears_mu_law_and_speaks_what_the_trunk_carries() -> None:
    for wide_band, (spoken, _) in FORMATS.items():
        configuration = Stage(wide_band=wide_band).session.configuration()
        assert (configuration.input_format, configuration.output_format) == ("audio/pcmu", spoken)


@profiles
async def test_sound_in_the_other_format_is_played_as_what_it_is(wide_band: bool) -> None:
    stage = Stage(first_speaker="agent", wide_band=wide_band)
    stage.session.voice_is_open(stage.voice)
    ordered, (arrives, sound) = FORMATS[wide_band][0], FORMATS[not wide_band]
    stage.session.on_event(events.ResponseCreated("r1"))
    stage.session.on_event(events.AgentAudio("r1", "a1", sound))
    stage.session.on_event(events.AgentAudioDone("r1", "a1"))
    stage.session.line_is_up(stage.line)
    await stage.run(SPOKEN_MS / 1000 + 1)
    spoken = [frame for frame in stage.line.frames if frame != SILENCE[not wide_band]]
    assert len(spoken) * 20 == pytest.approx(SPOKEN_MS, abs=60)
    assert ("model_sound", {"wanted": ordered, "arrived": arrives}) in stage.store.events
    assert stage.session._dialogue.figures.quality_warnings == ["model_sound"]


async def test_sound_that_is_nothing_known_ends_the_call_and_says_why() -> None:
    stage = connected(wide_band=False)
    says(stage, random.Random(7).randbytes(16_000))
    await stage.run(0.3)
    assert stage.line.hung_up
    stage.session.on_line_closed("hung up by the gateway")
    await stage.spawned.finished()
    assert stage.store.over == ["voice_unknown"]
    assert stage.store.figures["quality_warnings"] == ["model_sound"]


async def test_while_it_rings_such_a_voice_is_replaced_and_nobody_hears_it() -> None:
    stage = Stage(first_speaker="agent")
    stage.session.voice_is_open(stage.voice)
    stage.session.on_event(events.ResponseCreated("r1"))
    stage.session.on_event(events.AgentAudio("r1", "a1", random.Random(7).randbytes(16_000)))
    assert stage.lost == ["The model speaks in a format that nobody knows."]


@pytest.mark.parametrize(
    ("wide_band", "rates", "warnings"),
    [
        (False, [8000], []),
        (True, [8000], []),
        (True, [24_000], []),
        (False, [24_000], ["line_rate"]),
        (True, [8000, 24_000], ["line_rate"]),
        (False, [8000, 24_000, 8000], ["line_rate"]),
    ],
)
async def test_a_line_that_brings_another_rate_than_expected_is_noted(
    wide_band: bool, rates: list[int], warnings: list[str]
) -> None:
    stage = connected(wide_band=wide_band)
    for rate_hz in rates:
        stage.session.on_line_rate(rate_hz)
    assert stage.session._dialogue.figures.quality_warnings == warnings
    assert [kind for kind, _ in stage.store.events] == warnings * (len(rates) - 1 or len(warnings))
