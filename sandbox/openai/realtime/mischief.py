"""The fault of one response, at its moments. Which kinds there are stands in sandbox/openai/realtime/faults.py."""

from __future__ import annotations

import asyncio

from sandbox.openai.faults import Fault
from sandbox.openai.realtime import events, faults
from sandbox.openai.realtime.agent.turns import Decision
from sandbox.openai.realtime.ending import Ending, session_expired
from sandbox.openai.realtime.protocol import RealtimeProtocol
from sandbox.openai.realtime.response import Response

_FAILURES = {
    "rate_limited": ("requests", "rate_limit_exceeded", "Rate limit reached. Please try again later."),
    "response_failed": ("server_error", "server_error", "The server had an error while processing your request."),
}
_TIMED = frozenset(
    {"drop", "close", "session_expired", "stall", "error", "nonsense", "unknown_event", "missing_fields", "incomplete"}
) | frozenset(_FAILURES)
"""These happen after so much spoken audio."""


class Mischief:
    """`fault` None does nothing at all."""

    def __init__(self, fault: Fault | None, protocol: RealtimeProtocol, response: Response, limit_s: float) -> None:
        self._fault = fault
        self._protocol = protocol
        self._response = response
        self._limit_s = limit_s
        self._is_due = fault is not None and fault.kind in _TIMED

    def _is(self, kind: str) -> bool:
        return self._fault is not None and self._fault.kind == kind

    @property
    def delay_s(self) -> float:
        """How long nothing comes before the first event after response.created."""
        return faults.seconds_of(self._fault) if self._fault and self._is("slow") else 0.0

    @property
    def splits_message(self) -> bool:
        return self._is("two_audio_items")

    @property
    def repeats_tool_call(self) -> bool:
        return self._is("tool_call_twice")

    def instead_of(self, decision: Decision) -> Decision:
        return Decision() if self._is("empty") else decision

    def tool_call(self) -> tuple[str, str] | None:
        """Name and arguments, as they are, of the call that the response shall make."""
        if self._fault is None or self._fault.kind != "tool_call":
            return None
        text = faults.text_option
        return text(self._fault, "tool", "end_call"), text(self._fault, "arguments", '{"reason": ')

    async def happen(self) -> bool:
        """Whatever is due after the audio so far; False when the response is over by it. Raises Ending."""
        fault = self._fault
        if not self._is_due or fault is None or self._response.spoken_ms < faults.option(fault, "after_ms", 0):
            return True
        self._is_due = False
        self._break_session(fault)
        self._disturb(fault)
        if fault.kind == "stall":
            await asyncio.sleep(faults.seconds_of(fault))
        return not self._end_response(fault)

    def after_cancellation(self) -> None:
        if self._is("late_audio"):
            self._response.say_late()

    def _break_session(self, fault: Fault) -> None:
        match fault.kind:
            case "drop":
                raise Ending.drop()
            case "close":
                raise Ending(faults.option(fault, "close_code", 1011), fault.message or "")
            case "session_expired":
                raise session_expired(self._limit_s)

    def _disturb(self, fault: Fault) -> None:
        """What the client must survive; the response goes on."""
        outgoing = self._protocol.outgoing
        match fault.kind:
            case "error":
                message = fault.message or "The server had an error."
                outgoing.append(events.error(fault.code or "server_error", message, kind="server_error"))
            case "unknown_event":
                outgoing.append(events.unknown("sandbox.event_of_the_future", {"surprise": True}))
            case "nonsense":
                outgoing.append(events.NONSENSE)
            case "missing_fields":
                outgoing.extend(events.without_fields())

    def _end_response(self, fault: Fault) -> bool:
        tokens = self._protocol.count(self._response)
        if fault.kind == "incomplete":
            self._response.cut_short("content_filter", tokens)
        elif fault.kind in _FAILURES:
            kind, code, message = _FAILURES[fault.kind]
            self._response.fail(kind, fault.code or code, fault.message or message, tokens)
        return not self._response.active
