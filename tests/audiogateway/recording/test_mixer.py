"""Both tracks of a recording, on a clock that passes only when told to."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiogateway.audio.g711 import SILENCE
from audiogateway.recording.mixer import FRAME_SAMPLES, HELD_SAMPLES, StereoMixer
from tests.audiogateway.recording.listening import is_subsequence

QUIET = bytes([SILENCE])
CLICK = b"\x01" + QUIET * (FRAME_SAMPLES - 1)
HOUR_FRAMES = 180_000


def frame(number: int) -> bytes:
    """20 ms that tell their number: a byte that says which, and never silence."""
    return bytes([number % 251]) * FRAME_SAMPLES


def tracks(mixed: bytes) -> tuple[bytes, bytes]:
    return mixed[::2], mixed[1::2]


def finish(mixer: StereoMixer) -> tuple[bytes, bytes]:
    return tracks(mixer.take_rest())


def test_what_is_said_and_heard_in_every_frame_stands_side_by_side() -> None:
    mixer = StereoMixer()
    for number in range(100):
        mixer.hear(frame(number))
        mixer.say(frame(number + 7))
        mixer.tick()
    callee, agent = finish(mixer)
    assert callee == b"".join(frame(number) for number in range(100))
    assert agent == b"".join(frame(number + 7) for number in range(100))


def test_frames_that_come_just_before_or_just_after_a_tick_leave_no_seam() -> None:
    mixer, sent = StereoMixer(), 0
    for tick in range(200):
        arrive = (1, 0, 2, 1, 0, 1, 2, 1)[tick % 8]
        for _ in range(arrive):
            mixer.hear(frame(sent))
            sent += 1
        mixer.say(None)
        mixer.tick()
    callee, _ = finish(mixer)
    assert callee.strip(QUIET) == b"".join(frame(number) for number in range(sent))
    assert mixer.dropped_samples == 0


def test_where_the_callee_sends_nothing_there_is_silence_of_the_same_length() -> None:
    mixer = StereoMixer()
    for tick in range(100):
        if not 20 <= tick < 70:
            mixer.hear(frame(1))
        mixer.say(None)
        mixer.tick()
    callee, agent = finish(mixer)
    spoken = callee.rstrip(QUIET)
    first, second = spoken.index(QUIET), spoken.rindex(QUIET) + 1
    assert first == 20 * FRAME_SAMPLES
    assert abs(second - 70 * FRAME_SAMPLES) <= FRAME_SAMPLES
    assert len(agent) == 100 * FRAME_SAMPLES


def test_frames_that_were_held_up_come_to_the_place_where_they_were_spoken() -> None:
    mixer = StereoMixer()
    for tick in range(150):
        if tick < 50 or tick >= 120:
            mixer.hear(frame(tick))
        if tick == 119:
            for held in range(50, 120):
                mixer.hear(frame(held))
        mixer.say(None)
        mixer.tick()
        mixer.take()
    callee, _ = tracks(mixer.take_rest())
    rest = b"".join(frame(number) for number in range(150))
    assert rest.endswith(callee)
    assert mixer.dropped_samples == 0


def test_what_is_given_away_never_changes_and_nothing_is_given_twice() -> None:
    mixer, parts = StereoMixer(), []
    for tick in range(500):
        mixer.hear(frame(tick))
        mixer.say(frame(tick))
        mixer.tick()
        if tick % 50 == 0:
            parts.append(mixer.take())
            assert mixer.position == max((tick + 1) * FRAME_SAMPLES - HELD_SAMPLES, 0)
    parts.append(mixer.take_rest())
    callee, agent = tracks(b"".join(parts))
    assert callee == agent == b"".join(frame(number) for number in range(500))


def test_what_was_said_after_the_last_tick_is_kept() -> None:
    mixer = StereoMixer()
    mixer.say(frame(1))
    mixer.tick()
    mixer.hear(frame(2) + frame(3))
    callee, agent = finish(mixer)
    assert callee.rstrip(QUIET) == frame(2) + frame(3)
    assert agent.rstrip(QUIET) == frame(1)
    assert mixer.dropped_samples == 0


@pytest.mark.parametrize("parts_per_million", [-200, 0, 200])
def test_through_an_hour_the_callee_stays_within_a_frame_of_where_they_spoke(parts_per_million: int) -> None:
    """The callee's clock is wrong, and frames arrive up to 15 ms late; each second of it begins with a click."""
    rate, luck = 1 + parts_per_million / 1_000_000, random.Random(7)
    mixer, parts, clicks, sent = StereoMixer(), [], [], 0
    for tick in range(1, HOUR_FRAMES + 1):
        while sent + 1 + luck.uniform(0, 0.75) <= tick * rate:
            if sent % 50 == 0:
                clicks.append(round(sent * FRAME_SAMPLES / rate))
            mixer.hear(CLICK if sent % 50 == 0 else QUIET * FRAME_SAMPLES)
            sent += 1
        mixer.say(CLICK)
        mixer.tick()
        if tick % 50 == 0:
            parts.append(mixer.take())
    parts.append(mixer.take_rest())
    callee, agent = tracks(b"".join(parts))
    assert agent == CLICK * HOUR_FRAMES
    errors = [min(abs(place - click) for click in clicks) for place in positions(callee)[-60:]]
    assert len(errors) == 60
    assert max(errors) <= FRAME_SAMPLES
    seconds_dropped = mixer.dropped_samples / 8000
    assert seconds_dropped <= max(parts_per_million, 0) * 3600 / 1_000_000 + 0.02


def positions(track: bytes) -> list[int]:
    return [place for place, byte in enumerate(track) if byte == CLICK[0]]


@given(st.lists(st.tuples(st.binary(max_size=700), st.integers(1, 3)), max_size=60))
def test_whatever_arrives_the_callee_keeps_its_order_and_its_length(ticks: list[tuple[bytes, int]]) -> None:
    mixer, said, heard = StereoMixer(), 0, b""
    for sound, frames in ticks:
        sound = sound.replace(QUIET, b"\x00")
        mixer.hear(sound)
        heard += sound
        for _ in range(frames):
            mixer.say(None)
            said += FRAME_SAMPLES
        mixer.tick()
    callee, agent = finish(mixer)
    kept = callee.replace(QUIET, b"")
    assert len(kept) + mixer.dropped_samples == len(heard)
    assert is_subsequence(kept, heard)
    assert len(agent) == len(callee) == said
