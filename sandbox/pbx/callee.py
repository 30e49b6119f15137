"""The person at the other end: hears frames, acts by a script, speaks frames. No socket and no clock.

One `tick` is 20 ms of the call in both directions. Frames are PCM, 8 kHz, s16le, 320 bytes, and what the person
says sounds as after a telephone line (mu-law). Scripts are those of sandbox/script.py.
"""

from collections import deque
from collections.abc import Callable, Iterable
from functools import lru_cache

import numpy as np

from sandbox.script import Become, Beep, Echo, HangUp, IfLong, Record, Ring, Say, Script, Step, Steps, Vanish, Wait
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
_TONE_LEVEL = 8000
_RINGING_HZ = (440, 480)

Frame = bytes
_Lasting = Record | Become | HangUp | Vanish
HearsGoodbye = Callable[[bytes], bool | None]
"""Does this sound end with a goodbye? None: too busy to tell, ask again in a moment."""


class EchoPath:
    """What the caller said, on its way back: some time later and so much quieter."""

    def __init__(self, echo: Echo) -> None:
        self._share = 10 ** (-echo.loss_db / 20)
        self._on_its_way = deque([SILENCE] * (echo.delay_ms // TICK_MS))

    def mixed(self, heard: Frame, own: Frame) -> Frame:
        """What the telephone sends: its owner's sound, with that of the caller in it."""
        self._on_its_way.append(heard)
        returned = self._on_its_way.popleft()
        if returned is SILENCE:
            return own
        sound = np.frombuffer(returned, "<i2") * self._share + np.frombuffer(own, "<i2")
        return g711.decode(g711.encode(sound.clip(-32768, 32767).astype("<i2").tobytes()))


def is_speech(frame: Frame) -> bool:
    """By energy of every fourth sample: cheap enough for hundreds of calls."""
    if frame == SILENCE:
        return False
    samples = memoryview(frame).cast("h")[::4].tolist()
    return sum(map(abs, samples)) > _LOUD * len(samples)


class Callee:
    """One person in one call. `has_hung_up` becomes true when the script says so.

    `recorded_ms` is how much speech there is in a recording, None until one has begun.
    """

    def __init__(self, script: Script, hears_goodbye: HearsGoodbye, echo: Echo | None = None) -> None:
        self._hears_goodbye = hears_goodbye
        self._echo = EchoPath(echo) if echo is not None else None
        self._last_words: deque[Frame] = deque(maxlen=_LAST_WORDS_TICKS)
        self.has_hung_up = False
        self.recorded_ms: int | None = None
        self._pick_up(script)

    def _pick_up(self, script: Script) -> None:
        self._script = script
        self._acting: deque[Frame | _Lasting] = deque()
        self._is_hesitating = False
        self._turns = 0
        self._silent_ticks = 0
        self._speech_ticks = 0
        self._turn_ticks = 0
        self._quiet_ticks = 0
        self._silences = 0
        self._recorded_ticks = 0
        self._cut_in = script.cut_in
        self._act(script.on_answer)

    def tick(self, heard: Frame) -> Frame | None:
        """Hear 20 ms of the caller, answer with 20 ms of one's own; None from a line that is dead."""
        self._listen(heard)
        if self._is_hesitating and self._speech_ticks >= YIELD_TICKS:
            self._yield_turn()
        if not self._acting:
            self._take_turn()
        own = self._perform()
        return own if own is None or self._echo is None else self._echo.mixed(heard, own)

    def press(self, key: str) -> None:
        """The caller pressed a telephone key; it interrupts what is being said."""
        steps = dict(self._script.on_key).get(key, self._script.on_other_key)
        if steps:
            self._silences = 0
            self._acting.clear()
            self._act(steps)

    # --- hearing -------------------------------------------------------------------------------------------

    def _listen(self, heard: Frame) -> None:
        self._last_words.append(heard)
        self._silent_ticks = 0 if is_speech(heard) else self._silent_ticks + 1
        self._quiet_ticks = 0 if self._acting or not self._silent_ticks else self._quiet_ticks + 1
        if self._is_speaking():
            self._speech_ticks = 0  # over our own words nothing is understood
        elif not self._silent_ticks:
            self._speech_ticks += 1
        self._turn_ticks = self._turn_ticks + 1 if self._speech_ticks else 0

    def _is_speaking(self) -> bool:
        return bool(self._acting) and isinstance(self._acting[0], bytes) and self._acting[0] is not SILENCE

    # --- deciding ------------------------------------------------------------------------------------------

    def _take_turn(self) -> None:
        script = self._script
        if script.patience_ms is not None and self._silent_ticks * TICK_MS >= script.patience_ms:
            self._act((HangUp(),))
        elif self._cut_in is not None and self._is_heard_for(self._cut_in.after_ms):
            self._act(self._cut_in.steps)
            self._cut_in, self._is_hesitating = None, False
        elif self._silences < len(script.on_silence) and self._quiet_ticks * TICK_MS >= script.silence_ms:
            self._silences += 1
            self._act(script.on_silence[self._silences - 1])
        elif self._silent_ticks >= END_OF_TURN_TICKS:
            self._end_turn()

    def _end_turn(self) -> None:
        """The caller has stopped; what was said may have been a turn."""
        is_turn = self._speech_ticks >= MIN_TURN_TICKS and not self._script.is_machine
        goodbye = self._hears_goodbye(b"".join(self._last_words)) if is_turn else False
        if goodbye is None:
            return
        if is_turn:
            self._turns += 1
            self._act(self._reaction(goodbye))
        self._speech_ticks = 0

    def _reaction(self, goodbye: bool) -> Steps:
        script = self._script
        if goodbye and script.on_goodbye is not None:
            return script.on_goodbye
        steps = script.on_turn[self._turns - 1] if self._turns <= len(script.on_turn) else script.on_more
        match steps:
            case (IfLong(speech_ms), *_) if self._speech_ticks * TICK_MS < speech_ms:
                return ()
        return steps

    def _is_heard_for(self, duration_ms: int) -> bool:
        """Is the caller speaking in this moment, in a turn of that length?"""
        return not self._silent_ticks and self._turn_ticks * TICK_MS >= duration_ms

    def _yield_turn(self) -> None:
        """The caller was quicker, or not done yet: say nothing now."""
        self._acting.clear()
        self._is_hesitating = False
        self._turns = max(self._turns - 1, 0)

    # --- acting --------------------------------------------------------------------------------------------

    def _act(self, steps: Steps) -> None:
        self._is_hesitating = bool(steps) and not self._script.is_machine
        for step in steps:
            self._acting.extend(_performed(step))

    def _perform(self) -> Frame | None:
        """What is heard of it in this tick."""
        match self._acting[0] if self._acting else None:
            case bytes() as frame:
                self._acting.popleft()
                self._is_hesitating = self._is_hesitating and frame is SILENCE
                return frame
            case Record() as record:
                self._record(record)
            case Become(script):
                self._pick_up(script)
            case HangUp():
                self.has_hung_up = True
            case Vanish():
                self._is_hesitating = False
                return None
        return SILENCE

    def _record(self, record: Record) -> None:
        self._recorded_ticks += 1
        self.recorded_ms = (self.recorded_ms or 0) + (0 if self._silent_ticks else TICK_MS)
        silent_ticks = min(self._silent_ticks, self._recorded_ticks)
        if silent_ticks * TICK_MS >= record.silence_ms or self._recorded_ticks * TICK_MS >= record.max_ms:
            self._acting.popleft()
            self._recorded_ticks = 0


def _performed(step: Step) -> Iterable[Frame | _Lasting]:
    """The frames of a step; one that lasts until something happens stays a step."""
    match step:
        case Say(text, share):
            return spoken(text, share)
        case Beep(hz, duration_ms):
            return tone((hz,), duration_ms)
        case Ring(duration_ms):
            return tone(_RINGING_HZ, duration_ms)
        case Wait(duration_ms):
            return (SILENCE,) * (duration_ms // TICK_MS)
        case IfLong():
            return ()
    return (step,)


@lru_cache(maxsize=512)
def spoken(text: str, share: float = 1.0) -> tuple[Frame, ...]:
    """The frames of a text, or of the first part of its sound."""
    pcm = synthesize(text)
    return _frames(pcm[: int(len(pcm) // 2 * share) * 2])


@lru_cache(maxsize=16)
def tone(hz: tuple[int, ...], duration_ms: int) -> tuple[Frame, ...]:
    """The frames of one or several pure tones together."""
    times_s = np.arange(8 * duration_ms) / 8000
    sines = np.mean([np.sin(2 * np.pi * each * times_s) for each in hz], axis=0)
    return _frames((_TONE_LEVEL * sines).astype("<i2").tobytes())


def _frames(pcm: bytes) -> tuple[Frame, ...]:
    line = g711.decode(g711.encode(pcm))
    line += bytes(-len(line) % FRAME_BYTES)
    return tuple(line[at : at + FRAME_BYTES] for at in range(0, len(line), FRAME_BYTES))
