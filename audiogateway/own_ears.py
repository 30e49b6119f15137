"""What we hear ourselves of the callee: the model's turn detection is believed, but not blindly.

While nothing happens only the last sound of both sides is kept, which costs next to nothing. It is listened to when
the model says that the callee has begun to speak while the agent is heard.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np

from audiogateway.audio.levels import QUIETEST_DBFS, Levels, level_dbfs, levels_dbfs
from audiogateway.echo import DELAY_FRAMES, is_echo
from audiogateway.line_format import LINE_BYTES_PER_MS, LineFormat
from audiogateway.playout import FRAME_MS

_FRAME_BYTES = LINE_BYTES_PER_MS * FRAME_MS
MEMORY_FRAMES = 1500 // FRAME_MS
AGENT_FRAMES = MEMORY_FRAMES + DELAY_FRAMES
NEWS_MS = 400
"""So old the news of a speech may be. What was heard before that belongs to the speech before."""
QUIET_DBFS = -50.0
"""Below this nobody speaks into a telephone."""
LOUD_DBFS = -40.0
"""Above this there is a voice, whatever the noise around it."""
ABOVE_NOISE_DB = 9.0
GAP_MS = 240
"""So much quiet between two sounds, and they are two. Stops within words are shorter."""


@dataclass(frozen=True, slots=True)
class Onset:
    """The last sound of the callee: how long it has lasted, and how long ago it was last heard.

    `is_voice` is false when nothing was heard that could be somebody speaking.
    """

    is_voice: bool
    voiced_ms: int = 0
    quiet_ms: int = 0


class OwnEars:
    """Of one call."""

    def __init__(self, line_format: LineFormat) -> None:
        self._line_format = line_format
        self._callee: deque[bytes] = deque(maxlen=MEMORY_FRAMES)
        self._agent: deque[bytes | None] = deque([None] * AGENT_FRAMES, maxlen=AGENT_FRAMES)
        self._voice_dbfs = QUIET_DBFS

    def heard(self, samples: bytes) -> None:
        """Sound of the callee, as it comes from the line."""
        self._callee.append(samples)

    def said(self, frame: bytes | None) -> None:
        """20 ms of the agent's voice on the line; None is silence."""
        self._agent.append(frame)

    def onset(self) -> Onset:
        """Listens back for the beginning of a speech. From now on `is_voice` knows what is voice and what is noise."""
        levels = self._levels_of_callee()
        if not len(levels):
            return Onset(is_voice=True, voiced_ms=FRAME_MS)  # there is nothing to contradict the model with
        noise_dbfs = float(np.partition(levels, len(levels) // 5)[len(levels) // 5])
        self._voice_dbfs = min(max(noise_dbfs + ABOVE_NOISE_DB, QUIET_DBFS), LOUD_DBFS)
        loud = np.flatnonzero(levels > self._voice_dbfs)
        quiet_ms = (len(levels) - 1 - int(loud[-1])) * FRAME_MS if len(loud) else MEMORY_FRAMES * FRAME_MS
        if quiet_ms > NEWS_MS:
            return Onset(is_voice=False, quiet_ms=quiet_ms)
        gaps = np.flatnonzero(np.diff(loud) * FRAME_MS > GAP_MS)
        first = loud[gaps[-1] + 1] if len(gaps) else loud[0]
        return Onset(is_voice=True, voiced_ms=int(loud[-1] - first + 1) * FRAME_MS, quiet_ms=quiet_ms)

    def is_voice(self, samples: bytes) -> bool:
        return level_dbfs(samples) > self._voice_dbfs

    def is_echo(self) -> bool:
        """Whether all that is heard of the callee now is the agent's own voice. To be asked after `onset`."""
        return is_echo(self._levels_of_callee(), self._levels_of_agent(), self._voice_dbfs)

    def _levels_of_agent(self) -> Levels:
        levels = np.full(AGENT_FRAMES, QUIETEST_DBFS, np.float32)
        sound = self._line_format.agent
        said = {place: frame for place, frame in enumerate(self._agent) if frame and len(frame) == sound.frame_bytes}
        if said:
            linear = b"".join(map(sound.to_linear, said.values()))
            levels[list(said)] = levels_dbfs(linear, len(linear) // len(said))
        return levels

    def _levels_of_callee(self) -> Levels:
        sound = b"".join(self._callee)[-MEMORY_FRAMES * _FRAME_BYTES :]
        return levels_dbfs(sound[len(sound) % _FRAME_BYTES :], _FRAME_BYTES)
