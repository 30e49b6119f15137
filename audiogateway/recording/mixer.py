"""Two mono tracks become one in stereo, aligned by the frame clock of the call and not by the speed of arrival.

The agent's track is what was sent, one frame per tick; periods that the clock gave up are silence. What has arrived
from the callee ends at the tick at which it is there, or up to a frame before it: so that it follows what they said
before without a seam, although frames come a little before or after their tick. Where they sent nothing there is
silence. Where their clock is faster than ours, what would end after its tick is dropped, a frame at a time. So the
tracks never drift apart, however long the call is.
"""

from audiogateway.audio.g711 import SAMPLE_RATE, SILENCE
from audiogateway.playout import FRAME_MS

FRAME_SAMPLES = SAMPLE_RATE * FRAME_MS // 1000
HELD_SAMPLES = 2 * SAMPLE_RATE
"""So much is held back for sound of the callee that was held up on its way. After longer Asterisk ends the call."""

_SILENCE = bytes([SILENCE])
_SILENT_FRAME = _SILENCE * FRAME_SAMPLES


class StereoMixer:
    """Mu-law in, interleaved mu-law out. Positions count samples from the first tick; a sample is one byte per ear."""

    def __init__(self) -> None:
        self._taken = 0
        self._agent = bytearray()
        self._callee = bytearray()
        self._arrived = bytearray()
        self.dropped_samples = 0

    @property
    def position(self) -> int:
        """Of the next sample that `take` gives."""
        return self._taken

    def hear(self, sound: bytes) -> None:
        """The callee's, any number of samples."""
        self._arrived += sound

    def say(self, frame: bytes | None) -> None:
        """The agent's next frame; None is silence."""
        self._agent += _SILENT_FRAME if frame is None else frame

    def tick(self) -> None:
        """All frames of this tick were said: what has arrived until now ends here."""
        if not self._arrived:
            return
        ideal = self._taken + len(self._agent) - len(self._arrived)
        end = self._taken + len(self._callee)
        ahead = min(max(end - ideal, 0), len(self._arrived))
        self.dropped_samples += ahead
        self._callee += _SILENCE * max(ideal - FRAME_SAMPLES - end, 0)
        self._callee += self._arrived[ahead:]
        self._arrived.clear()

    def take(self, held_samples: int = HELD_SAMPLES) -> bytes:
        """What will not change any more: everything but the last `held_samples` of the agent's track."""
        return self._cut(max(len(self._agent) - held_samples, 0))

    def take_rest(self) -> bytes:
        """The end of it; nothing may be heard or said afterwards. What came after the last tick is heard in silence."""
        for _ in range(0, len(self._arrived), FRAME_SAMPLES):
            self.say(None)
        self.tick()
        return self._cut(max(len(self._agent), len(self._callee)))

    def _cut(self, samples: int) -> bytes:
        mixed = bytearray(_SILENCE * (2 * samples))
        for ear, track in enumerate((self._callee, self._agent)):
            sound = track[:samples]
            mixed[ear : 2 * len(sound) : 2] = sound
            del track[:samples]
        self._taken += samples
        return bytes(mixed)
