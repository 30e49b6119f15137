"""The questions of one talk that its owner has not answered yet.

The database is the truth: it is read every few seconds, and at once when a message says that something has happened.
The clock of the line decides when the agent has waited long enough; nothing here waits by itself.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Protocol

import structlog
from django.db.utils import Error as DatabaseError

from audiogateway.ports import Spawn, Store, WallClock
from calls.contracts import TalkOrder
from calls.questions.contracts import QuestionView

log = structlog.get_logger(__name__)

LOOK_MS = 2_000
"""So often the row is read while nobody says that it has changed."""
REMIND_MS = 20_000
"""So often the callee is told that the agent is still asking."""
WRITTEN_MS = 10_000
"""A question that is not in the database by then cannot reach its owner."""
LAST_WORD_MS = 2_000
"""So long after the deadline the database may take to tell what the question has become."""
GOODBYE_SECONDS = 15
"""Before the call's maximum: nobody waits for an answer that could not be told any more."""
STILL_ASKING = 'In the language of the call, say: "One more moment please, I am still asking."'


class Word(Enum):
    """What came of a question, for the agent."""

    ANSWERED = "answered"
    NO_ANSWER = "no_answer"  # in time; a late one makes another call
    GO_ON = "go_on"  # without an answer, as the owner wishes
    UNREACHABLE = "unreachable"  # it could not be written down
    TALK_OVER = "talk_over"


@dataclass(frozen=True, slots=True)
class OwnersWord:
    word: Word
    answer: str = ""


WORDS = {"answered": Word.ANSWERED, "answered_late": Word.ANSWERED, "dismissed": Word.GO_ON}


@dataclass(slots=True)
class _Question:
    command_id: str
    text: str
    written_by_ms: int
    deadline_ms: int
    look_ms: int
    came: asyncio.Future[OwnersWord]
    is_known: bool = False
    is_read: bool = False
    is_late: bool = False


class Speaker(Protocol):
    """The talk, as far as it is needed here (dialogue.Dialogue)."""

    @property
    def is_at_rest(self) -> bool: ...
    def speak(self, instructions: str = "") -> None: ...


class Asking:
    """Times are milliseconds since the answer."""

    def __init__(
        self,
        order: TalkOrder,
        store: Store,
        spawn: Spawn,
        now: WallClock,
        now_ms: Callable[[], int],
        speaker: Callable[[], Speaker],
    ) -> None:
        self._call_id = order.call_id
        self._latest_ms = (order.max_seconds - GOODBYE_SECONDS) * 1000
        self._store = store
        self._spawn = spawn
        self._now = now
        self._now_ms = now_ms
        self._speaker = speaker
        self._open: dict[str, _Question] = {}
        self._remind_ms = 0
        self._is_closed = False

    async def ask(self, command_id: str, text: str, *, say_meanwhile: str, seconds: int) -> OwnersWord:
        """Asks the owner and waits. The same question asked again meanwhile is the one that is open already."""
        if self._is_closed:
            return OwnersWord(Word.TALK_OVER)
        question = self._asked_already(text)
        if question is None:
            question = self._begin(command_id, text, seconds)
            phrase = say_meanwhile.replace('"', "'")
            self._speaker().speak(f'Say exactly this and nothing else: "{phrase}"')
        return await asyncio.shield(question.came)

    def look(self) -> None:
        """Something may have happened to a question."""
        for question in self._open.values():
            question.look_ms = self._now_ms()

    def on_time(self, now_ms: int) -> None:
        """Asked about ten times a second while the talk goes on."""
        for question in list(self._open.values()):
            self._attend(question, now_ms)
        if self._open and now_ms >= self._remind_ms and self._speaker().is_at_rest:
            self._remind_ms = now_ms + REMIND_MS
            self._speaker().speak(STILL_ASKING)

    def close(self) -> None:
        """The talk ends: nobody waits any more. The end of the call says so of the questions, too."""
        self._is_closed = True
        for question in list(self._open.values()):
            self._settle(question, OwnersWord(Word.TALK_OVER))

    def reopen(self) -> None:
        """The talk goes on after all."""
        self._is_closed = False

    def _asked_already(self, text: str) -> _Question | None:
        same = text.casefold()
        return next((question for question in self._open.values() if question.text.casefold() == same), None)

    def _begin(self, command_id: str, text: str, seconds: int) -> _Question:
        now, now_ms = self._now(), self._now_ms()
        waits_ms = max(min(seconds * 1000, self._latest_ms - now_ms), 1000)
        if not self._open:
            self._remind_ms = now_ms + REMIND_MS
        question = self._open[command_id] = _Question(
            command_id,
            text,
            written_by_ms=now_ms + WRITTEN_MS,
            deadline_ms=now_ms + waits_ms,
            look_ms=now_ms + LOOK_MS,
            came=asyncio.get_running_loop().create_future(),
        )
        deadline = now + timedelta(milliseconds=waits_ms)
        self._store.ask_owner(self._call_id, command_id=command_id, question=text, deadline=deadline, at=now)
        return question

    def _attend(self, question: _Question, now_ms: int) -> None:
        if now_ms >= question.deadline_ms + LAST_WORD_MS:
            self._settle(question, OwnersWord(Word.NO_ANSWER))
        elif now_ms >= question.deadline_ms:
            self._expire(question)
        elif now_ms >= question.written_by_ms and not question.is_known:
            self._expire(question)
            self._settle(question, OwnersWord(Word.UNREACHABLE))
        elif now_ms >= question.look_ms and not question.is_read:
            question.look_ms = now_ms + LOOK_MS
            question.is_read = True
            self._spawn(self._read(question))

    async def _read(self, question: _Question) -> None:
        try:
            self._learn(question, await self._store.question(self._call_id, question.command_id))
        except DatabaseError as error:
            log.warning("question_not_read", call_id=str(self._call_id), error=str(error))
        finally:
            question.is_read = False

    def _expire(self, question: _Question) -> None:
        """Written in its turn; what the question is then counts, so that no answer is lost between two clocks."""
        if question.is_late:
            return
        question.is_late = True
        self._store.expire_question(
            self._call_id,
            command_id=question.command_id,
            at=self._now(),
            on_result=lambda view: self._learn(question, view),
        )

    def _learn(self, question: _Question, view: QuestionView | None) -> None:
        if view is None:
            return
        question.is_known = True
        if view.status in WORDS:
            self._settle(question, OwnersWord(WORDS[view.status], view.answer))
        elif view.status != "open":
            self._settle(question, OwnersWord(Word.NO_ANSWER))

    def _settle(self, question: _Question, word: OwnersWord) -> None:
        self._open.pop(question.command_id, None)
        if not question.came.done():
            question.came.set_result(word)
