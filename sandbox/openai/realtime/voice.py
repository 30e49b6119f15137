"""Ear and mouth of the stand-in, both off the event loop, both the same for every session of the process."""

from __future__ import annotations

import asyncio
import threading
from functools import lru_cache

from sandbox.openai.realtime.audio import AudioFormat, FormatName, Samples
from sandbox.speech.phrases import callee_phrases
from sandbox.speech.recognize import Recognizer
from sandbox.speech.voice import synthesize

_building = threading.Lock()


async def speak(text: str, audio_format: AudioFormat) -> bytes:
    """The sentence in wire format, in the agent's voice."""
    return await asyncio.to_thread(_spoken, text, audio_format.name)


async def recognize(samples: Samples) -> str | None:
    """What the callee said, or None when it is nothing that the stand-in knows."""
    return await asyncio.to_thread(_recognized, samples)


async def warm() -> None:
    """Build the recogniser, which synthesises its phrases the first time; at once if somebody does that already."""
    if not _building.locked():
        await asyncio.to_thread(_recognizer)


@lru_cache(maxsize=512)
def _spoken(text: str, format_name: FormatName) -> bytes:
    audio_format = AudioFormat(format_name)
    return audio_format.encode(synthesize(text, rate=audio_format.rate, voice="agent"))


def _recognized(samples: Samples) -> str | None:
    heard = _recognizer().recognize(samples.astype("<i2").tobytes())
    return heard.text if heard else None


def _recognizer() -> Recognizer:
    with _building:
        return _built_recognizer()


@lru_cache(maxsize=1)
def _built_recognizer() -> Recognizer:
    return Recognizer(callee_phrases())
