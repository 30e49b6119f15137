"""How one talk ends: for which cause, when it is hung up, and until when its last words are waited for.

The cause is the first one that was found; it is one of calls.endings.
"""

import asyncio
from collections.abc import Callable

import structlog

from audiogateway import prompts
from audiogateway.conduct import Manner
from audiogateway.figures import TalkFigures
from audiogateway.hangup import LAST_WORDS_MS, MESSAGE_MS, Hangup
from audiogateway.surroundings import Surroundings
from calls.contracts import TalkOrder

TRANSCRIPTION_SECONDS = 4.0
"""So long after the end of the line its last words may take to be transcribed."""


class Ending:
    """`cut` ends the line at once, for when the PBX does not hang up by command."""

    def __init__(
        self, order: TalkOrder, around: Surroundings, now_ms: Callable[[], int], cut: Callable[[], None]
    ) -> None:
        self._call_id = order.call_id
        self._around = around
        self._hangup = Hangup(order.call_id, around.commands, around.spawn, now_ms, cut)
        self._settled = asyncio.Event()
        self._log = structlog.get_logger(__name__).bind(call_id=str(order.call_id))
        self.cause = ""

    # While the line is up

    def follow_last_words(self, cause: str, manner: Manner) -> None:
        """The call is hung up when what is being said was heard; a message on a voicemail may take longer."""
        self.cause = cause
        self._hangup.follow_last_words(cause, within_ms=MESSAGE_MS if manner is Manner.MESSAGE else LAST_WORDS_MS)

    def take_back(self) -> bool:
        """The call goes on after all. False when it is being hung up already."""
        if not self._hangup.take_back():
            return False
        self.cause = ""
        return True

    def on_time(self, now_ms: int, *, last_words_were_heard: bool) -> None:
        """Asked about ten times a second while the last words are played."""
        self._hangup.on_time(now_ms, last_words_were_heard=last_words_were_heard)

    # After the line

    def words_are_settled(self) -> None:
        """No further word will come."""
        self._settled.set()

    def wait_for_words(self, then: Callable[[], None]) -> None:
        """Calls `then` when the last words are settled, or nobody waits for them any more."""
        self._around.spawn(self._wait_for_words(then))

    async def _wait_for_words(self, then: Callable[[], None]) -> None:
        try:
            async with asyncio.timeout(TRANSCRIPTION_SECONDS):
                await self._settled.wait()
        except TimeoutError:
            self._log.warning("last_words_not_transcribed")
        then()

    def write_down(self, figures: TalkFigures) -> None:
        """The talk is over."""
        store = self._around.store
        store.record_figures(self._call_id, figures.to_json() | {"prompt": prompts.prompt_hash()})
        store.talk_over(self._call_id, cause=self.cause, at=self._around.now())
