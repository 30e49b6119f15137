"""The input audio buffer with turn detection on it: wire audio in, what happened out.

Time is counted in samples of 8 kHz from the first audio of the session, which is also how the API counts its
`audio_start_ms` and `audio_end_ms`; there is no other clock here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sandbox.openai.realtime.audio import EAR_RATE, AudioFormat, Ear, Samples
from sandbox.openai.realtime.errors import ClientEventError
from sandbox.openai.realtime.schema import ServerVad
from sandbox.openai.realtime.turn_detection import FRAME, ONSET_FRAMES, SpeechEdge, TurnDetector

MIN_COMMIT_MS = 100
MAX_BUFFER_SECONDS = 900
"""A client without turn detection that never commits must not fill the memory: the oldest audio goes."""

_PER_MS = EAR_RATE // 1000


@dataclass(frozen=True)
class SpeechStarted:
    start_ms: int


@dataclass(frozen=True)
class SpeechStopped:
    end_ms: int
    samples: Samples


@dataclass(frozen=True)
class IdleTimeout:
    start_ms: int
    end_ms: int


Occurrence = SpeechStarted | SpeechStopped | IdleTimeout


class Listener:
    """One session's ear, buffer and turn detection."""

    def __init__(self, audio_format: AudioFormat, vad: ServerVad | None) -> None:
        self._chunks: deque[Samples] = deque()
        self._start = 0
        self._idle_since: int | None = None
        self._detector = TurnDetector(threshold=0.5, silence_ms=500)
        self._ear = Ear(audio_format)
        self._vad = vad
        self.configure(audio_format, vad)

    def configure(self, audio_format: AudioFormat, vad: ServerVad | None) -> None:
        if self._ear.format.name != audio_format.name:
            self._ear = Ear(audio_format)
        self._vad = vad
        if vad is None:
            self._detector.forget()
        else:
            self._detector.configure(threshold=vad.threshold, silence_ms=vad.silence_duration_ms)

    @property
    def position_ms(self) -> int:
        return self._detector.position // _PER_MS

    @property
    def buffered_ms(self) -> int:
        return (self._detector.position - self._start) // _PER_MS

    @property
    def speaking(self) -> bool:
        return self._detector.speaking

    def append(self, wire: bytes) -> Iterator[Occurrence]:
        """What the new audio completes, in order. Raises ClientEventError on half a sample."""
        samples = self._ear.hear(wire)
        self._chunks.append(samples)
        edges = self._detector.feed(samples) if self._vad else self._skip(samples)
        for edge in edges:
            yield self._begin(edge.sample) if edge.started else self._end(edge.sample)
        if not self._detector.speaking:
            self._drop_old()
            yield from self._idle()

    def commit(self) -> Samples:
        """Everything in the buffer, which is empty after. Raises ClientEventError below 100 ms."""
        if self.buffered_ms < MIN_COMMIT_MS:
            raise ClientEventError(
                "input_audio_buffer_commit_empty",
                f"Error committing input audio buffer: buffer too small. Expected at least {MIN_COMMIT_MS}ms "
                f"of audio, but buffer only has {self.buffered_ms:.2f}ms of audio.",
            )
        self._detector.forget()
        return self._take(self._detector.position)

    def clear(self) -> None:
        self._take(self._detector.position)
        self._detector.forget()

    def expect_speech_after(self, playback_end_ms: int) -> None:
        """The agent's audio has been played at `playback_end_ms`: from then on silence counts."""
        self._idle_since = max(playback_end_ms * _PER_MS, self._detector.position)

    def stop_expecting(self) -> None:
        self._idle_since = None

    def _skip(self, samples: Samples) -> list[SpeechEdge]:
        self._detector.position += len(samples)
        return []

    def _begin(self, sample: int) -> SpeechStarted:
        assert self._vad is not None
        self._idle_since = None
        self._take(min(sample, max(self._start, sample - self._vad.prefix_padding_ms * _PER_MS)))
        return SpeechStarted(self._start // _PER_MS)

    def _end(self, sample: int) -> SpeechStopped:
        return SpeechStopped(sample // _PER_MS, self._take(sample))

    def _idle(self) -> Iterator[IdleTimeout]:
        timeout_ms = self._vad.idle_timeout_ms if self._vad else None
        since = self._idle_since
        if timeout_ms is None or since is None or self._detector.position - since < timeout_ms * _PER_MS:
            return
        self._idle_since = None
        yield IdleTimeout(since // _PER_MS, self.position_ms)

    def _drop_old(self) -> None:
        """While nobody speaks only the padding of a coming speech is kept."""
        keep_ms = self._vad.prefix_padding_ms if self._vad else MAX_BUFFER_SECONDS * 1000
        keep = keep_ms * _PER_MS + (ONSET_FRAMES + 1) * FRAME
        oldest = self._detector.position - keep
        while self._chunks and self._start + len(self._chunks[0]) <= oldest:
            self._start += len(self._chunks.popleft())

    def _take(self, until: int) -> Samples:
        """Remove and return the buffered samples before the absolute position `until`."""
        taken: list[Samples] = []
        while self._chunks and self._start < until:
            chunk = self._chunks.popleft()
            cut = min(len(chunk), until - self._start)
            taken.append(chunk[:cut])
            self._start += cut
            if cut < len(chunk):
                self._chunks.appendleft(chunk[cut:])
        return np.concatenate(taken) if taken else np.zeros(0, np.int16)
