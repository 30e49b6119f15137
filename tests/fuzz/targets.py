"""What each codec promises about any input at all. A target raises AssertionError, or whatever the codec raised."""

import json
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any
from uuid import UUID

from audiogateway.audiosocket import codec as audiosocket
from audiogateway.realtime import openai_codec as realtime
from calls.asterisk import ami_codec as ami
from tests.fuzz.mutation import parts


@dataclass(frozen=True)
class Target:
    """`pieces` are real traffic; `check` looks at what the codec makes of some input, read in pieces by `chance`."""

    pieces: Sequence[bytes]
    check: Callable[[random.Random, bytes], None]


# --- AudioSocket ------------------------------------------------------------------------------------

AUDIOSOCKET_PIECES = [
    audiosocket.encode_call_id(UUID("40325ec2-5efd-4bd3-805f-53576e581d13")),
    audiosocket.encode_audio(bytes(range(160)) * 2),
    audiosocket.encode_audio(bytes(960), audiosocket.Kind.SLIN_24K),
    audiosocket.encode_digit("5"),
    audiosocket.HANGUP_MESSAGE,
    bytes([audiosocket.Kind.ERROR, 0, 1, 4]),
]


def check_audiosocket(chance: random.Random, data: bytes) -> None:
    """However it is split, the same messages come out, each within its limits, and nothing more is kept than one."""
    whole = audiosocket.Decoder().feed(data)
    decoder, split = audiosocket.Decoder(), list[audiosocket.Message]()
    for part in parts(chance, data):
        split += decoder.feed(part)
        assert decoder.buffered_bytes < audiosocket.HEADER_BYTES + audiosocket.MAX_AUDIO_BYTES
    assert split == whole
    assert not any(isinstance(message, audiosocket.Garbage) for message in whole[:-1])
    sound = [message for message in whole if isinstance(message, audiosocket.Audio)]
    assert all(0 < len(s.samples) <= audiosocket.MAX_AUDIO_BYTES and len(s.samples) % 2 == 0 for s in sound)


# --- Realtime events --------------------------------------------------------------------------------

_IN_RESPONSE = {"response_id": "resp_1", "item_id": "item_1", "output_index": 0, "content_index": 0}
_USAGE = {"input_token_details": {"audio_tokens": 30, "text_tokens": 40}, "output_token_details": {"audio_tokens": 20}}
_CALL = {"id": "item_2", "type": "function_call", "call_id": "call_1", "name": "end_call", "arguments": "{}"}
_FORMAT = {"format": {"type": "audio/pcmu"}}
_EVENTS: list[dict[str, Any]] = [
    {"type": "session.updated", "session": {"audio": {"input": _FORMAT, "output": _FORMAT}}},
    {"type": "input_audio_buffer.speech_started", "item_id": "item_1", "audio_start_ms": 120},
    {"type": "input_audio_buffer.speech_stopped", "item_id": "item_1", "audio_end_ms": 1e3},
    {"type": "conversation.item.added", "item": {"id": "item_1", "type": "message", "role": "user"}},
    {
        "type": "conversation.item.input_audio_transcription.completed",
        "item_id": "item_1",
        "transcript": "Yes, \u201cplease\u201d \U0001f600.",
        "usage": {"type": "duration", "seconds": 1.5},
    },
    {"type": "response.created", "response": {"id": "resp_1"}},
    {"type": "response.output_audio.delta", **_IN_RESPONSE, "delta": "f39/f39/"},
    {"type": "response.output_audio_transcript.done", **_IN_RESPONSE, "transcript": "Hello."},
    {"type": "response.output_item.done", "response_id": "resp_1", "item": _CALL},
    {"type": "response.done", "response": {"id": "resp_1", "status": "completed", "usage": _USAGE}},
    {"type": "error", "error": {"code": "rate_limit_exceeded", "message": "Slow down."}},
]
_HOSTILE = [
    b'"\\ud800"',
    b'"\\u0000"',
    b"1e999",
    b"NaN",
    b"-Infinity",
    b"1" * 400,
    b"-1",
    b"[" * 2000,
    b"null",
    b"{}",
    b'""',
]
REALTIME_PIECES = [json.dumps(event, ensure_ascii=bool(number % 2)).encode() for number, event in enumerate(_EVENTS)]


def check_realtime(chance: random.Random, data: bytes) -> None:
    """Whatever comes, an event has texts that can be stored and numbers that can be counted with."""
    wire = bytearray(data[: realtime.MAX_TEXT])
    values = [at for at in range(len(wire)) if wire[at] == ord(":")]
    if values and chance.random() < 0.5:
        at = chance.choice(values) + 1
        end = next((i for i in range(at, len(wire)) if wire[i] in b",}"), len(wire))
        wire[at:end] = chance.choice(_HOSTILE)
    event = realtime.Decoder().decode(bytes(wire))
    if event is not None:
        _look_into(event)


def _look_into(value: object) -> None:
    match value:
        case str():
            assert "\0" not in value
            assert len(value.encode()) <= 4 * realtime.MAX_TEXT
        case bool() | None | bytes():
            pass
        case int() | float():
            assert math.isfinite(value)
            assert abs(value) <= realtime.MAX_NUMBER
        case dict():
            for inner in value.values():
                _look_into(inner)
        case _ if is_dataclass(value):
            for field in fields(value):
                _look_into(getattr(value, field.name))
        case _:
            raise AssertionError(f"an event holds {value!r}")


# --- AMI --------------------------------------------------------------------------------------------

AMI_GREETING = b"Asterisk Call Manager/11.0.0\r\n"
AMI_PIECES = [
    b"Event: Hangup\r\nUniqueid: 1.2\r\nCause: 16\r\nChanVariable: a=1\r\nChanVariable: b=2\r\n\r\n",
    "Event: Newstate\nCallerIDName: Zo\u00eb \U0001f600\n\n".encode(),
    b"Response: Success\r\nActionID: 40325ec2\r\nMessage: Originate successfully queued\r\n\r\n",
    b"\r\n",
    b"no header\r\n",
    b"V: " + b"x" * 5000 + b"\r\n",
    AMI_GREETING,
]


def check_ami(chance: random.Random, data: bytes) -> None:
    """However it is split, the same comes out; what is no greeting is told, and nothing beyond the limits is kept."""
    stream = AMI_GREETING + data if chance.random() < 0.95 else data
    whole = _decode_ami([stream])
    assert _decode_ami(parts(chance, stream)) == whole
    for message in whole or []:
        if isinstance(message, ami.AmiMessage):
            assert message.headers
            assert sum(len(name) + len(value) for name, value in message.headers) <= ami.MAX_MESSAGE_BYTES


def _decode_ami(stream: Sequence[bytes]) -> list[ami.Decoded] | None:
    """None when it is no AMI at all."""
    decoder = ami.AmiDecoder()
    try:
        return [item for part in stream for item in decoder.feed(part)]
    except ami.AmiProtocolError:
        return None


TARGETS = {
    "audiosocket": Target(AUDIOSOCKET_PIECES, check_audiosocket),
    "realtime": Target(REALTIME_PIECES, check_realtime),
    "ami": Target(AMI_PIECES, check_ami),
}
