"""Opens another session of the model for a talk that goes on: because its own was lost, or grows old.

At most one is opened at a time, so that a call never has more than two. What is done with it, and when, is decided
by its session; how long is waited, in patience.py.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import structlog

from audiogateway import patience
from audiogateway.pacing import MonotonicClock
from audiogateway.ports import Spawn
from audiogateway.realtime.connection import OpenVoice, Voice, VoiceListener
from audiogateway.realtime.events import Event
from audiogateway.realtime.openai_codec import Configuration
from opendeep.core.errors import PermanentError, RetryableError

log = structlog.get_logger(__name__)


class Owner(VoiceListener, Protocol):
    """Whose voice is renewed."""

    def on_voice_renewed(self) -> None:
        """Another session is open and waits in `Renewal.take`."""

    def on_voice_given_up(self, reason: str, *, is_permanent: bool) -> None:
        """No session can be had. `is_permanent`: and none will be, whoever asks."""


class Renewal:
    """Opens by `open_voice`, with what `configuration` says at that moment. `spawn` is the scope of the process."""

    def __init__(
        self,
        open_voice: OpenVoice,
        configuration: Callable[[], Configuration],
        owner: Owner,
        spawn: Spawn,
        clock: MonotonicClock,
    ) -> None:
        self._open_voice = open_voice
        self._configuration = configuration
        self._owner = owner
        self._spawn = spawn
        self._clock = clock
        self._waiting: Voice | None = None
        self._is_opening = False
        self._is_over = False
        self.tries = 0
        """Made in this search, or in the last one."""

    @property
    def is_under_way(self) -> bool:
        return self._is_opening or self._waiting is not None

    @property
    def is_open(self) -> bool:
        """Another session is open and waits."""
        return self._waiting is not None

    def begin(self) -> None:
        """Begins to open a session, unless one is being opened or waits already."""
        if self._is_over:
            return
        if self._waiting is not None:
            self._owner.on_voice_renewed()
        elif not self._is_opening:
            self._is_opening = True
            self.tries = 0
            self._spawn(self._open())

    def take(self) -> Voice | None:
        """The session that waits; from now on its events go to the owner."""
        voice, self._waiting = self._waiting, None
        return voice

    def end(self) -> None:
        """The talk is over: what is being opened is closed."""
        self._is_over = True
        if self._waiting is not None:
            self._waiting.close()
            self._waiting = None

    async def _open(self) -> None:
        reason, is_permanent = "The model could not be reached again.", False
        voice: Voice | None = None
        try:
            voice = await self._search()
        except PermanentError as error:
            reason, is_permanent = str(error), True
        except Exception:  # noqa: BLE001 - a fault of ours must not leave somebody waiting on the telephone
            log.exception("voice_not_renewed")
        self._is_opening = False
        if self._is_over:
            if voice is not None:
                voice.close()
        elif voice is None:
            self._owner.on_voice_given_up(reason, is_permanent=is_permanent)
        else:
            self._waiting = voice
            self._owner.on_voice_renewed()

    async def _search(self) -> Voice | None:
        """A session, or None when all patience is at its end. Raises PermanentError."""
        began = self._clock()
        while (wait_seconds := patience.wait_before_try(self.tries, self._clock() - began)) is not None:
            await asyncio.sleep(wait_seconds)
            if self._is_over:
                return None
            if (voice := await self._try()) is not None:
                return voice
        return None

    async def _try(self) -> Voice | None:
        """Raises PermanentError."""
        limit_seconds = patience.try_seconds(self.tries)
        self.tries += 1
        listener = _NextListener(self)
        try:
            async with asyncio.timeout(limit_seconds):
                voice = await self._open_voice(replace(self._configuration(), turn_detection=None), listener)
        except (RetryableError, TimeoutError) as error:
            log.warning("voice_not_renewed", tries=self.tries, reason=str(error) or "no answer in time")
            return None
        if listener.was_lost:
            voice.close()
            return None
        listener.voice = voice
        return voice

    def lost(self, voice: Voice | None, reason: str) -> None:
        """A session that was opened here is gone: while it waited, that is forgotten."""
        if voice is not None and voice is self._waiting:
            self._waiting = None
        else:
            self._owner.on_voice_lost(reason)

    def heard(self, event: Event) -> None:
        self._owner.on_event(event)


class _NextListener:
    """Hears the session that is being opened (connection.VoiceListener)."""

    def __init__(self, renewal: Renewal) -> None:
        self._renewal = renewal
        self.voice: Voice | None = None
        self.was_lost = False

    def on_event(self, event: Event) -> None:
        if self.voice is not None:
            self._renewal.heard(event)

    def on_voice_lost(self, reason: str) -> None:
        self.was_lost = True
        if self.voice is not None:
            self._renewal.lost(self.voice, reason)
