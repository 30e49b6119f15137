"""The person at the other end: hears frames, acts by a script, speaks frames. No socket and no clock.

One `tick` is 20 ms of the call in both directions. Frames are PCM, 8 kHz, s16le, 320 bytes, and what the person
says sounds as after a telephone line (mu-law).
"""

from collections import deque
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from sandbox.personas import Beep, HangUp, Say, Script, Steps, Wait
from sandbox.speech import g711
from sandbox.speech.voice import synthesize

TICK_MS = 20
FRAME_BYTES = 320
SILENCE = bytes(FRAME_BYTES)

END_OF_TURN_TICKS = 660 // TICK_MS
"""So much silence after the caller's speech, and the person takes the turn."""
MIN_TURN_TICKS = 300 // TICK_MS
"""Less speech than this is no turn: a click, or the beginning of what our own words cut off."""
YIELD_TICKS = 100 // TICK_MS
"""So much speech of the caller keeps a person from beginning to speak."""
_LAST_WORDS_TICKS = 1800 // TICK_MS
_LOUD = 250
"""Mean level (of 32768) from which a frame is speech."""
_BEEP_LEVEL = 8000

Frame = bytes
HearsGoodbye = Callable[[bytes], bool | None]
"""Does this sound end with a goodbye? None: too busy to tell, ask again in a moment."""


def is_speech(frame: Frame) -> bool:
    """By energy of every fourth sample: cheap enough for hundreds of calls."""
    if frame == SILENCE:
        return False
    samples = memoryview(frame).cast("h")[::4].tolist()
    return sum(map(abs, samples)) > _LOUD * len(samples)


class Callee:
    """One person in one call. `has_hung_up` becomes true when the script says so."""

    def __init__(self, script: Script, hears_goodbye: HearsGoodbye) -> None:
        self._script = script
        self._hears_goodbye = hears_goodbye
        self._acting: deque[tuple[Frame, bool]] = deque()
        self._last_words: deque[Frame] = deque(maxlen=_LAST_WORDS_TICKS)
        self._turns = 0
        self._is_hesitating = False
        self._speech_ticks = 0
        self._silent_ticks = 0
        self.has_hung_up = False
        self._act(script.on_answer)

    def tick(self, heard: Frame) -> Frame:
        """Hear 20 ms of the caller, answer with 20 ms of one's own."""
        self._listen(heard)
        if self._is_hesitating and self._speech_ticks >= YIELD_TICKS:
            self._yield_turn()
        if not self._acting:
            self._take_turn()
        if not self._acting:
            return SILENCE
        frame, is_last = self._acting.popleft()
        self._is_hesitating = self._is_hesitating and frame is SILENCE
        self.has_hung_up = self.has_hung_up or is_last
        return frame

    def press(self, key: str) -> None:
        """The caller pressed a telephone key; it interrupts what the person is saying."""
        for wanted, steps in self._script.on_key:
            if wanted == key:
                self._acting.clear()
                self._act(steps)
                return

    def _listen(self, heard: Frame) -> None:
        self._last_words.append(heard)
        self._silent_ticks = 0 if is_speech(heard) else self._silent_ticks + 1
        if self._is_speaking():
            self._speech_ticks = 0  # over our own words nothing is understood
        elif not self._silent_ticks:
            self._speech_ticks += 1

    def _is_speaking(self) -> bool:
        return bool(self._acting) and self._acting[0][0] is not SILENCE

    def _take_turn(self) -> None:
        if self._silent_ticks * TICK_MS >= self._script.patience_ms:
            self._act((HangUp(),))
        elif self._silent_ticks >= END_OF_TURN_TICKS:
            is_turn = self._speech_ticks >= MIN_TURN_TICKS
            goodbye = self._hears_goodbye(b"".join(self._last_words)) if is_turn else False
            if goodbye is None:
                return
            if is_turn:
                self._turns += 1
                self._act(self._reaction(goodbye))
            self._speech_ticks = 0

    def _yield_turn(self) -> None:
        """The caller was quicker, or not done yet: say nothing now."""
        self._acting.clear()
        self._is_hesitating = False
        self._turns = max(self._turns - 1, 0)

    def _reaction(self, goodbye: bool) -> Steps:
        script = self._script
        if goodbye and script.on_goodbye is not None:
            return script.on_goodbye
        return script.on_turn[self._turns - 1] if self._turns <= len(script.on_turn) else script.on_more

    def _act(self, steps: Steps) -> None:
        self._is_hesitating = True
        for step in steps:
            match step:
                case Say(text, share):
                    self._acting.extend((frame, False) for frame in spoken(text, share))
                case Beep(hz, duration_ms):
                    self._acting.extend((frame, False) for frame in tone(hz, duration_ms))
                case Wait(duration_ms):
                    self._acting.extend((SILENCE, False) for _ in range(duration_ms // TICK_MS))
                case HangUp():
                    self._acting.append((SILENCE, True))


@lru_cache(maxsize=512)
def spoken(text: str, share: float = 1.0) -> tuple[Frame, ...]:
    """The frames of a text, or of the first part of its sound."""
    pcm = synthesize(text)
    return _frames(pcm[: int(len(pcm) // 2 * share) * 2])


@lru_cache(maxsize=16)
def tone(hz: int, duration_ms: int) -> tuple[Frame, ...]:
    """The frames of a pure tone."""
    times_s = np.arange(8 * duration_ms) / 8000
    return _frames((_BEEP_LEVEL * np.sin(2 * np.pi * hz * times_s)).astype("<i2").tobytes())


def _frames(pcm: bytes) -> tuple[Frame, ...]:
    line = g711.decode(g711.encode(pcm))
    line += bytes(-len(line) % FRAME_BYTES)
    return tuple(line[at : at + FRAME_BYTES] for at in range(0, len(line), FRAME_BYTES))
