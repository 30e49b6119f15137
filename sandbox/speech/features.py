"""What a sound looks like to the recogniser: a short-time spectrum in mel bands, free of gain and noise."""

import numpy as np
import numpy.typing as npt

Frames = npt.NDArray[np.float32]
"""Shape (frames, BANDS). A silent frame is all zeros."""

RATE = 8000
HOP_MS = 10
BANDS = 24

_HOP = RATE * HOP_MS // 1000
_WINDOW = 200
_FFT = 256
_LOWEST_HZ, _HIGHEST_HZ = 150.0, 3600.0
_RANGE_DB = 35.0
"""How far below the loudest frames a sound still counts; mu-law noise and line noise lie under it."""
_LOUDEST_FRAMES = 10
"""The loudness of a sound is that of its tenth loudest frame: silence around it and a click do not matter."""
_AUDIBLE_RMS = 60.0
"""Quieter than this (of 32768) is no speech at all, however the rest sounds."""


def _mel(hz: npt.NDArray[np.float64] | float) -> npt.NDArray[np.float64]:
    return np.asarray(2595.0 * np.log10(1.0 + np.asarray(hz) / 700.0))


def _filterbank() -> Frames:
    edges_mel = np.linspace(_mel(_LOWEST_HZ), _mel(_HIGHEST_HZ), BANDS + 2)
    edges_hz = 700.0 * (10.0 ** (edges_mel / 2595.0) - 1.0)
    bins_hz = np.fft.rfftfreq(_FFT, 1.0 / RATE)
    rising = (bins_hz[:, None] - edges_hz[:-2]) / (edges_hz[1:-1] - edges_hz[:-2])
    falling = (edges_hz[2:] - bins_hz[:, None]) / (edges_hz[2:] - edges_hz[1:-1])
    triangles = np.clip(np.minimum(rising, falling), 0.0, None)
    return np.asarray(triangles / triangles.sum(axis=0), dtype=np.float32)


_FILTERBANK = _filterbank()
_HANN = np.hanning(_WINDOW).astype(np.float32)


def log_mel(pcm: bytes) -> Frames:
    """PCM (8 kHz, s16le) -> dB above the floor of this sound, one frame per 10 ms."""
    samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32)
    if len(samples) < _WINDOW:
        return np.zeros((0, BANDS), np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(samples, _WINDOW)[::_HOP] * _HANN
    power = np.abs(np.fft.rfft(windows, _FFT)) ** 2 / _WINDOW
    bands = np.asarray(power @ _FILTERBANK, dtype=np.float32)
    loudest = np.sort(bands.max(axis=1))[-_LOUDEST_FRAMES:]
    top = max(float(loudest[0]), _AUDIBLE_RMS**2)
    level_db = 10.0 * np.log10(np.maximum(bands, 1e-3) / top)
    return np.asarray(np.maximum(level_db + _RANGE_DB, 0.0), dtype=np.float32)


def shapes(levels: Frames, typical: npt.NDArray[np.float32]) -> Frames:
    """The part of a spectrum that tells sounds apart: without its level, and without what all speech has.

    `typical` is the shape of average speech per dB of level (see `typical_shape`).
    """
    mean = levels.mean(axis=1, keepdims=True)
    return np.asarray(levels - mean - mean * typical, dtype=np.float32)


def typical_shape(levels: Frames) -> npt.NDArray[np.float32]:
    """Least-squares slope of every band's deviation over the frame's level."""
    mean = levels.mean(axis=1, keepdims=True)
    weight = float((mean**2).sum()) or 1.0
    return np.asarray(((levels - mean) * mean).sum(axis=0) / weight, dtype=np.float32)
