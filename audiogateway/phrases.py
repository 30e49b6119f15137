"""What the agent says when its voice is gone: a few words in that voice, asked of the model before they are needed.

Each phrase is asked once per process for every voice, language and format, over a short session of its own while the
first call of that kind rings. Where that failed the next call tries again, and meanwhile a soft tone has to do.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

import structlog

from audiogateway.prompts import language_name
from audiogateway.realtime import events
from audiogateway.realtime.connection import OpenVoice
from audiogateway.realtime.events import Event
from audiogateway.realtime.openai_codec import Configuration, create_response
from opendeep.core.errors import PermanentError, RetryableError

log = structlog.get_logger(__name__)

PHRASE_SECONDS = 15.0
"""So long the model may take for one phrase."""
MAX_PHRASE_BYTES = 1_000_000
"""Twenty seconds at 24 kHz: longer is no phrase."""


class Phrase(Enum):
    """In English; the model says it in the language of the call."""

    MOMENT = "One moment, please."
    APOLOGY = "I am sorry, there is a technical problem, and I have to end this call. Goodbye."


@dataclass(frozen=True, slots=True)
class Recorded:
    """A phrase as it was said: sound in the session's output format, and its words."""

    audio: bytes
    text: str


Recordings = Mapping[Phrase, Recorded]
_Key = tuple[str, str, str]


class PhraseBook:
    """`spawn` runs a coroutine in the scope of the process."""

    def __init__(self, open_voice: OpenVoice, spawn: Callable[[Coroutine[Any, Any, None]], None]) -> None:
        self._open_voice = open_voice
        self._spawn = spawn
        self._books: dict[_Key, Recordings] = {}
        self._asked: set[_Key] = set()

    def of(self, configuration: Configuration) -> Recordings:
        """What there is by now for calls of this configuration."""
        return self._books.get(_key(configuration), {})

    def prepare(self, configuration: Configuration) -> None:
        """Asks for the phrases unless they are there or on their way. Returns at once."""
        key = _key(configuration)
        if key not in self._books and key not in self._asked:
            self._asked.add(key)
            self._spawn(self._prepare(key, configuration))

    async def _prepare(self, key: _Key, configuration: Configuration) -> None:
        try:
            self._books[key] = await self._say_all(configuration)
        except (PermanentError, RetryableError) as error:
            log.warning("phrases_not_prepared", language=configuration.language, reason=str(error))
        finally:
            self._asked.discard(key)

    async def _say_all(self, configuration: Configuration) -> Recordings:
        speaker = _Speaker()
        orders = "Say what you are told to say, word for word, calmly and in a friendly voice, and nothing else."
        quiet = replace(configuration, instructions=orders, tools=(), turn_detection=None)
        voice = await self._open_voice(quiet, speaker)
        try:
            said: dict[Phrase, Recorded] = {}
            for phrase in Phrase:
                order = f'Say in {language_name(configuration.language)}, and nothing else: "{phrase.value}"'
                voice.send(create_response(order, f"say_{phrase.name.lower()}"))
                said[phrase] = await speaker.said()
            return said
        finally:
            voice.close()


@dataclass
class _Speaker:
    """Hears one response after the other (connection.VoiceListener)."""

    _audio: bytearray = field(default_factory=bytearray)
    _text: str = ""
    _failure: str = ""
    _done: asyncio.Event = field(default_factory=asyncio.Event)

    async def said(self) -> Recorded:
        """The response that was asked for. Raises RetryableError."""
        try:
            async with asyncio.timeout(PHRASE_SECONDS):
                await self._done.wait()
        except TimeoutError:
            raise RetryableError("The model did not say a phrase in time.") from None
        if self._failure:
            raise RetryableError(self._failure)
        recorded = Recorded(bytes(self._audio), self._text)
        self._audio, self._text = bytearray(), ""
        self._done.clear()
        return recorded

    def on_event(self, event: Event) -> None:
        match event:
            case events.AgentAudio(audio=audio):
                self._audio += audio[: MAX_PHRASE_BYTES - len(self._audio)]
            case events.AgentTranscript(text=text):
                self._text = text
            case events.ResponseDone(status=status):
                self._finish("" if status == "completed" and self._audio else f"The model's phrase was {status}.")
            case events.ServerError(message=message):
                self._finish(message or "The model answered an error.")

    def on_voice_lost(self, reason: str) -> None:
        self._finish(reason)

    def _finish(self, failure: str) -> None:
        self._failure = self._failure or failure
        self._done.set()


def _key(configuration: Configuration) -> _Key:
    return configuration.voice, configuration.language, configuration.output_format
