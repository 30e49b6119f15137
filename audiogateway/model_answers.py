"""The responses of one talk, as the model tells of them: who must know of each, and what follows when one fails.

They are asked for in responses.py; how long is waited after a failure stands in patience.py.
"""

from collections.abc import Callable
from uuid import UUID

import structlog

from audiogateway.agent_speech import AgentSpeech
from audiogateway.bookkeeping import Bookkeeping
from audiogateway.patience import Failures
from audiogateway.realtime import events
from audiogateway.realtime.error_codes import Severity, severity
from audiogateway.responses import ResponseOwner
from audiogateway.tool_calls import ToolCalls


class ModelAnswers:
    """`answer` asks for the agent's turn once more. Times are milliseconds since the answer, by `now_ms`."""

    def __init__(
        self,
        call_id: UUID,
        *,
        responses: ResponseOwner,
        speech: AgentSpeech,
        books: Bookkeeping,
        tools: ToolCalls,
        now_ms: Callable[[], int],
        answer: Callable[[], None],
    ) -> None:
        self._responses = responses
        self._speech = speech
        self._books = books
        self._tools = tools
        self._now_ms = now_ms
        self._answer = answer
        self._log = structlog.get_logger(__name__).bind(call_id=str(call_id))
        self.failures = Failures()

    def created(self, event: events.ResponseCreated) -> None:
        self._tools.response_created(event.response_id)
        if not self._responses.created(event.response_id):
            self._speech.drop(event.response_id)

    def done(self, event: events.ResponseDone) -> None:
        self._speech.response_is_done(event.response_id)
        self._books.note(event)
        self._tools.response_done(event.response_id)
        if event.status == "failed":
            self.failures.failed(event.error_code, self._now_ms())
            self._log.warning("response_failed", code=event.error_code)
            self.ask_again(self._now_ms())
        elif event.status == "completed":
            self.failures.succeeded()
        self._responses.done(event.response_id)

    def refused(self, event: events.ServerError) -> None:
        """An error, which may be the answer to what was asked for."""
        self._books.figures.server_errors += 1
        if self._responses.refused(event.code, event.event_id) or severity(event.code) is Severity.FATAL:
            self.failures.refused(event.code)
        self._log.info("realtime_error", code=event.code, message=event.message)

    def not_understood(self, event: events.ProtocolProblem) -> None:
        self._books.figures.protocol_problems += 1
        self._log.warning("realtime_nonsense", what=event.what)

    def on_time(self, now_ms: int) -> None:
        """Asked about ten times a second while the line is up."""
        if self._responses.on_time(now_ms):
            self._log.warning("response_forgotten_by_model")
            self.failures.refused("")
            self._tools.responses_forgotten()
        self.ask_again(now_ms)

    def ask_again(self, now_ms: float) -> None:
        """For a response that failed, when its time has come."""
        if self.failures.take_due(now_ms):
            self._answer()
