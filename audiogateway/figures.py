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
    interruptions, backchannels: speeches of the callee that ended the agent's, and short ones that did not.
    barge_in_ms: per interruption, from the beginning of the callee's speech to the agent's silence on the wire.
    barge_in_reaction_ms: the part of it that is ours, from the news of the speech to the agent's last frame.
    ignored_noises, ignored_echoes: what the model took for speech while the agent spoke, and was none.
    voice_losses, voice_away_ms, voice_rotations: sessions of the model that were lost in the talk, and how long it
    was without one; sessions that were replaced before they grew too old.
    quality_warnings: kinds of events of this call that tell of sound in another format than was ordered.
    underruns: the model's sound came too slowly, and the callee heard a gap in a sentence.
    """

    first_audio_ms: int | None = None
    voice_to_voice_ms: list[int] = field(default_factory=list)
    interruptions: int = 0
    backchannels: int = 0
    barge_in_ms: list[int] = field(default_factory=list)
    barge_in_reaction_ms: list[int] = field(default_factory=list)
    ignored_noises: int = 0
    ignored_echoes: int = 0
    late_frames: int = 0
    skipped_frames: int = 0
    underruns: int = 0
    protocol_problems: int = 0
    server_errors: int = 0
    voice_losses: int = 0
    voice_away_ms: int = 0
    voice_rotations: int = 0
    quality_warnings: list[str] = field(default_factory=list)
    tokens: Counter[str] = field(default_factory=Counter)

    def to_json(self) -> dict[str, Any]:
        return {
            "first_audio_ms": self.first_audio_ms,
            "voice_to_voice_ms": self.voice_to_voice_ms,
            "interruptions": self.interruptions,
            "backchannels": self.backchannels,
            "barge_in_ms": self.barge_in_ms,
            "barge_in_reaction_ms": self.barge_in_reaction_ms,
            "ignored_noises": self.ignored_noises,
            "ignored_echoes": self.ignored_echoes,
            "late_frames": self.late_frames,
            "skipped_frames": self.skipped_frames,
            "underruns": self.underruns,
            "protocol_problems": self.protocol_problems,
            "server_errors": self.server_errors,
            "voice_losses": self.voice_losses,
            "voice_away_ms": self.voice_away_ms,
            "voice_rotations": self.voice_rotations,
            "quality_warnings": self.quality_warnings,
            "tokens": dict(self.tokens),
        }
