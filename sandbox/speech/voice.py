"""Two voices that cost nothing the second time: hibari's English model behind a disk cache.

A phrase is synthesised sentence by sentence, so that a sentence sounds the same wherever it is said; that is
what makes it recognisable. The model is loaded only when a sentence is not in the cache yet. Processes may
share one cache directory: a file appears whole or not at all.
"""

import hashlib
import os
import re
import tempfile
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from sandbox.speech.resample import resample

Voice = Literal["callee", "agent"]

NATIVE_RATE = 24_000
SENTENCE_GAP_MS = 200
"""Silence between two sentences: well under the 500 ms that end a turn by server VAD."""

_EDGE_MS = 40
_PEAK = 0.5
_SILENCE = 0.01
_SEED = 2026
_CACHE_FORMAT = "1"
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
# The callee speaks lower than the agent: synthesised faster, then played slower by the same factor.
_PITCH_DOWN: dict[Voice, tuple[int, int]] = {"agent": (1, 1), "callee": (6, 5)}


class _Model(Protocol):
    def __call__(self, text: str, speed: float, seed: int) -> npt.NDArray[np.float32]: ...


def sentences(text: str) -> list[str]:
    """The units of synthesis and of recognition."""
    return [part for part in _SENTENCE_END.split(text.strip()) if part]


def synthesize(text: str, *, rate: int = 8000, voice: Voice = "callee") -> bytes:
    """Speak `text`: signed 16-bit little-endian mono at `rate` Hz (8000, 16000 or 24000).

    Deterministic for a given version of hibari-tts. Raises RuntimeError when the model is needed and missing.
    """
    gap = bytes(rate * SENTENCE_GAP_MS // 1000 * 2)
    return gap.join(_sentence(part, rate, voice) for part in sentences(text))


def warm(phrases: Iterable[str], *, rate: int = 8000, voice: Voice = "callee") -> None:
    """Put phrases into the cache, so that the first call does not wait for the model."""
    for phrase in phrases:
        synthesize(phrase, rate=rate, voice=voice)


def cache_dir() -> Path:
    """Where synthesised sentences lie: SANDBOX_CACHE_DIR, else var/sandbox/voices in the project."""
    configured = os.environ.get("SANDBOX_CACHE_DIR")
    return Path(configured) if configured else Path(__file__).parents[2] / "var" / "sandbox" / "voices"


@lru_cache(maxsize=2048)
def _sentence(text: str, rate: int, voice: Voice) -> bytes:
    key = hashlib.sha256("\0".join((_CACHE_FORMAT, voice, str(rate), text)).encode()).hexdigest()[:32]
    path = cache_dir() / f"{key}.s16le"
    try:
        return path.read_bytes()
    except FileNotFoundError:
        pcm = _speak(text, rate, voice)
    _write_atomically(path, pcm)
    return pcm


def _speak(text: str, rate: int, voice: Voice) -> bytes:
    up, down = _PITCH_DOWN[voice]
    native = _trim(_model()(text, speed=up / down, seed=_SEED))
    samples = resample(native, up * rate, down * NATIVE_RATE)
    level = _PEAK / max(float(np.abs(samples).max(initial=0.0)), _SILENCE)
    return (samples * (level * 32767)).astype("<i2").tobytes()


def _trim(samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Cut the silence around a sentence down to a short edge."""
    loud = np.flatnonzero(np.abs(samples) > _SILENCE)
    if not len(loud):
        return samples
    edge = NATIVE_RATE * _EDGE_MS // 1000
    return samples[max(loud[0] - edge, 0) : loud[-1] + edge]


@lru_cache(maxsize=1)
def _model() -> _Model:
    try:
        from hibari import Hibari  # noqa: PLC0415 - brings onnxruntime along: only when something must be spoken anew
    except ImportError as missing:
        raise RuntimeError("The sandbox's voice is missing: install requirements/sandbox.txt") from missing
    model: _Model = Hibari(threads=1)
    return model


def _write_atomically(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    Path(temporary).replace(path)
