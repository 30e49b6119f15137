"""How sound looks on both sides of the gateway: on the line to the PBX, and at the model.

What the callee says goes to the model as mu-law at 8 kHz: that is all that a PBX passes on of it (audiosocket/ear.py).
What the agent says goes to the line at the rate at which the model makes it, 8 or 24 kHz, and the PBX makes of it what
the trunk carries. Recordings are mu-law at 8 kHz.
"""

from audiogateway.audio.g711 import SILENCE, linear_to_ulaw, ulaw_to_linear
from audiogateway.audio.resample import Downsampler
from audiogateway.audiosocket.codec import Kind, audio_header, encode_audio
from audiogateway.playout import FRAME_MS

LINE_BYTES_PER_MS = 16
"""16 bit linear at 8 kHz."""
NARROW_HZ = 8_000
_SAMPLE_BYTES = 2


class AgentSound:
    """A format of the agent's voice. `frame_bytes` are 20 ms at the model, `silence` is its byte for nothing."""

    def __init__(self, model_format: str, kind: Kind, *, samples_per_ms: int, is_mu_law: bool) -> None:
        self.model_format = model_format
        self.samples_per_ms = samples_per_ms
        self.is_mu_law = is_mu_law
        self.silence = SILENCE if is_mu_law else 0
        samples = samples_per_ms * FRAME_MS
        self.frame_bytes = samples if is_mu_law else samples * _SAMPLE_BYTES
        self._header = audio_header(kind, samples * _SAMPLE_BYTES)
        self._silent_message = encode_audio(bytes(samples * _SAMPLE_BYTES), kind)

    def encode(self, samples: bytes) -> bytes:
        """Linear sound at `samples_per_ms`, as the model would send it."""
        return linear_to_ulaw(samples) if self.is_mu_law else samples

    def to_linear(self, frame: bytes) -> bytes:
        """What the model sent, as 16 bit linear."""
        return ulaw_to_linear(frame) if self.is_mu_law else frame

    def message(self, frame: bytes | None) -> bytes:
        """One frame for the line; None is silence."""
        if frame is None:
            return self._silent_message
        return self._header + self.to_linear(frame)


NARROW_BAND = AgentSound("audio/pcmu", Kind.SLIN_8K, samples_per_ms=8, is_mu_law=True)
WIDE_BAND = AgentSound("audio/pcm", Kind.SLIN_24K, samples_per_ms=24, is_mu_law=False)


class LineFormat:
    """Of one talk. `agent` is how the agent's voice really comes; `wanted` how it was asked for."""

    callee_format = "audio/pcmu"
    callee_bytes_per_ms = 8

    def __init__(self, *, wide_band: bool = False) -> None:
        self.wanted = self.agent = WIDE_BAND if wide_band else NARROW_BAND
        self._for_recording = Downsampler()

    @property
    def is_wide_band(self) -> bool:
        return self.wanted is WIDE_BAND

    def to_model(self, samples: bytes) -> bytes:
        """Sound of the callee, as it came from the line."""
        return linear_to_ulaw(samples)

    def silence_of_callee(self, frames: int) -> bytes:
        """As it would come from the line."""
        return bytes(frames * FRAME_MS * LINE_BYTES_PER_MS)

    def to_line(self, frame: bytes | None) -> bytes:
        """One frame of the agent's voice as a message for the line; None is silence."""
        return self.agent.message(frame)

    def to_recording(self, frame: bytes | None) -> bytes | None:
        """The same frame for the recording. Every frame must pass here, in order, also the silent ones."""
        if self.agent.is_mu_law:
            return frame
        return linear_to_ulaw(self._for_recording.feed(bytes(self.agent.frame_bytes) if frame is None else frame))
