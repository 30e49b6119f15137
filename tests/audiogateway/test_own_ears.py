import pytest

from audiogateway.audio.levels import QUIETEST_DBFS, level_dbfs, levels_dbfs
from audiogateway.line_format import LineFormat
from audiogateway.own_ears import NEWS_MS, Onset, OwnEars


def frame(level: int) -> bytes:
    """20 ms of a square wave: -90 dBFS is 1, -10 dBFS is 10362."""
    return level.to_bytes(2, "little") * 160


SILENCE, VOICE, STREET = frame(0), frame(3000), frame(200)


@pytest.fixture
def ears() -> OwnEars:
    ears = OwnEars(LineFormat())
    hear(ears, SILENCE, 1500)
    return ears


def hear(ears: OwnEars, sound: bytes, ms: int) -> None:
    for _ in range(ms // 20):
        ears.heard(sound)


def test_levels_are_below_full_scale() -> None:
    assert level_dbfs(frame(32767)) == pytest.approx(0, abs=0.01)
    assert level_dbfs(frame(3277)) == pytest.approx(-20, abs=0.01)
    assert level_dbfs(SILENCE) == level_dbfs(b"") == level_dbfs(b"x") == QUIETEST_DBFS
    assert list(levels_dbfs(SILENCE + frame(3277) + b"rest", 320)) == pytest.approx([QUIETEST_DBFS, -20], abs=0.01)


def test_the_last_sound_is_measured_and_how_long_ago_it_was(ears: OwnEars) -> None:
    hear(ears, VOICE, 200)
    hear(ears, SILENCE, 100)
    assert ears.onset() == Onset(is_voice=True, voiced_ms=200, quiet_ms=100)


def test_an_earlier_sound_is_another_one(ears: OwnEars) -> None:
    hear(ears, VOICE, 300)
    hear(ears, SILENCE, 400)
    hear(ears, VOICE, 60)
    assert ears.onset() == Onset(is_voice=True, voiced_ms=60, quiet_ms=0)


def test_what_was_heard_long_before_the_news_is_no_voice_now(ears: OwnEars) -> None:
    hear(ears, VOICE, 300)
    hear(ears, SILENCE, NEWS_MS + 20)
    assert not ears.onset().is_voice


def test_noise_is_no_voice_and_a_voice_in_it_is() -> None:
    ears = OwnEars(LineFormat())
    hear(ears, STREET, 1500)
    assert not ears.onset().is_voice
    hear(ears, VOICE, 100)
    assert ears.onset() == Onset(is_voice=True, voiced_ms=100, quiet_ms=0)
    assert ears.is_voice(VOICE) and not ears.is_voice(STREET)


def test_without_any_sound_the_model_is_believed() -> None:
    assert OwnEars(LineFormat()).onset().is_voice


@pytest.mark.parametrize("wide_band", [False, True])
def test_the_agents_voice_is_known_when_it_comes_back(wide_band: bool) -> None:
    line_format = LineFormat(wide_band=wide_band)
    ears, sound = OwnEars(line_format), line_format.agent
    levels = [9000, 3000, 500, 5000, 400, 7000, 200, 9000, 800] * 8
    for spoken, returned in zip(levels, [0] * 5 + levels, strict=False):
        ears.said(sound.encode(spoken.to_bytes(2, "little") * (sound.samples_per_ms * 20)))
        ears.heard(frame(returned // 4))
    assert ears.onset().is_voice and ears.is_echo()
    hear(ears, VOICE, 200)
    assert not ears.is_echo()
