import pytest

from audiogateway.audio.g711 import linear_to_ulaw
from audiogateway.audiosocket.codec import Audio, Decoder, Kind
from audiogateway.line_format import NARROW_BAND, WIDE_BAND, AgentSound, LineFormat


@pytest.mark.parametrize(
    ("sound", "kind", "line_bytes"), [(NARROW_BAND, Kind.SLIN_8K, 320), (WIDE_BAND, Kind.SLIN_24K, 960)]
)
def test_a_frame_of_either_sound_is_one_message_of_20_ms(sound: AgentSound, kind: Kind, line_bytes: int) -> None:
    linear = bytes(range(1, 161)) * (line_bytes // 160)
    said, silent = Decoder().feed(sound.message(sound.encode(linear)) + sound.message(None))
    assert isinstance(said, Audio)
    assert (said.kind, len(said.samples)) == (kind, line_bytes)
    assert silent == Audio(kind, bytes(line_bytes))


def test_wide_band_goes_to_the_line_as_it_comes_from_the_model() -> None:
    frame = bytes(range(240)) * 4
    assert WIDE_BAND.message(frame) == b"\x13\x03\xc0" + frame


def test_a_recording_is_in_mu_law_whatever_the_agent_speaks() -> None:
    narrow, wide = LineFormat(), LineFormat(wide_band=True)
    assert narrow.to_recording(b"\x12" * 160) == b"\x12" * 160
    assert narrow.to_recording(None) is None
    recorded = [wide.to_recording(None), wide.to_recording(b"\x00\x10" * 480), wide.to_recording(b"\x00\x10" * 480)]
    assert [len(frame or b"") for frame in recorded] == [160] * 3
    assert recorded[0] == b"\xff" * 160
    assert recorded[2] == linear_to_ulaw(b"\x00\x10" * 160)
