"""How sound looks on both sides of the gateway: on the line to the PBX, and at the model."""

from audiogateway.audio.g711 import SILENCE, linear_to_ulaw, ulaw_to_linear
from audiogateway.audiosocket.codec import Kind, audio_header, encode_audio
from audiogateway.playout import FRAME_MS


class NarrowBand:
    """A telephone line: 16 bit linear at 8 kHz there, mu-law at 8 kHz here and at the model.

    The playout holds the model's sound: `frame_bytes` of it are 20 ms, `silence` is its byte for nothing.
    """

    model_format = "audio/pcmu"
    frame_bytes = 160
    silence = SILENCE
    line_bytes_per_ms = 16

    def __init__(self) -> None:
        line_frame_bytes = self.line_bytes_per_ms * FRAME_MS
        self._header = audio_header(Kind.SLIN_8K, line_frame_bytes)
        self._silent_message = encode_audio(bytes(line_frame_bytes))

    def to_model(self, samples: bytes) -> bytes:
        """Sound of the callee, as it came from the line."""
        return linear_to_ulaw(samples)

    def silence_of_callee(self, frames: int) -> bytes:
        """As it would come from the line."""
        return bytes(frames * FRAME_MS * self.line_bytes_per_ms)

    def to_line(self, frame: bytes | None) -> bytes:
        """One frame of the agent's voice as a message for the line; None is silence."""
        return self._silent_message if frame is None else self._header + ulaw_to_linear(frame)
