"""A tone that says: the line is open, somebody is working on it."""

import numpy as np

PITCH_HZ = 425
BURST_MS = 200
PAUSE_MS = 150
AMPLITUDE = 1600
"""Some 26 dB below full scale: heard, and not startling."""
FADE_MS = 20


def comfort_tone(samples_per_ms: int) -> bytes:
    """Two soft bursts, 16 bit linear."""
    time = np.arange(BURST_MS * samples_per_ms) / (samples_per_ms * 1000)
    fade = np.minimum(1.0, np.minimum(time, time[::-1]) * 1000 / FADE_MS)
    burst = (AMPLITUDE * fade * np.sin(2 * np.pi * PITCH_HZ * time)).astype("<i2").tobytes()
    return burst + bytes(PAUSE_MS * samples_per_ms * 2) + burst
