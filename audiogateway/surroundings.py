"""What all talks of a process share."""

import time
from dataclasses import dataclass

from audiogateway.onset_gate import ONSET_GATE_MS
from audiogateway.pacing import MonotonicClock, Ticker
from audiogateway.phrases import PhraseBook
from audiogateway.ports import CommandBus, Spawn, Store, WallClock
from audiogateway.realtime.connection import OpenVoice
from audiogateway.recording.recorder import Recorder


@dataclass(frozen=True, slots=True)
class Models:
    """Names of the models, and of the voice."""

    realtime: str
    transcription: str
    voice: str


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`spawn` runs a coroutine in the scope of the process."""

    store: Store
    commands: CommandBus
    ticker: Ticker
    spawn: Spawn
    models: Models
    now: WallClock
    open_voice: OpenVoice
    phrases: PhraseBook
    clock: MonotonicClock = time.monotonic
    recorder: Recorder | None = None
    onset_gate_ms: int = ONSET_GATE_MS
