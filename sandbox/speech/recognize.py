"""Recognition of known sentences by their sound.

Each sentence of the catalogue is synthesised once and kept as a reference. An utterance is walked from onset
to onset: at each, every reference is laid over it at small offsets, and the one whose spectrum correlates
best is taken, unless none correlates well. A sentence without its end yields the words that were heard.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sandbox.speech.features import BANDS, HOP_MS, Frames, log_mel, shapes, typical_shape
from sandbox.speech.voice import Voice, sentences, synthesize

_ACCEPT = 0.75
"""Correlation from which a sentence counts as heard. The same sound through mu-law and noise reaches 0.9,
other sentences of the same voice stay under 0.6."""
_MIN_FRAMES = 250 // HOP_MS
"""Less sound than this proves nothing."""
_EARLY, _LATE = 300 // HOP_MS, 120 // HOP_MS
"""A reference may begin that much before the onset (its beginning was swallowed), or after it (a click)."""
_CANDIDATES = 3
_BLOCK = 200 // HOP_MS
_DRIFT = 60 // HOP_MS
"""How far the sound may shift from one block to the next: three lost or inserted 20 ms frames."""
_TINY = 1e-6
_PAUSE = 100 // HOP_MS
_END_SLACK = 120 // HOP_MS
_SPEECH_DB = 2.0
"""Mean level over all bands above the floor at which a frame counts as sound."""


@dataclass(frozen=True)
class Heard:
    """What was recognised. score: 0..1, of the worst sentence. complete: nothing is missing at the end."""

    text: str
    score: float
    complete: bool


@dataclass(frozen=True)
class _Match:
    reference: int
    begin: int
    end: int
    heard_frames: int
    score: float


class Recognizer:
    """Hears the sentences of `phrases` as spoken by `voice`. Build once: it synthesises them all."""

    def __init__(self, phrases: Iterable[str], *, voice: Voice = "callee") -> None:
        self._texts = list(dict.fromkeys(part for phrase in phrases for part in sentences(phrase)))
        levels = [log_mel(synthesize(text, voice=voice)) for text in self._texts]
        self._typical = typical_shape(np.concatenate(levels)) if levels else np.zeros(BANDS, np.float32)
        self._lengths = np.array([_speech_end(level) for level in levels], dtype=np.intp)
        self._longest = int(self._lengths.max(initial=0))
        self._references = np.zeros((len(levels), self._longest, BANDS), np.float32)
        for row, (level, length) in enumerate(zip(levels, self._lengths, strict=True)):
            self._references[row, :length] = shapes(level[:length], self._typical)
        energy = (self._references**2).sum(axis=2)
        self._energy = np.concatenate([np.zeros((len(levels), 1), np.float32), energy.cumsum(axis=1)], axis=1)

    def recognize(self, pcm8k: bytes) -> Heard | None:
        """One utterance (8 kHz, s16le) of one or several sentences; None when it is nothing known."""
        levels = log_mel(pcm8k)
        matches = list(self._matches(levels))
        explained = sum(match.heard_frames for match in matches)
        if not matches or explained < int(_is_speech(levels).sum()) // 2:
            return None
        text = " ".join(self._heard_text(match) for match in matches)
        return Heard(text, min(match.score for match in matches), self._is_complete(matches[-1]))

    def ends_with(self, pcm8k: bytes) -> Heard | None:
        """The known sentence, if any, with which an utterance ends; what comes before may be unknown."""
        levels = log_mel(pcm8k)
        end = _speech_end(levels)
        spectrum = shapes(levels[:end], self._typical)
        expected = [end - int(length) for length in self._lengths]
        found = [self._best(spectrum, onset, early=_LATE) for onset in dict.fromkeys(expected) if onset >= 0]
        whole = [match for match in found if match is not None and self._is_complete(match)]
        best = max(whole, key=lambda match: match.score, default=None)
        return Heard(self._heard_text(best), best.score, True) if best else None

    def _matches(self, levels: Frames) -> Iterator[_Match]:
        spectrum = shapes(levels, self._typical)
        end = _speech_end(levels)
        position = 0
        for onset in _onsets(levels):
            if onset < position:
                continue
            match = self._best(spectrum[:end], onset)
            if match is not None and self._heard_text(match):
                yield match
                position = match.end - _LATE

    def _best(self, spectrum: Frames, onset: int, *, early: int = _EARLY) -> _Match | None:
        """The reference that fits best when it begins around `onset`; None when none fits well."""
        if not self._texts:
            return None
        begins = range(onset - early, onset + _LATE + 1)
        rigid = np.array([self._correlate(spectrum, begin) for begin in begins])
        promising = rigid.max(axis=0).argsort()[::-1][:_CANDIDATES]
        lags = rigid.argmax(axis=0)
        followed = [self._follow(spectrum, int(row), begins[int(lags[row])]) for row in promising]
        best = max(followed, key=lambda match: match.score)
        return best if best.score >= _ACCEPT else None

    def _correlate(self, spectrum: Frames, begin: int) -> npt.NDArray[np.float32]:
        """Correlation of every reference with the spectrum from frame `begin`, over what both have."""
        skipped = max(-begin, 0)
        window = spectrum[begin + skipped : begin + self._longest]
        stop = np.clip(np.minimum(self._lengths, skipped + len(window)), skipped, None)
        product = (self._references[:, skipped : skipped + len(window)] * window).sum(axis=(1, 2))
        heard = np.concatenate([[0.0], (window**2).sum(axis=1).cumsum()])[stop - skipped]
        own = np.take_along_axis(self._energy, stop[:, None], axis=1)[:, 0] - self._energy[:, skipped]
        return np.where(stop - skipped >= _MIN_FRAMES, product / np.sqrt(own * heard + _TINY), 0.0)

    def _follow(self, spectrum: Frames, row: int, begin: int) -> _Match:
        """Lay one reference over the spectrum block by block: lost or inserted frames shift the rest."""
        reference = self._references[row, : self._lengths[row]]
        position, known, product, own, heard = begin, 0, 0.0, _TINY, _TINY
        for start in range(0, len(reference), _BLOCK):
            block = reference[start : start + _BLOCK]
            drift = _DRIFT if start else 0
            fits = [(at, self._fit(spectrum, block, at)) for at in range(position - drift, position + drift + 1)]
            at, (dot, mine, theirs, frames) = max(fits, key=lambda fit: 2 * fit[1][0] - fit[1][2])
            if not frames:
                break
            product, own, heard = product + dot, own + mine, heard + theirs
            position, known = at + len(block), start + frames
        score = product / float(np.sqrt(own * heard)) if known >= _MIN_FRAMES else 0.0
        return _Match(row, begin, position, known, score)

    @staticmethod
    def _fit(spectrum: Frames, block: Frames, at: int) -> tuple[float, float, float, int]:
        """Product, both energies and the last common frame of `block` laid at frame `at`."""
        skipped = max(-at, 0)
        window = spectrum[at + skipped : max(at + len(block), 0)]
        part = block[skipped : skipped + len(window)]
        products = ((part * window).sum(), (part**2).sum(), (window**2).sum())
        dot, own, heard = (float(product) for product in products)
        return dot, own, heard, skipped + len(part)

    def _is_complete(self, match: _Match) -> bool:
        return bool(match.heard_frames >= self._lengths[match.reference] - _END_SLACK)

    def _heard_text(self, match: _Match) -> str:
        """The words whose sound was there: text and time are taken as proportional."""
        text = self._texts[match.reference]
        if self._is_complete(match):
            return text
        heard = round(len(text) * match.heard_frames / int(self._lengths[match.reference]))
        return text[: text.rfind(" ", 0, heard + 1)] if " " in text[: heard + 1] else ""


def _is_speech(levels: Frames) -> npt.NDArray[np.bool_]:
    return np.asarray(levels.mean(axis=1) > _SPEECH_DB)


def _speech_end(levels: Frames) -> int:
    """One past the last frame with sound."""
    loud = np.flatnonzero(_is_speech(levels))
    return int(loud[-1]) + 1 if len(loud) else 0


def _onsets(levels: Frames) -> list[int]:
    """The frames at which sound begins after a pause."""
    loud = np.flatnonzero(_is_speech(levels))
    before = np.diff(loud, prepend=-_PAUSE - 1)
    return [int(frame) for frame in loud[before > _PAUSE]]
