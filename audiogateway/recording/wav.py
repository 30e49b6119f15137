"""The header of a recording: RIFF WAVE, G.711 mu-law, 8 kHz, stereo (Microsoft's WAVEFORMATEX, tag 7)."""

import struct

from audiogateway.audio.g711 import SAMPLE_RATE

CHANNELS = 2
SAMPLE_BYTES = CHANNELS
"""One mu-law byte for each ear."""
MAX_DATA_BYTES = 0xFFFFFFFF - 256
"""What the sizes in the header can tell: three days of talk."""

_WAVE_FORMAT_MULAW = 7
_LAYOUT = struct.Struct("<4sI4s 4sIHHIIHHH 4sII 4sI")
HEADER_BYTES = _LAYOUT.size


def header(data_bytes: int) -> bytes:
    """The HEADER_BYTES before `data_bytes` of sound."""
    fmt = (_WAVE_FORMAT_MULAW, CHANNELS, SAMPLE_RATE, SAMPLE_RATE * SAMPLE_BYTES, SAMPLE_BYTES, 8, 0)
    return _LAYOUT.pack(
        *(b"RIFF", HEADER_BYTES - 8 + data_bytes, b"WAVE"),
        *(b"fmt ", 18, *fmt),
        *(b"fact", 4, data_bytes // SAMPLE_BYTES),
        *(b"data", data_bytes),
    )
