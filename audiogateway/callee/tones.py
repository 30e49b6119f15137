"""The beep of an answering machine and the tones of a fax, by signal. Pure: sound goes in, what it means comes out.

A pure tone obeys x[n-k] + x[n+k] = 2 cos(kw) x[n] for every lag k. How far a frame is from that at two lags tells a
single tone from speech, music, keys and the call progress tones that are made of two tones; there is no transform.
Fax tones: ITU-T T.30 (CED 2100 Hz, CNG 1100 Hz for 0.5 s every 3.5 s), also with the phase reversals of V.8.
"""

from dataclasses import dataclass
from enum import Enum
from math import acos, pi

import numpy as np
import numpy.typing as npt

SAMPLE_RATE = 8000
FRAME_MS = 20
FRAME_SAMPLES = SAMPLE_RATE * FRAME_MS // 1000
QUIETEST_RMS = 300.0
"""Of 32768. What is below it is taken for silence."""
LAGS = (1, 6)
"""In samples: the first gives the frequency and tells tones far apart, the second those close together."""
MAX_RESIDUAL = 0.04
"""Share of the power that a single tone does not explain: noise 22 dB below it may be there."""
SAME_HZ = 25.0
SAME_POWER = 1.7
"""Between neighbouring frames: 2.3 dB."""

BEEP_HZ = (350.0, 2200.0)
PROGRESS_HZ = (385.0, 490.0)
"""400, 425 and 440 Hz alone are the ringing and busy tones of many countries, in bursts as long as a beep."""
BEEP_MS = (120, 1240)
"""150 to 1200 ms; a tone begins and ends in the middle of frames."""
TAIL_MS = 80
"""So long a beep may take to fade."""
QUIET_MS = 260
"""So much silence makes it a beep: a machine that records says nothing."""
QUIET_SHARE = 0.05
MELODY_MS = 500
"""Another tone so shortly before makes it music or the announcement of a network."""

CED_HZ, CED_MS = (2075.0, 2125.0), 1000
CNG_HZ, CNG_MS = (1060.0, 1140.0), (420, 580)
CNG_PERIOD_MS = (3200, 3800)


class Tone(Enum):
    BEEP = "beep"
    FAX = "fax"


@dataclass(slots=True)
class _Run:
    """Frames of one tone in a row; times are counted in frames."""

    began: int
    hz: float
    power: float
    frames: int = 1
    after_melody: bool = False

    def goes_on(self, hz: float, power: float) -> bool:
        return abs(hz - self.hz) <= SAME_HZ and self.power / SAME_POWER <= power <= self.power * SAME_POWER

    @property
    def ms(self) -> int:
        return self.frames * FRAME_MS


class ToneEar:
    """Listens to one callee: linear samples of 16 bit at 8 kHz, in pieces of any size."""

    def __init__(self) -> None:
        self._rest = b""
        self._frame = 0
        self._run: _Run | None = None
        self._ended: _Run | None = None
        self._quiet_frames = 0
        self._previous: _Run | None = None
        self._ced_frames = 0
        self._cng_began: int | None = None

    def hear(self, samples: bytes) -> Tone | None:
        """What is known since this sound; None mostly."""
        if self._rest or len(samples) != 2 * FRAME_SAMPLES:
            return self._hear_pieces(self._rest + samples)
        return self._hear_frame(samples)

    def _hear_pieces(self, samples: bytes) -> Tone | None:
        size = 2 * FRAME_SAMPLES
        whole = len(samples) // size * size
        self._rest = samples[whole:]
        heard = [self._hear_frame(samples[at : at + size]) for at in range(0, whole, size)]
        return next((tone for tone in heard if tone is not None), None)

    def _hear_frame(self, samples: bytes) -> Tone | None:
        self._frame += 1
        frame = np.frombuffer(samples, "<i2").astype(np.float32)
        power = float(frame.dot(frame)) / FRAME_SAMPLES
        hz = single_tone_hz(frame) if power >= QUIETEST_RMS**2 else None
        return self._fax(hz) or self._beep(hz, power)

    def _beep(self, hz: float | None, power: float) -> Tone | None:
        if self._run is not None and hz is not None and self._run.goes_on(hz, power):
            self._run.frames += 1
            return None
        if self._run is not None and self._run.ms >= BEEP_MS[0]:
            self._ended, self._quiet_frames = self._run, 0
        fading = self._ended is not None and hz is not None and power < self._ended.power
        if hz is not None and not fading:
            self._begin(hz, power)
        else:
            self._run = None
        return self._after_beep(power)

    def _begin(self, hz: float, power: float) -> None:
        earlier = self._ended or self._previous
        self._run = _Run(self._frame, hz, power)
        if earlier is not None and abs(earlier.hz - hz) > SAME_HZ:
            gap_ms = (self._frame - earlier.began - earlier.frames) * FRAME_MS
            self._run.after_melody = gap_ms < MELODY_MS

    def _after_beep(self, power: float) -> Tone | None:
        """A tone is over; it was a beep when nothing follows it."""
        ended = self._ended
        if ended is None:
            return None
        if power < max(ended.power * QUIET_SHARE, QUIETEST_RMS**2):
            self._quiet_frames += 1
        elif self._quiet_frames or (self._frame - ended.began - ended.frames) * FRAME_MS > TAIL_MS:
            self._ended, self._previous = None, ended
            return None
        if self._quiet_frames * FRAME_MS < QUIET_MS:
            return None
        self._ended, self._previous = None, ended
        if self._is_second_cng(ended):
            return Tone.FAX
        return Tone.BEEP if _may_be_beep(ended) else None

    def _is_second_cng(self, run: _Run) -> bool:
        if not (CNG_HZ[0] <= run.hz <= CNG_HZ[1] and CNG_MS[0] <= run.ms <= CNG_MS[1]):
            return False
        first, self._cng_began = self._cng_began, run.began
        return first is not None and CNG_PERIOD_MS[0] <= (run.began - first) * FRAME_MS <= CNG_PERIOD_MS[1]

    def _fax(self, hz: float | None) -> Tone | None:
        if hz is not None and CED_HZ[0] <= hz <= CED_HZ[1]:
            self._ced_frames += 1
            return Tone.FAX if self._ced_frames * FRAME_MS == CED_MS else None
        self._ced_frames = max(self._ced_frames - 2, 0)  # a reversal of its phase spoils one frame of many
        return None


def single_tone_hz(frame: npt.NDArray[np.float32]) -> float | None:
    """The frequency of a frame that is one steady tone; None for everything else. Its power must not be zero."""
    hz = 0.0
    for lag in LAGS:
        middle, around = frame[lag:-lag], frame[: -2 * lag] + frame[2 * lag :]
        own, cross, other = float(middle.dot(middle)), float(middle.dot(around)), float(around.dot(around))
        if own <= 0 or other - cross * cross / own > MAX_RESIDUAL * own:
            return None
        if lag == 1:
            hz = acos(min(max(cross / (2 * own), -1.0), 1.0)) * SAMPLE_RATE / (2 * pi)
    return hz


def _may_be_beep(run: _Run) -> bool:
    is_progress = PROGRESS_HZ[0] <= run.hz <= PROGRESS_HZ[1]
    in_range = BEEP_HZ[0] <= run.hz <= BEEP_HZ[1] and BEEP_MS[0] <= run.ms <= BEEP_MS[1]
    return in_range and not is_progress and not run.after_melody
