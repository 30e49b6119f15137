"""What is measured on every talk (Call.figures)."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class TalkFigures:
    """Counts and milliseconds of one talk.

    first_audio_ms: from the line's arrival to the first frame of the agent's voice on the wire.
    voice_to_voice_ms: per turn, from the end of the callee's speech to the first frame of the answer.
    late_frames, skipped_frames: sent after their deadline by more than 10 ms; given up after a pause of the process.
    voice_losses, voice_away_ms, voice_rotations: sessions of the model that were lost in the talk, and how long it
    was without one; sessions that were replaced before they grew too old.
    underruns: the model's sound came too slowly, and the callee heard a gap in a sentence.
    """

    first_audio_ms: int | None = None
    voice_to_voice_ms: list[int] = field(default_factory=list)
    interruptions: int = 0
    late_frames: int = 0
    skipped_frames: int = 0
    underruns: int = 0
    protocol_problems: int = 0
    server_errors: int = 0
    voice_losses: int = 0
    voice_away_ms: int = 0
    voice_rotations: int = 0
    tokens: Counter[str] = field(default_factory=Counter)

    def to_json(self) -> dict[str, Any]:
        return {
            "first_audio_ms": self.first_audio_ms,
            "voice_to_voice_ms": self.voice_to_voice_ms,
            "interruptions": self.interruptions,
            "late_frames": self.late_frames,
            "skipped_frames": self.skipped_frames,
            "underruns": self.underruns,
            "protocol_problems": self.protocol_problems,
            "server_errors": self.server_errors,
            "voice_losses": self.voice_losses,
            "voice_away_ms": self.voice_away_ms,
            "voice_rotations": self.voice_rotations,
            "tokens": dict(self.tokens),
        }
